"""Many writers of one book."""

from functools import partial

import pytest
from django.db import transaction

from reviews import audit
from reviews.actions import gates, interventions, runs
from reviews.actors import SYSTEM
from reviews.audit import Act, Verified
from reviews.models import AuditEntry, AuditHead, Event, Queue
from tests import factories
from tests.races.conftest import race, split


@transaction.atomic
def write(action):
    return audit.record(Act(action, SYSTEM))


@pytest.mark.both
class TestTheBook:
    @pytest.mark.parametrize("_", range(5))
    def test_is_opened_once_by_writers_who_come_at_once(self, db, _):
        assert not AuditHead.objects.exists()
        won, lost = split(race(*[partial(write, "a.first") for _ in range(6)]))
        assert lost == []
        assert sorted(won) == [1, 2, 3, 4, 5, 6]

    def test_stays_whole_under_many_writers(self, db):
        def write_many(name):
            return [write(f"{name}.{number}") for number in range(20)]

        won, lost = split(race(*[partial(write_many, f"w{one}") for one in range(4)]))

        assert lost == []
        assert sorted(seq for seqs in won for seq in seqs) == list(range(1, 81))
        assert all(seqs == sorted(seqs) for seqs in won)
        assert audit.verify() == Verified(80, AuditHead.objects.get().digest)

    def test_can_be_verified_while_it_is_written(self, db):
        def write_many():
            return [write(f"a.{number}") for number in range(60)]

        def read():
            return [audit.verify() for _ in range(15)]

        one, found, two = race(write_many, read, write_many)

        assert sorted(one + two) == list(range(1, 121))
        assert all(isinstance(result, Verified) for result in found)


@pytest.mark.both
def test_one_new_queue_is_made_by_submitters_who_come_at_once(db):
    factories.card(queue="brand-new")
    won, lost = split(race(*[partial(runs.submit, factories.AGENT, "Go.", by=None)] * 4))
    assert (len(won), lost) == (4, [])
    assert Queue.objects.count() == 1


@pytest.mark.both
def test_a_busy_desk_neither_dead_locks_nor_tears_the_book(alice, bob):
    def agent_and_reviewer(person):
        for _ in range(5):
            run = factories.leased()
            asked = [factories.proposal(call_id=one) for one in ("a", "b")]
            gates.park(run, factories.state(), asked)
            for item in run.interventions.all():
                interventions.claim(item.pk, by=person)
                interventions.decide(item.pk, by=person, verdict="approve")
            runs.pause(run.pk, by=person)
            runs.stop(run.pk, by=person)
            runs.retry(run.pk, by=person)

    factories.card()
    _, lost = split(race(*[partial(agent_and_reviewer, person) for person in (alice, bob, alice, bob)]))

    assert lost == []
    entries = AuditEntry.objects.exclude(run="").values_list("seq", flat=True)
    assert list(entries) == list(Event.objects.values_list("seq", flat=True))
