"""The desk in numbers."""

from datetime import timedelta

import pytest
from django.utils import timezone

from reviews.actions import figures, fleet, runs
from reviews.actions.fleet import Abilities
from reviews.models import Intervention, Run, Worker
from reviews.states import Risk
from tests import factories
from tests.reviews import desk_data

pytestmark = pytest.mark.django_db


def announce(name, *, seconds_ago=0, places=4):
    fleet.announce(name, places, Abilities({"clerk": "1"}, frozenset({"1.21"}), "1.21", "0.24.0"))
    Worker.objects.filter(name=name).update(seen_at=timezone.now() - timedelta(seconds=seconds_ago))


class TestQuestions:
    def test_are_counted_by_queue_and_risk(self, alice):
        first = desk_data.refund(risk=Risk.HIGH)
        late = desk_data.refund(risk=Risk.HIGH)
        desk_data.refund(risk=Risk.LOW)
        desk_data.shift(late.pk, timedelta(days=-30))
        closed = desk_data.refund(risk=Risk.LOW)
        runs.stop(closed.run_id, by=alice)

        found = figures.questions(timezone.now())

        assert [(part.slug, part.risk, part.number, part.overdue) for part in found] == [
            ("support", Risk.HIGH, 2, 1),
            ("support", Risk.LOW, 1, 0),
        ]
        assert found[0].oldest == Intervention.objects.get(pk=first.pk).created_at

    def test_cost_one_statement(self, queue, django_assert_num_queries):
        desk_data.many(3)
        with django_assert_num_queries(1):
            figures.questions(timezone.now())


class TestRuns:
    def test_that_go_on_are_counted_in_every_status(self, alice):
        factories.run()
        factories.leased()
        runs.stop(factories.run(by=alice).pk, by=alice)

        assert figures.open_runs() == {"queued": 1, "running": 1, "awaiting_review": 0, "paused": 0}

    def test_that_ended_are_counted_among_the_newest(self, alice, monkeypatch):
        monkeypatch.setattr(figures, "LATELY", 2)
        for _ in range(3):
            runs.stop(factories.run(by=alice).pk, by=alice)
        factories.run()

        found = figures.newest_runs()

        assert (found["cancelled"], found["queued"], found["failed"]) == (1, 1, 0)

    def test_that_waited_longest_is_named(self):
        assert figures.oldest_queued() is None
        first, second = factories.run(), factories.run()
        Run.objects.filter(pk=second.pk).update(queued_at=timezone.now() - timedelta(hours=1))

        assert figures.oldest_queued() == second
        factories.leased(second)
        assert figures.oldest_queued() == first


class TestCrew:
    def test_says_what_each_carries_and_who_is_silent(self):
        announce("a")
        announce("b", seconds_ago=120)
        factories.leased(worker="a")

        found = figures.crew(timezone.now())

        assert [(member.worker.name, member.carried, member.is_stale) for member in found] == [
            ("a", 1, False),
            ("b", 0, True),
        ]

    def test_is_cut_off_where_it_is_endless(self, monkeypatch):
        monkeypatch.setattr(fleet, "MANY", 2)
        for name in "abc":
            announce(name)

        assert len(figures.crew(timezone.now())) == 2
