"""Announcements."""

import functools
import logging
from dataclasses import dataclass

import pytest
from django.db import transaction

from reviews import events

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Happened:
    """A fact."""

    what: str


@dataclass(frozen=True)
class SomethingElse:
    """Another fact."""


@pytest.fixture
def heard(monkeypatch):
    """What one listener heard."""
    monkeypatch.setattr(events, "_listeners", type(events._listeners)(list))
    told = []
    events.subscribe(Happened, told.append)
    return told


class TestPublish:
    def test_tells_after_the_commit_and_not_before(self, heard, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            events.publish(Happened("now"))
            assert heard == []
        assert heard == [Happened("now")]

    def test_tells_nobody_of_what_was_rolled_back(self, heard, django_capture_on_commit_callbacks):
        with (
            django_capture_on_commit_callbacks(execute=True),
            pytest.raises(ZeroDivisionError),
            transaction.atomic(),
        ):
            events.publish(Happened("never"))
            raise ZeroDivisionError
        assert heard == []

    @pytest.mark.parametrize("nameless", [False, True])
    @pytest.mark.django_db(transaction=True)
    def test_spares_the_others_when_one_listener_fails(self, heard, caplog, nameless):
        def break_down(event):
            raise RuntimeError("no bell")

        broken = functools.partial(break_down) if nameless else break_down

        later = []
        events.subscribe(Happened, broken)
        events.subscribe(Happened, later.append)
        with caplog.at_level(logging.ERROR), transaction.atomic():
            events.publish(Happened("now"))
        assert heard == later == [Happened("now")]
        assert "no bell" in caplog.text

    def test_keeps_the_order(self, heard, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            for word in "abc":
                events.publish(Happened(word))
        assert [event.what for event in heard] == ["a", "b", "c"]

    def test_tells_only_those_who_asked_for_that_fact(self, heard, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            events.publish(SomethingElse())
        assert heard == []


class TestSubscribe:
    def test_twice_tells_once(self, heard, django_capture_on_commit_callbacks):
        events.subscribe(Happened, heard.append)
        with django_capture_on_commit_callbacks(execute=True):
            events.publish(Happened("now"))
        assert len(heard) == 1
