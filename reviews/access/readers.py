"""Who may read a question, as part of a statement about many."""

from __future__ import annotations

from typing import Any

from django.db.models import Aggregate, JSONField, OuterRef, QuerySet, Subquery, Value

from reviews.access.roles import overseers
from reviews.models import AskBack, CallIn, Membership


def readers(question: str) -> dict[str, Subquery]:
    """Columns for a statement about many people's questions: who may read the one that stands under that name.

    ``seated`` are the active accounts with a seat in its queue, ``managers`` those among them that manage it,
    ``called`` those called in and ``asked`` those being asked about it, ``overseers`` those that read everything. Each
    is a list, or None.
    """
    seats = Membership.objects.filter(queue=OuterRef(f"{question}__queue"), user__is_active=True).order_by()
    calls = CallIn.objects.granting().filter(intervention=OuterRef(question), user__is_active=True).order_by()
    asked = AskBack.objects.asking().filter(intervention=OuterRef(question), asked_of__is_active=True).order_by()
    people = overseers().order_by().annotate(all=Value(1))
    return {
        "seated": _listed(seats, "queue", "user_id"),
        "managers": _listed(seats.filter(role=Membership.Role.MANAGER), "queue", "user_id"),
        "called": _listed(calls, "intervention", "user_id"),
        "asked": _listed(asked, "intervention", "asked_of_id"),
        "overseers": _listed(people, "all", "pk"),
    }


def _listed(rows: QuerySet[Any], group: str, column: str) -> Subquery:
    return Subquery(rows.values(group).annotate(them=Listed(column)).values("them"))


class Listed(Aggregate):
    """The values of a group as a list."""

    function = "json_group_array"
    output_field = JSONField()

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        """PostgreSQL's name for it."""
        return super().as_sql(compiler, connection, function="jsonb_agg")
