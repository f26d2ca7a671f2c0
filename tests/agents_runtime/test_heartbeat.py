"""The leases of a process are kept while their runs are worked on, and each run hears at once when it must end."""

import threading

import pytest
from django.db import OperationalError

from agents_runtime import heartbeat as module
from agents_runtime import leaving
from agents_runtime.heartbeat import Heartbeat
from reviews.actions import leases, runs
from reviews.models import Run
from tests import factories

SOON = 20  # seconds: only a broken heartbeat waits so long


@pytest.fixture
def quick(settings):
    """A lease whose third is a moment."""
    settings.FOUREYES_LEASE_SECONDS = 0.03


@pytest.fixture
def notice(monkeypatch):
    """The word to stop, for this test alone."""
    monkeypatch.setattr(leaving, "notice", leaving.Notice())
    return leaving.notice


def hears(recall):
    """Waits until the run is told, and gives what it is told."""
    told = threading.Event()
    with recall.heard_by(told.set):
        if not recall.why:
            assert told.wait(SOON)
    return recall.why


class TestKeep:
    def test_renews_the_leases_in_the_database(self, transactional_db, quick, monkeypatch):
        held = [factories.leased(), factories.leased()]
        Run.objects.update(lease_expires_at=held[0].created_at)
        renewed, renew = threading.Event(), leases.renew
        monkeypatch.setattr(leases, "renew", lambda *runs: (renew(*runs), len(runs) == 2 and renewed.set())[0])
        heart = Heartbeat()

        with heart.keep(held[0]) as first, heart.keep(held[1]) as second:
            assert renewed.wait(SOON)

        assert not Run.objects.filter(lease_expires_at=held[0].created_at).exists()
        assert (first.why, second.why) == ("", "")

    def test_needs_one_thread_for_all_runs(self, transactional_db, quick):
        heart = Heartbeat()
        with heart.keep(factories.leased()), heart.keep(factories.leased()):
            thread = heart._thread
        with heart.keep(factories.leased()):
            assert heart._thread is thread

    def test_tells_the_one_run_that_was_stopped(self, transactional_db, quick, alice):
        stopped, other = factories.leased(), factories.leased()
        heart = Heartbeat()

        with heart.keep(stopped) as recall, heart.keep(other) as another:
            runs.stop(stopped.pk, by=alice)
            assert "taken away" in hears(recall)
            assert another.why == ""

    def test_looks_more_often_than_it_renews(self, transactional_db, settings, monkeypatch, alice):
        settings.FOUREYES_LEASE_SECONDS = 3600
        monkeypatch.setattr(module, "LOOK", 0.01)
        run, heart = factories.leased(), Heartbeat()
        expires = Run.objects.get(pk=run.pk).lease_expires_at

        with heart.keep(run) as recall:
            runs.stop(run.pk, by=alice)
            assert "taken away" in hears(recall)

        assert expires  # the lease would have stood for an hour

    def test_tells_a_run_apart_from_its_next_lease(self, transactional_db, quick, alice):
        old, heart = factories.leased(), Heartbeat()

        with heart.keep(old) as before:
            leases.hand_back(old)
            with heart.keep(factories.leased(old)) as after:
                assert "taken away" in hears(before)
                assert after.why == ""

    def test_survives_a_failed_beat(self, quick, monkeypatch, caplog):
        beats, again = iter([OperationalError("gone"), KeyError("odd")]), threading.Event()

        def renew(*held):
            for error in beats:
                raise error
            again.set()
            return {None}

        monkeypatch.setattr(leases, "renew", renew)
        monkeypatch.setattr(leases, "kept", renew)
        with Heartbeat().keep(Run()) as recall:
            assert again.wait(SOON)

        assert "could not be renewed" in caplog.text and "a heartbeat failed" in caplog.text
        assert recall.why == ""


class TestTheOrderToStop:
    def test_reaches_a_run_once_its_time_is_up(self, transactional_db, quick, settings, notice):
        settings.FOUREYES_STOP_SECONDS = 0
        with Heartbeat().keep(factories.leased()) as recall:
            notice.give()
            assert "stops" in hears(recall)

    def test_is_heard_by_everybody_and_for_good(self, notice):
        assert not notice.given()
        notice.give()
        assert notice.given() and notice.given(within=1)


def test_a_run_that_ended_has_no_lease_to_renew(db):
    run = factories.leased()
    leases.hand_back(run)

    assert leases.renew(Run.objects.get(pk=run.pk)) == set()
