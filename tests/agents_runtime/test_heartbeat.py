"""A lease is kept alive while its run is worked on, and no longer."""

import threading

import pytest
from django.db import OperationalError

from agents_runtime.heartbeat import Heartbeat
from reviews.actions import leases
from reviews.models import Run
from reviews.states import RunStatus
from tests import factories

SOON = 10  # seconds: only a broken heartbeat waits so long


@pytest.fixture
def quick(settings):
    """A lease whose third is a moment."""
    settings.FOUREYES_LEASE_SECONDS = 0.03


class Beats:
    """Stands in for `leases.renew`, says what the test tells it to, and counts."""

    def __init__(self, monkeypatch, *says):
        self._says = iter(says)
        self.count = 0
        self.over = threading.Event()
        monkeypatch.setattr(leases, "renew", self.renew)

    def renew(self, run):
        self.count += 1
        said = next(self._says, None)
        if said is None:
            self.over.set()
            return True
        if isinstance(said, Exception):
            raise said
        return said


class TestHeartbeat:
    def test_renews_the_lease_in_the_database(self, transactional_db, settings, monkeypatch):
        run = factories.leased()
        settings.FOUREYES_LEASE_SECONDS = 0.03
        Run.objects.filter(pk=run.pk).update(lease_expires_at=run.created_at)
        renewed = threading.Event()
        renew = leases.renew
        monkeypatch.setattr(leases, "renew", lambda run: renew(run) and (renewed.set() or True))

        with Heartbeat(run):
            assert renewed.wait(SOON)

        assert Run.objects.get(pk=run.pk).lease_expires_at > run.created_at

    def test_beats_until_the_work_is_done(self, monkeypatch, quick):
        beats = Beats(monkeypatch, True, True)

        with Heartbeat(Run()):
            assert beats.over.wait(SOON)

        count = beats.count
        assert count >= 3
        assert not any(thread.name.startswith("lease") for thread in threading.enumerate())

    def test_stops_when_the_run_was_taken_away(self, monkeypatch, quick, caplog):
        beats = Beats(monkeypatch, True, False, True)

        with Heartbeat(Run()) as heartbeat:
            heartbeat._thread.join(SOON)
            assert not heartbeat._thread.is_alive()

        assert (beats.count, heartbeat.lost.is_set()) == (2, True)
        assert "was taken away" in caplog.text

    def test_goes_on_when_the_database_was_away_for_a_moment(self, monkeypatch, quick, caplog):
        beats = Beats(monkeypatch, OperationalError("gone"), True)

        with Heartbeat(Run()) as heartbeat:
            assert beats.over.wait(SOON)

        assert "could not be renewed" in caplog.text
        assert not heartbeat.lost.is_set()

    def test_ends_with_the_work_that_fails(self, monkeypatch, quick):
        Beats(monkeypatch)

        with pytest.raises(ZeroDivisionError), Heartbeat(Run()) as heartbeat:
            raise ZeroDivisionError

        assert not heartbeat._thread.is_alive()

    def test_does_not_beat_for_short_work(self, monkeypatch, settings):
        settings.FOUREYES_LEASE_SECONDS = 60
        beats = Beats(monkeypatch)

        with Heartbeat(Run()):
            pass

        assert beats.count == 0


def test_a_run_that_ended_has_no_lease_to_renew(db):
    run = factories.leased()
    Run.objects.filter(pk=run.pk).update(status=RunStatus.QUEUED, lease=None)

    assert leases.renew(run) is False
