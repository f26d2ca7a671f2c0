"""Questions that several people have to decide, and their votes."""

from typing import Any

from django.contrib.auth.models import User

from reviews import access
from reviews.actions import interventions, review_policies
from reviews.models import Decision, Intervention, ReviewPolicy, Run
from tests import factories


def asked(by: int = 2, *, on: Run | None = None, rules: dict[str, Any] | None = None, **changes: Any) -> Intervention:
    """An open question that so many must approve; `rules` are further keys of its policy, `changes` its proposal's."""
    return bound(factories.question(on, **changes), approvals=by, **(rules or {}))


def bound(question: Intervention, **rules: Any) -> Intervention:
    """The question, with these words in its frozen policy."""
    question.policy |= rules
    question.save(update_fields=["policy"])
    return question


def vote(question: Intervention, by: User, verdict: str = "approve", **said: Any) -> Decision:
    """One vote of somebody who has read the question as it is; it and its run are read anew."""
    said.setdefault("version", Intervention.objects.values_list("version", flat=True).get(pk=question.pk))
    decision = interventions.decide(question.pk, by=by, verdict=verdict, **said)
    question.refresh_from_db()
    question.run.refresh_from_db()
    if question.tool_call:
        question.tool_call.refresh_from_db()
    return decision


def in_force(*rules: dict[str, Any], slug: str = "rules") -> ReviewPolicy:
    """A policy of these rules that two managers put in force."""
    writer, second = (factories.user(f"{slug}-{name}", access.MANAGER) for name in ("writer", "second"))
    made = review_policies.draft(slug, by=writer, body={"rules": list(rules)})
    return review_policies.activate(made.pk, by=second)
