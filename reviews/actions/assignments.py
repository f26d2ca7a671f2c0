"""Whose question it is, and how far up it has gone: assigned, taken back, escalated, brought down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, IntegerField
from django.db.models.functions import Coalesce
from django.utils import timezone

from reviews import access, audit
from reviews.actions import eligibility, notices, presence, questions, shares
from reviews.actions.errors import Conflict, Invalid
from reviews.actors import Actor
from reviews.audit import Act
from reviews.models import CallIn, Intervention, Membership, Queue
from reviews.states import NoticeKind

HIGHEST = 9
"""The highest level to which a question can go."""


@dataclass(frozen=True)
class Seen:
    """With whom a manager saw a question, by their keys: whose it was, and who held it."""

    assignee: int | None = None
    holder: int | None = None


def raise_level(intervention: Intervention, level: int, targets: Sequence[User], actor: Actor) -> list[Act]:
    """Escalate a locked question: those named may decide it too, and nobody loses it. Returns the acts to record.

    Those called in are told and, where it goes up, all who are named; and so are the queue's chat rooms.
    The level only grows: a lower one leaves it as it is. Where neither level nor people are new, nothing happens.
    """
    named = {person.pk: person for person in targets if person.is_active}
    seats = Membership.objects.filter(queue=intervention.queue_id, user__in=named)
    seated = set(seats.values_list("user", flat=True))
    calls = dict(intervention.call_ins.values_list("user", "by_seat"))
    lapsed = [pk for pk, by_seat in calls.items() if by_seat and pk in named and pk not in seated]
    added = [person for pk, person in named.items() if pk not in calls or pk in lapsed]
    before, level = intervention.level, max(intervention.level, min(level, HIGHEST))
    if level == before and not added:
        return []
    now = timezone.now()
    if lapsed:  # the seat by which they were called is gone
        intervention.call_ins.filter(user__in=lapsed).delete()
    CallIn.objects.bulk_create(
        CallIn(intervention=intervention, user=person, level=level, at=now, by_seat=person.pk in seated)
        for person in added
    )
    intervention.level = level
    intervention.save(update_fields=["level"])
    told = [person for person in (named.values() if level > before else added) if actor != Actor.of(person)]
    notices.owe(intervention, NoticeKind.ESCALATED, told, key=f"escalated:{uuid4()}")
    data = {"level": level, "was": before, "called_in": [person.get_username() for person in added]}
    return [Act("intervention.escalated", actor, intervention.run, intervention, data)]


def hand_to(intervention: Intervention, user: User, actor: Actor) -> list[Act]:
    """Make a locked question that person's, or their delegate's while they are away. Returns the acts to record.

    A colleague's claim ends, and the taker is told unless they are the actor. Nothing happens where it is theirs
    already or nobody stands in.
    """
    taker = presence.stand_in(user, intervention)
    if taker is None or intervention.assignee_id == taker.pk:
        return []
    run, before = intervention.run, intervention.assignee
    acts = [] if intervention.claimed_by_id == taker.pk else _released(intervention, actor)
    intervention.assignee, intervention.snoozed_until = taker, None
    intervention.save(update_fields=["assignee", "snoozed_until"])
    if actor != Actor.of(taker):
        notices.owe(intervention, NoticeKind.ASSIGNED, [taker], key=f"assigned:{uuid4()}", team=False)
    data = {"to": taker.get_username()}
    data |= {"was": before.get_username()} if before else {}
    data |= {"instead_of": user.get_username()} if taker != user else {}
    return [*acts, Act("intervention.assigned", actor, run, intervention, data)]


def pick(queue: Queue, candidates: Sequence[User]) -> User | None:
    """The one whose turn it is: the least loaded who is there, and among equals the next after the last pick.

    Remembers the pick, under a lock on the queue: two picks at once are two people's. Call it with the run locked, and
    who picks for several queues in one transaction with all of them locked by `hold_turns`.
    """
    if not candidates:
        return None
    (locked,) = hold_turns([queue.pk])
    gone = presence.away(person.pk for person in candidates)
    there = {person.pk: person for person in candidates if person.is_active and person.pk not in gone}
    chosen = shares.least_loaded(there, loads_of(there), locked.last_picked_id)
    if chosen is None:
        return None
    Queue.objects.filter(pk=queue.pk).update(last_picked=chosen)
    return there[chosen]


def hold_turns(queues: Iterable[int]) -> list[Queue]:
    """Lock these queues for picks: after the runs, and by key, so that no two who pick wait for each other."""
    ordered = Queue.objects.filter(pk__in=set(queues)).order_by("pk")
    return list(ordered.select_for_update(of=("self",), no_key=True))


def loads_of(people: Sequence[int] | dict[int, User]) -> dict[int, int]:
    """How many open questions each of these people holds or is assigned, by their keys: one query."""
    whose = Coalesce("claimed_by", "assignee", output_field=IntegerField())
    held = Intervention.objects.open().order_by().annotate(whose=whose).filter(whose__in=list(people))
    return dict(held.values_list("whose").annotate(number=Count("pk")))


@transaction.atomic
def assign(intervention_id: UUID, *, to: User, by: User, held: int | None = None) -> Intervention:
    """Give an unassigned question to somebody; reviewers may take one themselves, managers give it to anybody.

    ``held`` is the key of whose claim a manager saw on it, and thereby ends. Raises Conflict (closed, assigned or
    claimed meanwhile, away), Invalid (they could not decide it), PermissionDenied.
    """
    _run, intervention = questions.locked(intervention_id)
    access.require_reviewer(by, intervention)
    if to != by or held is not None:
        access.require_manager(by, intervention)
    questions.require_open(intervention)
    if intervention.assignee not in (None, to):
        raise Conflict(f"{questions.called(intervention.assignee)} was assigned this item meanwhile.")
    _require_unheld(intervention, held, by, to)
    return _handed(intervention, to, by)


@transaction.atomic
def reassign(
    intervention_id: UUID, *, to: User, by: User, seen: int | None = None, held: int | None = None
) -> Intervention:
    """Move a question from one person to another; ``seen`` is the key of the assignee the manager saw.

    ``held`` is that of whose claim they saw. Raises Conflict (closed, assigned or claimed by somebody else meanwhile,
    away), Invalid, PermissionDenied.
    """
    _run, intervention = questions.locked(intervention_id)
    access.require_manager(by, intervention)
    questions.require_open(intervention)
    _require_seen(intervention, seen)
    _require_unheld(intervention, held, by, to)
    return _handed(intervention, to, by)


@transaction.atomic
def give(intervention_id: UUID, *, to: User, by: User, seen: Seen) -> Intervention:
    """Make a question one person's, one of many that a manager gives at once; nobody loses it who was not seen with it.

    Raises Conflict (closed, with somebody else meanwhile, away), Invalid, PermissionDenied.
    """
    _run, intervention = questions.locked(intervention_id)
    access.require_manager(by, intervention)
    questions.require_open(intervention)
    if intervention.assignee_id not in (seen.assignee, to.pk):
        raise _assigned_anew(intervention)
    _require_unheld(intervention, seen.holder, by, to)
    return _handed(intervention, to, by)


@transaction.atomic
def unassign(intervention_id: UUID, *, by: User, seen: int | None = None, held: int | None = None) -> Intervention:
    """Give a question back to everybody in the queue: a manager's act, or the assignee's own.

    Their claim ends with it, where it is their own act or the manager saw it: ``held``. Raises Conflict,
    PermissionDenied.
    """
    run, intervention = questions.locked(intervention_id)
    if intervention.assignee != by:
        access.require_manager(by, intervention)
    questions.require_open(intervention)
    _require_seen(intervention, seen)
    if intervention.assignee is not None:
        if intervention.claimed_by == intervention.assignee:
            _require_unheld(intervention, held, by)
        audit.record(*taken_from(intervention, Actor.of(by)))
    return intervention


def _released(intervention: Intervention, actor: Actor) -> list[Act]:
    """End the claim of whoever has one, and say whose it was."""
    if intervention.claimed_by_id is None:
        return []
    data = {"held_by": questions.called(intervention.claimed_by)}
    questions.put_back(intervention)
    return [Act("intervention.released", actor, intervention.run, intervention, data)]


def taken_from(intervention: Intervention, actor: Actor) -> list[Act]:
    """Make a locked question nobody's again; their claim ends with it. Returns the acts to record."""
    before, acts = intervention.assignee, list[Act]()
    if before is None:
        return []
    if intervention.claimed_by_id == before.pk:
        acts = _released(intervention, actor)
    intervention.assignee = intervention.snoozed_until = None
    intervention.save(update_fields=["assignee", "snoozed_until"])
    data = {"was": before.get_username()}
    return [*acts, Act("intervention.unassigned", actor, intervention.run, intervention, data)]


@transaction.atomic
def escalate(intervention_id: UUID, *, by: User, reason: str) -> Intervention:
    """Take a question one level up: its queue's managers are called in. Raises Conflict, Invalid, PermissionDenied."""
    _run, intervention = questions.locked(intervention_id)
    access.require_reviewer(by, intervention)
    eligibility.require_disinterested(by, intervention)
    questions.require_open(intervention)
    reason = questions.reason(reason)
    if intervention.level >= HIGHEST:
        raise Conflict(f"This item is at level {intervention.level} already; there is nothing above.")
    seats = Membership.objects.filter(queue=intervention.queue_id, role=Membership.Role.MANAGER, user__is_active=True)
    managers = [seat.user for seat in seats.select_related("user").order_by("user")[:100]]
    acts = raise_level(intervention, intervention.level + 1, managers, Actor.of(by))
    audit.record(
        *[Act("intervention.escalated", act.by, act.run, intervention, act.data | {"reason": reason}) for act in acts]
    )
    return intervention


@transaction.atomic
def de_escalate(intervention_id: UUID, *, by: User, reason: str) -> Intervention:
    """Bring a question one level down, for a reason; those called in above that level lose it again.

    Raises Conflict, Invalid, PermissionDenied.
    """
    run, intervention = questions.locked(intervention_id)
    access.require_manager(by, intervention)
    eligibility.require_disinterested(by, intervention)
    questions.require_open(intervention)
    reason = questions.reason(reason)
    if not intervention.level:
        raise Conflict("This item is not escalated.")
    before = intervention.level
    intervention.level = before - 1
    intervention.save(update_fields=["level"])
    notices.take_back_escalations(intervention)
    gone = intervention.call_ins.filter(level__gt=intervention.level).select_related("user")
    names = [call_in.user.get_username() for call_in in gone]
    gone.delete()
    data = {"level": intervention.level, "was": before, "left": names, "reason": reason}
    lowered = Act("intervention.de_escalated", Actor.of(by), run, intervention, data)
    audit.record(lowered, *_taken_from_those_outside(intervention, Actor.of(by)))
    return intervention


def _taken_from_those_outside(intervention: Intervention, actor: Actor) -> list[Act]:
    """What they may not decide any more is not theirs any more."""
    assignee, holder, acts = intervention.assignee, intervention.claimed_by, []
    if assignee is not None and not access.can_work_on(assignee, intervention):
        acts = taken_from(intervention, actor)
    if intervention.claimed_by and holder is not None and not access.can_work_on(holder, intervention):
        acts += _released(intervention, actor)
    return acts


def _handed(intervention: Intervention, to: User, by: User) -> Intervention:
    if eligibility.may_decide(to, intervention):
        raise Invalid(to=f"{questions.called(to)} may not decide this item.")
    acts = hand_to(intervention, to, Actor.of(by))
    if not acts and intervention.assignee != to and presence.stand_in(to, intervention) is None:
        raise Conflict(f"{questions.called(to)} is away and nobody stands in who may decide this item.")
    if acts:
        audit.record(*acts)
    return intervention


def _require_unheld(intervention: Intervention, seen: int | None, *but: User) -> None:
    """A live claim ends by its holder's act, or by that of a manager who saw it; raises Conflict else."""
    holder = questions.holder_of(intervention)
    if holder is not None and holder.pk != seen and holder not in but:
        raise Conflict(f"{questions.called(holder)} has claimed this item meanwhile.")


def _require_seen(intervention: Intervention, seen: int | None) -> None:
    if seen is not None and seen != intervention.assignee_id:
        raise _assigned_anew(intervention)


def _assigned_anew(intervention: Intervention) -> Conflict:
    assignee = intervention.assignee
    whose = f"It is {questions.called(assignee)}'s now" if assignee else "Nobody has it now"
    return Conflict(f"This item was assigned anew meanwhile. {whose}.")
