"""Two clocks at once, and a clock and a reviewer at once."""

import threading
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest
from django.db import OperationalError
from django.utils import timezone

from reviews.actions import Conflict, adopting, assignments, firing, interventions
from reviews.models import AuditEntry, ClockMark, Decision, Intervention, Notice, Timer
from reviews.states import Verdict
from tests import factories
from tests.races.conftest import PATIENCE, race, split
from tests.reviews.actions.time_travel import ask, policy, step


def fall_due(**which):
    """What matches is due now, and nothing else is."""
    Timer.objects.filter(**which).update(due_at=timezone.now() - timedelta(seconds=1))


def ring():
    return firing.fire_due(timezone.now())


class TestTwoClocks:
    @pytest.mark.both
    @pytest.mark.parametrize("_", range(5))
    def test_fire_each_timer_once(self, alice, _):
        policy(steps=[step("30 min", "remind")])
        for _ in range(12):
            ask()
        fall_due(kind="step")

        won, lost = split(race(ring, ring, ring))
        ring()  # what one of them left to another that held it

        assert lost == []
        assert sum(won) <= 12
        assert AuditEntry.objects.filter(action="intervention.reminded").count() == 12
        assert Notice.objects.filter(kind="reminder").count() == 12
        assert not Timer.objects.due(timezone.now()).exists()

    def test_give_a_question_without_timers_its_moments_once(self, alice):
        policy()
        questions = [ask() for _ in range(6)]
        Timer.objects.all().delete()

        won, lost = split(race(adopting.adopt, adopting.adopt, adopting.adopt))

        assert (sum(won), lost) == (6, [])
        assert AuditEntry.objects.filter(action="escalation.adopted").count() == 6
        assert all(
            list(one.timers.order_by("kind").values_list("kind", flat=True)) == ["due", "expire"] for one in questions
        )

    @pytest.mark.both
    def test_remember_one_last_round(self, alice):
        policy(steps=[step("30 min", "remind")])
        ask()
        fall_due(kind="step")

        _, lost = split(race(ring, ring, ring))

        assert lost == []
        assert timezone.now() - ClockMark.objects.get().fired_until < timedelta(minutes=1)


class TestTwoClocksOverTwoQueues:
    @pytest.mark.parametrize("_", range(3))
    def test_reassign_without_waiting_for_each_other(self, alice, monkeypatch, _):
        """Each comes to the queues in the other's order, and holds the first one until the other holds its own."""
        monkeypatch.setattr(firing, "BATCH", 2)
        policy(steps=[step("30 min", "reassign", to="reviewers")])
        first, other = factories.queue(), factories.queue("other")
        factories.seat(alice, other)
        asked = [ask() for _ in range(4)]
        Intervention.objects.filter(pk__in=[asked[1].pk, asked[2].pk]).update(queue=other)
        now = timezone.now()
        for nth, question in enumerate(asked):
            Timer.objects.filter(intervention=question, kind="step").update(due_at=now - timedelta(seconds=10 - nth))
        begun, met, refused, pick = threading.Event(), threading.Barrier(2), [], assignments.pick

        def meet(queue, people):
            try:
                chosen = pick(queue, people)
            except OperationalError as error:  # the clock tries each again by itself, and nobody would see it
                refused.append(error)
                raise
            begun.set()
            with suppress(threading.BrokenBarrierError):  # in one order of locks the other comes when this one is done
                met.wait(0.5)
            return chosen

        def second():
            begun.wait(PATIENCE)
            return firing.fire_due(now)

        monkeypatch.setattr(assignments, "pick", meet)
        _won, lost = split(race(partial(firing.fire_due, now), second))

        assert (refused, lost) == ([], [])
        assert Intervention.objects.filter(assignee=alice, queue=first).count() == 2
        assert Intervention.objects.filter(assignee=alice, queue=other).count() == 2


class TestAClockAndAReviewer:
    @pytest.mark.both
    @pytest.mark.parametrize("_", range(8))
    def test_close_a_question_once_and_lose_nothing(self, alice, _):
        policy()
        question = ask()
        fall_due(kind="expire")

        race(ring, partial(interventions.decide, question.pk, by=alice, verdict=Verdict.APPROVE))
        ring()

        question = Intervention.objects.select_related("tool_call").get(pk=question.pk)
        decided = Decision.objects.count()
        late = AuditEntry.objects.filter(action="decision.late").count()
        assert (question.status, decided, late, question.tool_call.status) in {
            ("decided", 1, 0, "approved"),
            ("expired", 0, 1, "refused"),
        }

    def test_who_comes_second_is_told(self, alice):
        policy()
        question = ask()
        fall_due(kind="expire")
        ring()

        with pytest.raises(Conflict, match="Nobody decided"):
            interventions.decide(question.pk, by=alice, verdict=Verdict.APPROVE)
        assert factories.queue() == question.queue
