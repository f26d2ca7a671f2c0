"""Asking the person behind a run, while the question's clock stands."""

import json
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from reviews import access
from reviews.actions import Conflict, Invalid, asking_back, interventions, runs
from reviews.models import AskBack, AuditEntry, Event, Intervention, Notice
from reviews.states import Verdict
from tests import factories
from tests.reviews.actions.conftest import book

ASKED = "Which of the two charges?"


def last():
    entry = AuditEntry.objects.order_by("seq").last()
    return entry.action, entry.actor_type, entry.actor, json.loads(entry.data)


def stood(item, **since):
    """Let the clock have stood for so long."""
    Intervention.objects.filter(pk=item.pk).update(asked_back_at=timezone.now() - timedelta(**since))


@pytest.fixture
def refund(bob):
    """A question of a run that bob started."""
    return factories.question(factories.leased(factories.run(by=bob)))


@pytest.fixture
def asked(refund, alice, bob):
    """What alice asks bob."""
    return asking_back.ask(refund.pk, of=bob, question=ASKED, by=alice)


class TestWhom:
    def test_is_who_started_the_run(self, refund, alice, bob):
        assert asking_back.whom(refund, alice) == [bob]

    def test_is_nobody_but_oneself_or_the_system(self, refund, bob, alice):
        assert asking_back.whom(refund, bob) == []
        assert asking_back.whom(factories.question(), alice) == []

    def test_is_also_who_started_what_it_repeats(self, alice, bob, mara):
        first = factories.run(by=bob)
        runs.stop(first.pk, by=mara)
        again = factories.question(factories.leased(runs.retry(first.pk, by=mara)))
        assert asking_back.whom(again, alice) == [mara, bob]

    def test_is_nobody_who_has_left(self, refund, alice, bob):
        bob.is_active = False
        bob.save()
        assert asking_back.whom(refund, alice) == []


class TestAsk:
    def test_stops_the_clock_and_keeps_the_item_for_the_asker(self, refund, asked, alice):
        refund.refresh_from_db()
        assert refund.asked_back_at is not None
        assert refund.assignee == alice
        assert last() == ("intervention.asked_back", "user", "alice", {"of": "bob", "question": ASKED})

    def test_lets_the_asked_see_the_item_and_nobody_else(self, alice, charlie, queue):
        dora = factories.user("dora")
        seat = factories.seat(dora, queue)
        item = factories.question(factories.leased(factories.run(by=dora)))
        seat.delete()
        assert item not in access.visible_interventions(dora)

        asking_back.ask(item.pk, of=dora, question=ASKED, by=alice)

        assert item in access.visible_interventions(dora)
        assert item not in access.visible_interventions(charlie)
        assert not access.can_work_on(dora, item)
        with pytest.raises(PermissionDenied):
            interventions.decide(item.pk, by=dora, verdict=Verdict.APPROVE)

    @pytest.mark.parametrize("ends_by", ["a verdict", "its time", "its run"])
    def test_lets_the_asked_see_it_only_while_it_is_open(self, ends_by, alice, mara, queue, clock):
        dora = factories.user("dora")
        seat = factories.seat(dora, queue)
        item = factories.question(factories.leased(factories.run(by=dora)))
        seat.delete()
        asking_back.ask(item.pk, of=dora, question=ASKED, by=alice)
        event = Event.objects.annotate(**access.readers("intervention")).filter(intervention=item)
        assert event.latest("seq").asked == [dora.pk]

        if ends_by == "a verdict":
            interventions.decide(item.pk, by=alice, verdict=Verdict.REJECT)
        elif ends_by == "its time":
            clock.stand_still(days=4)
            while Intervention.objects.get(pk=item.pk).is_open:
                clock.pass_by(minutes=15)
        else:
            runs.stop(item.run_id, by=mara)

        assert not access.visible_interventions(dora).exists()
        assert event.latest("seq").asked is None
        assert not access.sights([dora.pk])[dora.pk]

    def test_tells_the_asked_and_the_answer_the_asker(self, refund, asked, bob):
        asking_back.answer(refund.pk, answer="The second one.", by=bob)
        told = list(Notice.objects.filter(kind="mentioned").order_by("pk").values_list("recipient", flat=True))
        assert told == ["bob", "alice"]

    def test_twice_at_a_time_is_refused(self, refund, asked, bob, mara):
        with pytest.raises(Conflict, match="asked already"):
            asking_back.ask(refund.pk, of=bob, question=ASKED, by=mara)

    def test_of_anybody_else_is_refused(self, refund, alice, charlie):
        with pytest.raises(Invalid, match="Only who started the run"):
            asking_back.ask(refund.pk, of=charlie, question=ASKED, by=alice)

    @pytest.mark.parametrize("question", ["", " \n ", "x" * 4_001])
    def test_needs_words(self, refund, alice, bob, question):
        with pytest.raises(Invalid):
            asking_back.ask(refund.pk, of=bob, question=question, by=alice)
        assert not AskBack.objects.exists()

    def test_is_not_for_what_a_colleague_holds(self, refund, alice, bob, mara):
        interventions.claim(refund.pk, by=mara)
        with pytest.raises(Conflict, match="mara has claimed"):
            asking_back.ask(refund.pk, of=bob, question=ASKED, by=alice)

    def test_needs_a_seat(self, refund, bob, charlie):
        with pytest.raises(PermissionDenied):
            asking_back.ask(refund.pk, of=bob, question=ASKED, by=charlie)


class TestAnswer:
    def test_lets_the_clock_go_on_from_where_it_stood(self, refund, asked, bob):
        due_at = refund.due_at
        stood(refund, minutes=40)

        asking_back.answer(refund.pk, answer="The second one.", by=bob)

        refund.refresh_from_db()
        assert refund.asked_back_at is None
        assert timedelta(minutes=40) <= refund.due_at - due_at < timedelta(minutes=41)
        action, _, actor, data = last()
        assert (action, actor, data["answer"]) == ("intervention.answered_back", "bob", "The second one.")
        assert data["waited_s"] == pytest.approx(2400, abs=5)

    def test_never_moves_the_due_time_past_the_expiry(self, refund, asked, bob):
        expires_at = refund.due_at + timedelta(minutes=10)
        Intervention.objects.filter(pk=refund.pk).update(expires_at=expires_at)
        stood(refund, hours=5)
        asking_back.answer(refund.pk, answer="The second one.", by=bob)
        refund.refresh_from_db()
        assert (refund.due_at, refund.expires_at) == (expires_at, expires_at)

    def test_is_the_askeds_alone(self, refund, asked, alice, charlie, mara):
        for person in (alice, charlie, mara):
            with pytest.raises(PermissionDenied):
                asking_back.answer(refund.pk, answer="Me!", by=person)

    def test_needs_words(self, refund, asked, bob):
        with pytest.raises(Invalid, match="Write your answer"):
            asking_back.answer(refund.pk, answer=" ", by=bob)

    def test_that_nobody_waits_for_any_more_is_refused_in_words(self, refund, asked, alice, bob):
        asking_back.withdraw(refund.pk, by=alice)
        with pytest.raises(Conflict, match="Nobody waits"):
            asking_back.answer(refund.pk, answer="The second one.", by=bob)

    def test_after_a_verdict_says_what_it_was(self, refund, asked, alice, bob):
        interventions.decide(refund.pk, by=alice, verdict=Verdict.REJECT)
        with pytest.raises(Conflict, match="alice rejected this item"):
            asking_back.answer(refund.pk, answer="The second one.", by=bob)

    def test_makes_room_for_the_next(self, refund, asked, alice, bob):
        asking_back.answer(refund.pk, answer="The second one.", by=bob)
        assert asking_back.ask(refund.pk, of=bob, question="And when?", by=alice).pk != asked.pk


class TestWithdraw:
    def test_is_the_askers_right_and_the_managers(self, refund, asked, bob, mara):
        with pytest.raises(PermissionDenied):
            asking_back.withdraw(refund.pk, by=bob)
        assert asking_back.withdraw(refund.pk, by=mara).closed_at is not None
        refund.refresh_from_db()
        assert (refund.asked_back_at, last()[0]) == (None, "intervention.ask_back_withdrawn")

    def test_of_nothing_changes_nothing(self, refund, alice):
        before = book()
        assert asking_back.withdraw(refund.pk, by=alice) is None
        assert book() == before


class TestLapse:
    def test_lets_the_clock_go_on_when_nobody_answers(self, refund, asked):
        assert asking_back.lapse() == 0
        AskBack.objects.update(lapses_at=timezone.now())

        assert [asking_back.lapse() for _ in range(2)] == [1, 0]

        refund.refresh_from_db()
        assert refund.asked_back_at is None
        action, actor_type, actor, data = last()
        assert (action, actor_type, actor, data["of"]) == ("intervention.ask_back_lapsed", "timeout", "timeout", "bob")
        assert AskBack.objects.get().answer == ""

    def test_passes_over_what_is_closed(self, refund, asked, alice):
        AskBack.objects.update(lapses_at=timezone.now())
        interventions.decide(refund.pk, by=alice, verdict=Verdict.APPROVE)
        assert asking_back.lapse() == 0
        assert not asking_back._lapse(refund.pk)


def test_a_verdict_need_not_wait_for_the_answer(refund, asked, alice):
    assert interventions.decide(refund.pk, by=alice, verdict=Verdict.APPROVE).decided_by == alice
