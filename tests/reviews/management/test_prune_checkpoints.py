"""manage.py prune_checkpoints: what the clock does, at once and round by round."""

from datetime import timedelta

import pytest
from django.utils import timezone

from reviews.actions import checkpoints, gates
from reviews.management.cli import Misused
from reviews.models import AuditEntry, Checkpoint, Run
from reviews.states import Ruling
from tests import factories
from tests.reviews.management.shell import call, told


@pytest.fixture
def over(db, settings, monkeypatch):
    """A run that ended ten days ago, with four checkpoints; a round removes two."""
    settings.FOUREYES_KEEP_ALL_CHECKPOINTS = True
    monkeypatch.setattr(checkpoints, "ROUND", 2)
    run = factories.leased()
    for _ in range(4):
        gates.park(run, factories.state(), [factories.proposal(ruling=Ruling.LET_THROUGH)])
    gates.complete(run, "done", usage={})
    Run.objects.filter(pk=run.pk).update(finished_at=timezone.now() - timedelta(days=10))


class TestPruneCheckpoints:
    def test_goes_on_until_nothing_is_left_to_remove(self, over):
        assert told("prune_checkpoints", "--days", 9) == {"removed": 3, "days": 9}
        assert Checkpoint.objects.get().number == 4
        assert AuditEntry.objects.filter(action="checkpoints.pruned", actor="system").count() == 2

    def test_takes_the_days_of_the_setting(self, over, settings):
        settings.FOUREYES_CHECKPOINT_DAYS = 11
        assert call("prune_checkpoints") == "Removed 0 checkpoints of runs that ended over 11 days ago.\n"
        assert Checkpoint.objects.count() == 4

    def test_removes_nothing_where_nobody_said_how_old(self, over, settings):
        settings.FOUREYES_CHECKPOINT_DAYS = None
        with pytest.raises(Misused, match="FOUREYES_CHECKPOINT_DAYS"):
            call("prune_checkpoints")
        assert Checkpoint.objects.count() == 4

    @pytest.mark.parametrize("days", [0, -1, 36_501])
    def test_takes_no_nonsense(self, over, days):
        with pytest.raises(Misused, match="between 1 and 36500"):
            call("prune_checkpoints", f"--days={days}")
        assert Checkpoint.objects.count() == 4
