"""Two clocks whose watchdogs go their rounds at the same moment."""

from datetime import timedelta

import pytest
from django.utils import timezone

from reviews.actions import watchdog
from reviews.models import AuditEntry, Finding, Run
from tests import factories
from tests.races.conftest import race, split


def lose(number):
    """That many runs whose workers died long ago, with no clock to notice."""
    for _ in range(number):
        factories.leased()
    Run.objects.update(lease_expires_at=timezone.now() - timedelta(hours=1))


def acts(action):
    return AuditEntry.objects.filter(action=action).count()


@pytest.mark.both
class TestTwoWatchdogs:
    @pytest.mark.parametrize("_", range(3))
    def test_open_each_finding_once(self, db, _):
        lose(5)
        won, lost = split(race(*[watchdog.go_round] * 4))

        assert (won, lost) == ([5] * 4, [])
        assert Finding.objects.open().count() == acts("watchdog.found") == 5

    @pytest.mark.parametrize("_", range(3))
    def test_clear_each_finding_once(self, db, _):
        lose(5)
        watchdog.go_round()
        Run.objects.update(lease_expires_at=timezone.now() + timedelta(hours=1))
        won, lost = split(race(*[watchdog.go_round] * 4))

        assert (won, lost) == ([0] * 4, [])
        assert not Finding.objects.open().exists()
        assert acts("watchdog.cleared") == 5
