"""Who may decide a question: asked when it is shown, and asked again in the transaction of the verdict."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from reviews import access
from reviews.actions import voters
from reviews.actions.errors import Conflict
from reviews.actions.voters import AGENT_OWNER, EARLIER_VOTERS, REQUESTER
from reviews.models import Absence, CallIn, Intervention, Membership

MOST = 200
"""People named at most as eligible for one question."""
VOTED = "You have voted on this already; now others have to."


class NotEligible(PermissionDenied):
    """They work in the queue, and the rule that stopped this wants somebody else. The text says why."""


def may_decide(user: User | AnonymousUser, intervention: Intervention) -> str:
    """Why they may not vote on it as it stands, in one sentence for them to read; empty where they may."""
    if not access.can_work_on(user, intervention):
        return f"You have no seat in the queue {intervention.queue.name}, whose reviewers decide this."
    return why_not(user, intervention)


def why_not(user: User | AnonymousUser, intervention: Intervention) -> str:
    """The same of somebody whose seat is known."""
    return barred(user, intervention) or (VOTED if voters.has_voted(user, intervention) else "")


def require(user: User, intervention: Intervention) -> None:
    """Raises NotEligible where its policy bars them, Conflict where they have voted; that they have a seat is known."""
    if why := barred(user, intervention):
        raise NotEligible(why)
    if voters.has_voted(user, intervention):
        raise Conflict(VOTED)


def barred(user: User | AnonymousUser, intervention: Intervention) -> str:
    """What in its frozen policy keeps this person from deciding it; reads nothing where the policy bars nobody."""
    if why := interested(user, intervention):
        return why
    not_by = intervention.policy.get("not_by") or ()
    groups = _groups(intervention)
    if groups and not voters.members_of(groups).filter(pk=user.pk or 0).exists():
        return f"Its rule asks members of {' or '.join(groups)}, and you are in none of them."
    if EARLIER_VOTERS in not_by and voters.earlier_votes(intervention).filter(decided_by=user.pk).exists():
        return "You decided an earlier step of this run, and its rule wants somebody new to decide this one."
    return ""


def interested(user: User | AnonymousUser, intervention: Intervention) -> str:
    """Whose own matter it is, as its frozen policy sees it: they have no say in it, nor in who else is asked."""
    not_by = intervention.policy.get("not_by") or ()
    if REQUESTER in not_by and user.pk is not None and user.pk in voters.requesters(intervention.run):
        this = (
            "this run" if intervention.run.started_by_id == user.pk else "a run that this one repeats or goes on from"
        )
        return f"You started {this}, and its rule wants somebody else to decide."
    if AGENT_OWNER in not_by and user.get_username() in voters.owners(intervention):
        return "You own this agent, and its rule wants somebody else to decide."
    return ""


def require_disinterested(user: User, intervention: Intervention) -> None:
    """Raises NotEligible where it is their own matter."""
    if why := interested(user, intervention):
        raise NotEligible(why)


def eligible(intervention: Intervention) -> list[User]:
    """Who may vote on it as it stands, by user name, at most ``MOST``; one statement, and one per fork it came from.

    Whoever is away now is not among them, and may vote all the same if they come.
    """
    people = there(intervention)
    if intervention.votes:
        people = people.exclude(pk__in=voters.votes(intervention).values("decided_by"))
    return list(people.order_by("username")[:MOST])


def there(intervention: Intervention) -> QuerySet[User]:
    """Those of `electorate` who are not away now."""
    away = Absence.objects.at(timezone.now()).filter(user=OuterRef("pk"))
    return electorate(intervention).exclude(Exists(away))


def electorate(intervention: Intervention) -> QuerySet[User]:
    """All whom its frozen policy lets decide it, also those who are away or have voted."""
    not_by = intervention.policy.get("not_by") or ()
    seat = Membership.objects.filter(user=OuterRef("pk"), queue=intervention.queue_id)
    called_in = CallIn.objects.granting().filter(user=OuterRef("pk"), intervention=intervention)
    people = User.objects.filter(Exists(seat) | Exists(called_in), is_active=True)
    if groups := _groups(intervention):
        people = people.filter(pk__in=voters.members_of(groups).values("pk"))
    if REQUESTER in not_by:
        people = people.exclude(pk__in=voters.requesters(intervention.run))
    if AGENT_OWNER in not_by:
        people = people.exclude(username__in=voters.owners(intervention))
    if EARLIER_VOTERS in not_by:
        people = people.exclude(pk__in=voters.earlier_votes(intervention).values("decided_by"))
    return people


def _groups(intervention: Intervention) -> tuple[str, ...]:
    return tuple(intervention.policy.get("groups") or ())
