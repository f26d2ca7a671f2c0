"""From submit to the end of the run by the command line alone, with a real worker on real parts."""

import json
import time

import pytest

from reviews.models import Run
from reviews.states import RunStatus
from tests.reviews.management.shell import manage

INPUT = "Customer C-88213 reports a duplicate charge on order O-30912."


@pytest.fixture
def desk(live, alice, charlie):
    return live


def told(*words):
    done = manage(*words, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def followed(run_id):
    """The run, shown once it has ended."""
    deadline = time.monotonic() + 60
    while Run.objects.get(pk=run_id).status in (RunStatus.QUEUED, RunStatus.RUNNING):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return told("show", run_id)


class TestWholeStory:
    def test_an_edited_refund_is_paid_as_edited_and_the_model_is_told(self, desk):
        waiting = told("submit", "refunds", INPUT, "--as", "alice", "--wait")
        assert waiting["status"] == "awaiting_review"

        (asked,) = told("inbox", "--as", "alice")
        assert (asked["run"], asked["agent"], asked["tool"]) == (waiting["id"], "refunds", "issue_refund")
        less = asked["arguments"] | {"amount": 12.5}
        told("decide", asked["id"], "edit", "--as", "alice", "--arguments", json.dumps(less))

        run = followed(waiting["id"])
        assert run["status"] == "completed"
        refund = next(call for call in run["tool_calls"] if call["tool"] == "issue_refund")
        assert (refund["proposed"], refund["executed"]) == (asked["arguments"], less)
        assert "12.50" in refund["output"]
        assert "12.50" in str(run["result"])
        assert told("inbox", "--as", "charlie") == []
        assert told("verify_audit")["ok"]
