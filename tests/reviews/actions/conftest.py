"""What the tests of verbs share: people, an open question, and what a worker may hold."""

import pytest
from django.db import transaction

from reviews import events
from reviews.models import AuditEntry, Event
from tests import factories
from tests.reviews.actions.time_travel import Traveller


@pytest.fixture(autouse=True)
def database(db):
    """Every verb meets the database."""


@pytest.fixture
def run():
    """A running run, and the lease of its worker."""
    return factories.leased()


@pytest.fixture
def refund(run, queue):
    """An open question: may 4820 be refunded?"""
    return factories.question(run)


@pytest.fixture
def heard(monkeypatch):
    """The announcements made, in order, as soon as their transaction commits."""
    told = []
    monkeypatch.setattr(events, "publish", lambda event: transaction.on_commit(lambda: told.append(event)))
    return told


def book():
    """The actions in the book, oldest first."""
    return list(AuditEntry.objects.values_list("action", flat=True))


def history(run):
    """What the history of a run tells, oldest first."""
    return list(Event.objects.filter(run=run).values_list("kind", flat=True))


def ledger(run):
    """What became of each call, by its id."""
    return dict(run.tool_calls.values_list("call_id", "status"))


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only where a test lets it."""
    return Traveller(monkeypatch)
