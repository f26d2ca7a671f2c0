"""Asking back: a reviewer wants to know more before deciding, and the question's clock stands until they do."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from reviews import access, audit
from reviews.actions import assignments, notices, questions, rounds, timers
from reviews.actions.errors import Conflict, Invalid
from reviews.actions.text import storable
from reviews.actors import TIMEOUT, Actor
from reviews.audit import Act
from reviews.models import AskBack, Intervention, Run
from reviews.states import OPEN, NoticeKind

MAX_TEXT = 4_000
"""Characters in what is asked, and in what is answered."""


def whom(intervention: Intervention, by: User) -> list[User]:
    """Who can be asked about it: who started its run, and who started the run that it repeats or goes on from."""
    run = intervention.run
    others = [run.retry_of_id, run.fork_of_id]
    starters = Run.objects.filter(pk__in=[run.pk, *others], started_by__is_active=True).exclude(started_by=by)
    people = {
        row.started_by_id: row.started_by for row in starters.select_related("started_by").order_by("-created_at")
    }
    return [person for person in people.values() if person is not None]


@transaction.atomic
def ask(intervention_id: UUID, *, of: User, question: str, by: User) -> AskBack:
    """Ask the person behind the run; the due moment waits, the expiry does not, and the item is kept for the asker.

    Raises Conflict, Invalid, PermissionDenied.
    """
    run, intervention = questions.locked(intervention_id)
    access.require_reviewer(by, intervention)
    questions.require_open_for(by, intervention, None)
    if intervention.asked_back_at is not None:
        raise Conflict("Something was asked already; this item waits for the answer.")
    if of not in whom(intervention, by):
        raise Invalid(of="Only who started the run can be asked, and not yourself.")
    question, now = _text("question", question, "Write what you want to know."), timezone.now()
    asked = AskBack.objects.create(
        intervention=intervention,
        asked_by=by,
        asked_of=of,
        question=question,
        asked_at=now,
        lapses_at=now + timedelta(seconds=settings.FOUREYES_ASK_BACK_SECONDS),
    )
    actor = Actor.of(by)
    acts = assignments.hand_to(intervention, by, actor) if intervention.assignee is None else []
    intervention.asked_back_at = now
    intervention.save(update_fields=["asked_back_at"])
    says = f"{questions.called(by)} asks you something before deciding."
    notices.owe(intervention, NoticeKind.MENTIONED, [of], key=f"asked:{asked.pk}", says=says, team=False)
    data = {"of": of.get_username(), "question": question}
    audit.record(*acts, Act("intervention.asked_back", actor, run, intervention, data))
    return asked


@transaction.atomic
def answer(intervention_id: UUID, *, answer: str, by: User) -> AskBack:
    """Answer what was asked; the clock goes on. Raises Conflict, Invalid, PermissionDenied."""
    run, intervention = questions.locked(intervention_id)
    asked = _open(intervention)
    if asked is not None and asked.asked_of != by:
        raise PermissionDenied(f"{questions.called(asked.asked_of)} was asked, not {by.get_username()}.")
    if asked is None and not intervention.ask_backs.filter(asked_of=by).exists():
        raise PermissionDenied(f"{by.get_username()} was not asked anything.")
    questions.require_open(intervention)
    if asked is None:
        raise Conflict("Nobody waits for this answer any more.")
    asked.answer = _text("answer", answer, "Write your answer.")
    says = f"{questions.called(by)} answered what you asked."
    notices.owe(intervention, NoticeKind.MENTIONED, [asked.asked_by], key=f"answered:{asked.pk}", says=says, team=False)
    data = {"answer": asked.answer, **_close(intervention, asked)}
    audit.record(Act("intervention.answered_back", Actor.of(by), run, intervention, data))
    return asked


@transaction.atomic
def withdraw(intervention_id: UUID, *, by: User) -> AskBack | None:
    """Take back what was asked; the clock goes on. The asker's right, and the managers'. Raises as `answer`."""
    run, intervention = questions.locked(intervention_id)
    access.require_reviewer(by, intervention)
    questions.require_open(intervention)
    asked = _open(intervention)
    if asked is not None and asked.asked_by != by:
        access.require_manager(by, intervention)
    if asked is not None:
        data = _close(intervention, asked)
        audit.record(Act("intervention.ask_back_withdrawn", Actor.of(by), run, intervention, data))
    return asked


def lapse() -> int:
    """Let the clocks go on that have stood long enough; returns how many. The clock's work, safe to do twice."""
    over = AskBack.objects.lapsed(timezone.now()).filter(intervention__status__in=OPEN).order_by("lapses_at")
    return rounds.each(over, _lapse, by="intervention")


@transaction.atomic
def _lapse(intervention_id: UUID) -> bool:
    run, intervention = questions.locked(intervention_id)
    asked = _open(intervention)
    if not intervention.is_open or asked is None or asked.lapses_at > timezone.now():
        return False
    data = {"of": asked.asked_of.get_username(), **_close(intervention, asked)}
    audit.record(Act("intervention.ask_back_lapsed", TIMEOUT, run, intervention, data))
    return True


def _open(intervention: Intervention) -> AskBack | None:
    return intervention.ask_backs.filter(closed_at__isnull=True).select_related("asked_by", "asked_of").first()


def _close(intervention: Intervention, asked: AskBack) -> dict[str, object]:
    """Close it and let the clock go on: the due moment moves by as long as it stood, not beyond the expiry."""
    now = timezone.now()
    asked.closed_at = now
    asked.save(update_fields=["answer", "closed_at"])
    stood = now - (intervention.asked_back_at or now)
    timers.reschedule(intervention, now, since=intervention.asked_back_at)
    intervention.asked_back_at = None
    intervention.save(update_fields=["asked_back_at"])
    return {"waited_s": round(stood.total_seconds()), "due_at": intervention.due_at}


def _text(field: str, text: str, missing: str) -> str:
    said: str = storable(text).strip()
    if not said:
        raise Invalid(**{field: missing})
    if len(said) > MAX_TEXT:
        raise Invalid(**{field: f"This text has more than {MAX_TEXT:,} characters; shorten it."})
    return said
