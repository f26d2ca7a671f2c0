"""A part of the clock's round: one row that cannot be dealt with spares the others."""

from datetime import timedelta

import pytest
from django.utils import timezone

from reviews.actions import absences, asking_back, holding, interventions, leases, rounds
from reviews.models import Absence, AskBack, Intervention, Run
from reviews.states import RunStatus
from tests import factories

DAMAGED = {"time": {"body": {"clock": "sundial"}}}


@pytest.fixture
def two():
    """Two open questions; the first comes first in every list."""
    return [factories.question() for _ in range(2)]


def past(minutes):
    return timezone.now() - timedelta(minutes=minutes)


class TestEach:
    @pytest.fixture
    def items(self):
        return [factories.question().pk for _ in range(4)]

    @pytest.fixture
    def small(self, monkeypatch):
        monkeypatch.setattr(rounds, "AT_ONCE", 2)

    def test_counts_those_with_which_something_was_done(self, items):
        assert rounds.each(Intervention.objects.open(), lambda pk: pk in items[:3]) == 3

    def test_deals_with_a_bounded_number_in_their_order(self, items, small):
        met = []
        rounds.each(Intervention.objects.order_by("-created_at"), lambda pk: not met.append(pk))
        assert met == [items[3], items[2]]

    def test_goes_on_behind_those_that_fail_and_says_which(self, items, small, caplog):
        met = []

        def deal(pk):
            met.append(pk)
            return pk not in items[:2] or 1 / 0

        assert rounds.each(Intervention.objects.order_by("created_at"), deal) == 2
        assert met == items
        assert str(items[0]) in caplog.text and "ZeroDivisionError" in caplog.text

    def test_ends_also_where_everything_fails(self, items, small, monkeypatch):
        monkeypatch.setattr(rounds, "PAGES", 1)
        met = []
        assert rounds.each(Intervention.objects.order_by("created_at"), lambda pk: met.append(pk) or 1 / 0) == 0
        assert met == items[:2]


class TestEveryPart:
    def test_of_ask_backs_goes_on_behind_a_damaged_question(self, alice, bob):
        items = [factories.question(factories.leased(factories.run(by=bob))) for _ in range(2)]
        for nth, item in enumerate(items):
            asking_back.ask(item.pk, of=bob, question="Which?", by=alice)
            AskBack.objects.filter(intervention=item).update(lapses_at=past(minutes=9 - nth))
        Intervention.objects.filter(pk=items[0].pk).update(policy=DAMAGED)

        assert asking_back.lapse() == 1
        assert [bool(item.ask_backs.get().closed_at) for item in items] == [False, True]

    @pytest.mark.parametrize("part", ["expire_claims", "wake"])
    def test_of_holding_goes_on_behind_a_question_that_cannot_be_read(self, two, alice, monkeypatch, part):
        for nth, item in enumerate(two):
            interventions.claim(item.pk, by=alice)
            when = past(minutes=9 - nth)
            Intervention.objects.filter(pk=item.pk).update(claim_expires_at=when, snoozed_until=when)
        self.break_lock(monkeypatch, holding.questions, two[0])

        assert getattr(holding, part)() == 1

    def test_of_absences_goes_on_likewise(self, two, alice, monkeypatch):
        Intervention.objects.update(assignee=alice)
        Absence.objects.create(
            user=alice, starts_at=past(minutes=1), ends_at=past(minutes=-9), set_by=alice, created_at=past(minutes=1)
        )
        self.break_lock(monkeypatch, absences.questions, two[0])

        assert absences.cover() == 1

    def test_of_lost_runs_goes_on_likewise(self, monkeypatch):
        runs = [factories.leased() for _ in range(2)]
        Run.objects.update(lease_expires_at=past(minutes=1))
        queue = leases.runs.queue
        monkeypatch.setattr(leases.runs, "queue", lambda run: 1 / 0 if run.pk == runs[0].pk else queue(run))

        assert leases.reclaim_lost() == 1
        runs[1].refresh_from_db()
        assert runs[1].status == RunStatus.QUEUED

    @staticmethod
    def break_lock(monkeypatch, module, broken):
        locked = module.locked
        monkeypatch.setattr(module, "locked", lambda pk: 1 / 0 if pk == broken.pk else locked(pk))
