"""Who may see and do what: the only place that knows."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import Aggregate, Exists, JSONField, OuterRef, Q, QuerySet, Subquery, Value

from reviews.actors import ActorType
from reviews.models import AskBack, CallIn, Decision, Event, Intervention, Membership, Queue, ReviewPolicy, Run
from reviews.states import OPEN

SOMEBODY = "A reviewer"
"""Who voted, to those who are not to know."""
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


def sees_status(user: User | AnonymousUser) -> bool:
    """Whether the page about the desk's own health is open to them."""
    return has_role(user, ADMIN)


def admins() -> QuerySet[User]:
    """Who sees to the desk itself."""
    named = User.objects.filter(Q(groups__name=ADMIN) | Q(is_superuser=True), is_active=True)
    return named.order_by("pk").distinct()


def queues_of(user: User | AnonymousUser) -> QuerySet[Queue]:
    """The queues in which they hold a seat."""
    if not user.is_active or not user.pk:
        return Queue.objects.none()
    return Queue.objects.filter(memberships__user_id=user.pk)


def visible_queues(user: User | AnonymousUser) -> QuerySet[Queue]:
    """The queues whose items they may read."""
    return Queue.objects.all() if sees_everything(user) else queues_of(user)


def visible_interventions(user: User | AnonymousUser) -> QuerySet[Intervention]:
    """The questions they may read: those of their queues, or all for auditors and admins.

    As well those they were called in to decide, and those about which they are being asked something.
    """
    if sees_everything(user):
        return Intervention.objects.all()
    if not user.is_active or not user.pk:
        return Intervention.objects.none()
    called_in = CallIn.objects.filter(intervention=OuterRef("pk"), user=user.pk)
    asked = AskBack.objects.open().filter(intervention=OuterRef("pk"), asked_of=user.pk)
    return Intervention.objects.filter(Q(queue__in=queues_of(user)) | Exists(called_in) | Exists(asked))


def visible_runs(user: User | AnonymousUser) -> QuerySet[Run]:
    """The runs they may read: of their queues, with a question in their queues, or all for auditors and admins."""
    if sees_everything(user):
        return Run.objects.all()
    mine = queues_of(user)
    asked = Intervention.objects.filter(run=OuterRef("pk"), queue__in=mine)
    return Run.objects.filter(Q(queue__in=mine) | Exists(asked))


def blind_to(user: User | AnonymousUser) -> QuerySet[Intervention]:
    """The open questions on which others have voted, and they are not to know who or what: the blind vote.

    Whoever has voted in the round sees the votes, and so do auditors and admins without a seat in the queue, who could
    not decide; everybody else once it is settled.
    """
    own = Decision.objects.filter(intervention=OuterRef("pk"), decided_by=user.pk or 0, round=OuterRef("round"))
    voted_on = Intervention.objects.filter(Q(votes__gt=0) | Q(round__gt=1), status__in=OPEN)
    hidden = voted_on.exclude(Exists(own))
    if not sees_everything(user):
        return hidden
    called_in = CallIn.objects.filter(intervention=OuterRef("pk"), user=user.pk)
    return hidden.filter(Q(queue__in=queues_of(user)) | Exists(called_in))


def blind(user: User | AnonymousUser | None, items: Iterable[Intervention]) -> frozenset[UUID]:
    """Of these questions those that `blind_to` names; nobody in particular is the system, which sees everything."""
    voted_on = [item.pk for item in items if item.is_open and (item.votes or item.round > 1)]
    if user is None or not voted_on:
        return frozenset()
    return frozenset(blind_to(user).filter(pk__in=voted_on).values_list("pk", flat=True))


def visible_decisions(user: User | AnonymousUser) -> QuerySet[Decision]:
    """The votes they may know of; their own always."""
    return Decision.objects.filter(~Q(intervention__in=blind_to(user)) | Q(decided_by=user.pk or 0))


def masked(event: Event, hidden: Collection[UUID], user: User | AnonymousUser | None) -> Event:
    """The line of a run's history, without who and what where it is about a question of `blind`."""
    is_own = user is not None and event.actor == user.get_username()
    if event.intervention_id in hidden and event.actor_type == ActorType.USER and not is_own:
        event.actor = SOMEBODY
        event.data = {name: event.data[name] for name in ("round", "approvals") if name in event.data}
    return event


@dataclass(frozen=True)
class Sight:
    """What somebody may read: queues, None being all of them, and open questions of others that came to them by name.

    ``managed`` are the queues whose board is open to them.
    """

    queues: frozenset[int] | None = frozenset()
    questions: frozenset[UUID] = frozenset()
    managed: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return self.queues is None or bool(self.queues or self.questions)

    def reads(self, queue: int, question: UUID | None = None) -> bool:
        """Whether a question of that queue is among it, or that very one."""
        return self.queues is None or queue in self.queues or question in self.questions


def sights(people: Collection[int]) -> dict[int, Sight]:
    """What each of these accounts may read; without those that are not active.

    Four statements, however many people: for who serves many at once.
    """
    active = User.objects.filter(pk__in=people, is_active=True)
    seats: dict[int, dict[int, str]] = {pk: {} for pk in active.values_list("pk", flat=True)}
    for person, queue, role in Membership.objects.filter(user__in=seats).values_list("user_id", "queue_id", "role"):
        seats[person][queue] = role
    all_of_them = set(_overseers().filter(pk__in=seats).values_list("pk", flat=True))
    asked: dict[int, set[UUID]] = {pk: set() for pk in seats}
    for person, question, queue in _named_in(seats):
        if person not in all_of_them and queue not in seats[person]:
            asked[person].add(question)
    return {
        pk: Sight(
            None if pk in all_of_them else frozenset(held),
            frozenset(asked[pk]),
            frozenset(queue for queue, role in held.items() if role == Membership.Role.MANAGER),
        )
        for pk, held in seats.items()
    }


def _named_in(people: Collection[int]) -> QuerySet[Any, tuple[int, UUID, int]]:
    """The open questions that came to some of these people themselves, by call-in or as somebody to ask."""
    columns = ("intervention_id", "intervention__queue_id")
    called_in = CallIn.objects.filter(user__in=people, intervention__status__in=OPEN)
    asked = AskBack.objects.open().filter(asked_of__in=people, intervention__status__in=OPEN)
    return (
        called_in.order_by()
        .values_list("user_id", *columns)
        .union(asked.order_by().values_list("asked_of_id", *columns))
    )


def readers(question: str) -> dict[str, Subquery]:
    """Columns for a statement about many people's questions: who may read the one that stands under that name.

    ``seated`` are the active accounts with a seat in its queue, ``managers`` those among them that manage it,
    ``called`` those called in and ``asked`` those being asked about it, ``overseers`` those that read everything. Each
    is a list, or None.
    """
    seats = Membership.objects.filter(queue=OuterRef(f"{question}__queue"), user__is_active=True).order_by()
    calls = CallIn.objects.filter(intervention=OuterRef(question), user__is_active=True).order_by()
    asked = AskBack.objects.open().filter(intervention=OuterRef(question), asked_of__is_active=True).order_by()
    people = _overseers().order_by().annotate(all=Value(1))
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


def _overseers() -> QuerySet[User]:
    """The active accounts that read everything, see ``sees_everything``."""
    roles = User.groups.through.objects.filter(user=OuterRef("pk"), group__name__in=(AUDITOR, ADMIN))
    return User.objects.filter(Q(is_superuser=True) | Exists(roles), is_active=True)


def can_work_in(user: User | AnonymousUser, queue_id: int) -> bool:
    """Whether they hold a seat in the queue: may start, stop, claim and decide there."""
    return queues_of(user).filter(pk=queue_id).exists()


def can_work_on(user: User | AnonymousUser, intervention: Intervention) -> bool:
    """Whether they may claim and decide it: by their seat in its queue, or because escalating it called them in."""
    if can_work_in(user, intervention.queue_id):
        return True
    return bool(user.is_active and user.pk and intervention.call_ins.filter(user=user.pk).exists())


def managed_queues(user: User | AnonymousUser) -> QuerySet[Queue]:
    """The queues in which they hold a manager's seat."""
    if not user.is_active or not user.pk:
        return Queue.objects.none()
    return Queue.objects.filter(memberships__user_id=user.pk, memberships__role=Membership.Role.MANAGER)


def manages(user: User | AnonymousUser, queue_id: int) -> bool:
    """Whether they hold a manager's seat in the queue."""
    if not user.is_active or not user.pk:
        return False
    return Membership.objects.filter(user__pk=user.pk, queue_id=queue_id, role=Membership.Role.MANAGER).exists()


def require_reviewer(user: User, intervention: Intervention) -> None:
    """Raises PermissionDenied unless they hold a seat in the question's queue or were called in."""
    if not can_work_on(user, intervention):
        raise PermissionDenied(f"{user.get_username()} is not a reviewer of the queue “{intervention.queue.name}”.")


def require_manager(user: User, intervention: Intervention) -> None:
    """Raises PermissionDenied unless they manage the question's queue."""
    if not manages(user, intervention.queue_id):
        raise PermissionDenied(f"{user.get_username()} does not manage the queue “{intervention.queue.name}”.")


def require_operator(user: User, run: Run) -> None:
    """Raises PermissionDenied unless they may start, stop, pause and retry runs of that queue."""
    if not (can_work_in(user, run.queue_id) or has_role(user, ADMIN)):
        raise PermissionDenied(f"{user.get_username()} may not operate runs of the queue “{run.queue.name}”.")


def sees_policies(user: User | AnonymousUser) -> bool:
    """Whether the review policies are open to them: to those who write them, and to auditors."""
    return has_role(user, MANAGER, AUDITOR, ADMIN)


def visible_policies(user: User | AnonymousUser) -> QuerySet[ReviewPolicy]:
    """The versions of policies they may read: all or none."""
    return ReviewPolicy.objects.all() if sees_policies(user) else ReviewPolicy.objects.none()


def writes_policies(user: User | AnonymousUser) -> bool:
    """Whether they may write review policies and, as a second person, put those of others in force."""
    return has_role(user, MANAGER, ADMIN)


def require_policy_writer(user: User) -> None:
    """Raises PermissionDenied unless they may write review policies."""
    if not writes_policies(user):
        raise PermissionDenied(f"{user.get_username()} is neither a manager nor an admin, and may not change policies.")


def is_second_person(user: User | AnonymousUser, policy: ReviewPolicy) -> bool:
    """Whether they are another than who wrote the version last; what the system wrote nobody here wrote."""
    return policy.edited_by_id is None or policy.edited_by_id != user.pk
