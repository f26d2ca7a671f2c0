"""The clock's signs of life."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from reviews import pulse


@pytest.fixture
def later(monkeypatch):
    """Lets time pass."""

    def later(**span):
        moment = timezone.now() + timedelta(**span)
        monkeypatch.setattr(pulse.timezone, "now", lambda: moment)

    return later


class TestBeats:
    def test_is_no_before_the_first_sweep(self):
        assert pulse.last_sweep() is None
        assert not pulse.beats()

    def test_is_yes_after_one(self):
        pulse.note_sweep()

        assert pulse.beats()
        assert timezone.now() - pulse.last_sweep() < timedelta(seconds=30)

    def test_is_no_when_the_last_one_is_long_ago(self, later):
        pulse.note_sweep()
        later(seconds=31)

        assert not pulse.beats()
        assert pulse.last_sweep() is not None

    def test_waits_through_a_few_sweeps_that_are_late(self, later):
        pulse.note_sweep()
        later(seconds=20)

        assert pulse.beats()

    def test_is_no_where_the_cache_holds_nonsense(self):
        cache.set(pulse.SWEEP, 7)

        assert not pulse.beats()


class TestLastRound:
    def test_is_remembered_longer_than_the_next_one_takes_to_come(self, settings, later):
        settings.FOUREYES_WATCHDOG_SECONDS = 600
        pulse.note_round()
        later(seconds=599)

        assert pulse.last_round() is not None

    def test_is_not_a_sweep(self):
        pulse.note_round()

        assert pulse.last_sweep() is None
