"""Who may see and do what: the only place that knows."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import Aggregate, Exists, JSONField, OuterRef, Q, QuerySet, Subquery, Value

from reviews.models import Intervention, Membership, Queue, Run

REVIEWER, MANAGER, AUDITOR, ADMIN = "reviewer", "manager", "auditor", "admin"
ROLES = (REVIEWER, MANAGER, AUDITOR, ADMIN)


def ensure_roles() -> None:
    """Create the four groups if they are not there."""
    for name in ROLES:
        Group.objects.get_or_create(name=name)


def has_role(user: User | AnonymousUser, *roles: str) -> bool:
    """Whether an active account carries one of the roles; a superuser carries ``admin``."""
    if not user.is_active:
        return False
    if user.is_superuser and ADMIN in roles:
        return True
    if user.pk is None:
        return False
    held = user.__dict__.get("_held_roles")
    if held is None:  # asked many times while one page is made, so remembered with the account
        held = user.__dict__["_held_roles"] = set(user.groups.values_list("name", flat=True))
    return bool(held & set(roles))


def sees_everything(user: User | AnonymousUser) -> bool:
    """Auditors and admins read every run and every question; that alone lets them decide nothing."""
    return has_role(user, AUDITOR, ADMIN)


def sees_audit(user: User | AnonymousUser) -> bool:
    """Whether the audit log is open to them."""
    return sees_everything(user)


def queues_of(user: User | AnonymousUser) -> QuerySet[Queue]:
    """The queues in which they hold a seat."""
    if not user.is_active or not user.pk:
        return Queue.objects.none()
    return Queue.objects.filter(memberships__user_id=user.pk)


def visible_queues(user: User | AnonymousUser) -> QuerySet[Queue]:
    """The queues whose items they may read."""
    return Queue.objects.all() if sees_everything(user) else queues_of(user)


def visible_interventions(user: User | AnonymousUser) -> QuerySet[Intervention]:
    """The questions they may read: those of their queues, or all for auditors and admins."""
    if sees_everything(user):
        return Intervention.objects.all()
    return Intervention.objects.filter(queue__in=queues_of(user))


def visible_runs(user: User | AnonymousUser) -> QuerySet[Run]:
    """The runs they may read: of their queues, with a question in their queues, or all for auditors and admins."""
    if sees_everything(user):
        return Run.objects.all()
    mine = queues_of(user)
    asked = Intervention.objects.filter(run=OuterRef("pk"), queue__in=mine)
    return Run.objects.filter(Q(queue__in=mine) | Exists(asked))


def sights(people: Collection[int]) -> dict[int, frozenset[int] | None]:
    """The queues that each of these accounts may read, None for all of them; without those that are not active.

    Three statements, however many people: for who serves many at once.
    """
    active = User.objects.filter(pk__in=people, is_active=True)
    found: dict[int, set[int]] = {pk: set() for pk in active.values_list("pk", flat=True)}
    for person, queue in Membership.objects.filter(user__in=found).values_list("user_id", "queue_id"):
        found[person].add(queue)
    all_of_them = set(_overseers().filter(pk__in=found).values_list("pk", flat=True))
    return {pk: None if pk in all_of_them else frozenset(queues) for pk, queues in found.items()}


def readers(queue: str) -> dict[str, Subquery]:
    """Columns for a statement about many people's questions: who may read a row whose queue stands under that name.

    ``seated`` are the active accounts with a seat there, ``overseers`` those that read everything; lists, or None.
    """
    seats = Membership.objects.filter(queue=OuterRef(queue), user__is_active=True).order_by()
    people = _overseers().order_by().annotate(all=Value(1))
    return {
        "seated": Subquery(seats.values("queue").annotate(them=Listed("user_id")).values("them")),
        "overseers": Subquery(people.values("all").annotate(them=Listed("pk")).values("them")),
    }


class Listed(Aggregate):
    """The values of a group as a list."""

    function = "json_group_array"
    output_field = JSONField()

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        """PostgreSQL's name for it."""
        return super().as_sql(compiler, connection, function="jsonb_agg")


def _overseers() -> QuerySet[User]:
    """The active accounts that read everything, see ``sees_everything``."""
    roles = User.groups.through.objects.filter(user=OuterRef("pk"), group__name__in=(AUDITOR, ADMIN))
    return User.objects.filter(Q(is_superuser=True) | Exists(roles), is_active=True)


def has_seat(user: User | AnonymousUser | None, queue: str) -> Exists:
    """The same as `can_work_in`, as part of a query that reads a row of the queue which ``queue`` names."""
    mine = queues_of(user) if user else Queue.objects.none()
    return Exists(mine.filter(pk=OuterRef(queue)))


def can_work_in(user: User | AnonymousUser, queue_id: int) -> bool:
    """Whether they hold a seat in the queue: may start, stop, claim and decide there."""
    return queues_of(user).filter(pk=queue_id).exists()


def manages(user: User | AnonymousUser, queue_id: int) -> bool:
    """Whether they hold a manager's seat in the queue."""
    if not user.is_active or not user.pk:
        return False
    return Membership.objects.filter(user__pk=user.pk, queue_id=queue_id, role=Membership.Role.MANAGER).exists()


def require_reviewer(user: User, intervention: Intervention, *, seated: bool | None = None) -> None:
    """Raises PermissionDenied unless they hold a seat in the question's queue; ``seated`` where that is known."""
    if not (can_work_in(user, intervention.queue_id) if seated is None else seated):
        raise PermissionDenied(f"{user.get_username()} is not a reviewer of the queue “{intervention.queue.name}”.")


def require_operator(user: User, run: Run, *, seated: bool | None = None) -> None:
    """Raises PermissionDenied unless they may start, stop, pause and retry runs of that queue; ``seated`` likewise."""
    if not ((can_work_in(user, run.queue_id) if seated is None else seated) or has_role(user, ADMIN)):
        raise PermissionDenied(f"{user.get_username()} may not operate runs of the queue “{run.queue.name}”.")
