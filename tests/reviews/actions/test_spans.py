"""Keeping traced steps."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from reviews import events
from reviews.actions import spans
from reviews.actions.spans import Traced
from reviews.models import Run, Span
from tests import factories


@pytest.fixture
def traced():
    """A run whose steps are told."""
    return factories.run()


def step(run, span_id="s1", **changes):
    now = timezone.now()
    fields = {"parent_id": "", "kind": "function", "name": "look", "started_at": now, "ended_at": None}
    return Traced(**fields | {"trace_id": run.trace_id, "span_id": span_id} | changes)


class TestKeep:
    def test_finds_the_run_by_an_index(self, traced):
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, Run._meta.db_table)
        assert any(one["index"] and one["columns"][:1] == ["trace_id"] for one in found.values())

    def test_stores_the_steps_of_a_known_run(self, traced):
        assert spans.keep([step(traced), step(traced, "s2", parent_id="s1")]) == 2
        assert list(traced.spans.values_list("span_id", "parent_id")) == [("s1", ""), ("s2", "s1")]

    def test_drops_the_steps_of_a_trace_that_is_no_run(self, traced):
        assert spans.keep([step(traced, trace_id="trace_of_somebody_else")]) == 0
        assert not Span.objects.exists()

    def test_lets_a_later_telling_replace_an_earlier_one(self, traced):
        spans.keep([step(traced)])
        ended = timezone.now() + timedelta(seconds=1)
        spans.keep([step(traced), step(traced, ended_at=ended, error={"message": "gone"})])

        span = Span.objects.get()
        assert (span.ended_at, span.error) == (ended, {"message": "gone"})

    def test_keeps_what_a_database_would_refuse(self, traced):
        spans.keep([step(traced, name="\0" + "x" * 300, data={"output": "a\0\ud800", "n": float("nan")})])

        span = Span.objects.get()
        assert (span.name, span.data) == ("\ufffd" + "x" * 199, {"output": "a\ufffd\ufffd", "n": "nan"})

    def test_wakes_those_who_watch_the_run_once(self, traced, monkeypatch, django_capture_on_commit_callbacks):
        told = []
        monkeypatch.setitem(events._listeners, events.Traced, [told.append])
        with django_capture_on_commit_callbacks(execute=True):
            spans.keep([step(traced), step(traced, "s2"), step(traced, "s3", trace_id="trace_of_somebody_else")])

        assert told == [events.Traced(traced.pk)]

    def test_of_nothing_is_nothing(self):
        assert spans.keep([]) == 0
