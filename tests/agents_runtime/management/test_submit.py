"""manage.py submit: it starts a run, and waits for it if asked."""

import time

import pytest

from reviews.actions import gates, leases, runs
from reviews.management.cli import Misused, Refused
from reviews.models import Run
from tests import factories
from tests.reviews.management.shell import call, noted, told


@pytest.fixture(autouse=True)
def clerk(queue):
    return factories.card("clerk")


@pytest.fixture
def meanwhile(monkeypatch):
    """Let the run be worked on while the command sleeps; returns the naps it took."""

    def arrange(*steps):
        naps, left = [], list(steps)

        def sleep(seconds):
            naps.append(seconds)
            if left:
                left.pop(0)(Run.objects.get())

        monkeypatch.setattr(time, "sleep", sleep)
        return naps

    return arrange


def take(run):
    leases.take(run.pk, worker="worker-1")


def finish(run):
    gates.complete(run, "All good.", usage={})


def break_down(run):
    gates.fail(run, "model_error", "The model is away.")


class TestSubmit:
    def test_queues_a_run_of_the_system(self):
        run = told("submit", "clerk", "Refund O-1.")

        row = Run.objects.get()
        assert (run["id"], run["status"], run["agent"]) == (str(row.pk), "queued", "clerk")
        assert (run["input"], run["started_by"], run["interventions"]) == ("Refund O-1.", None, [])
        assert row.started_by is None

    def test_queues_a_run_of_a_person(self, alice):
        assert told("submit", "clerk", "Refund O-1.", "--as", "alice")["started_by"] == "alice"

    def test_tells_people_how_to_follow_it(self):
        page = call("submit", "clerk", "Refund O-1.")

        run = Run.objects.get()
        assert f"Queued run {run.pk}" in page
        assert f"manage.py show {str(run.pk)[:8]}" in page

    def test_refuses_an_agent_nobody_registered(self):
        with pytest.raises(Refused, match="No agent is registered as 'nobody'") as refused:
            call("submit", "nobody", "x")
        assert (refused.value.code, refused.value.returncode) == ("unknown_agent", 1)

    def test_refuses_an_empty_input(self):
        with pytest.raises(Refused) as refused:
            call("submit", "clerk", "  ")
        assert set(refused.value.more["errors"]) == {"input"}

    def test_lets_charlie_start_nothing(self, charlie):
        with pytest.raises(Refused) as refused:
            call("submit", "clerk", "x", "--as", "charlie")
        assert refused.value.code == "permission"
        assert (
            str(refused.value) == "charlie may not operate runs of the queue “Support”."
        )  # as docs/reference/cli.md says
        assert not Run.objects.exists()

    @pytest.mark.parametrize(
        "words",
        [(), ("clerk",), ("clerk", "x", "--timeout", "3"), ("clerk", "x", "--wait", "--timeout", "-1")]
        + [("clerk", "x", "--wait", "--timeout", word) for word in ("nan", "inf", "soon")],
    )
    def test_calls_bad_words_bad_usage(self, words):
        with pytest.raises(Misused) as misused:
            call("submit", *words)
        assert misused.value.returncode == 2
        assert not Run.objects.exists()


class TestWait:
    def test_returns_the_result_of_a_run_that_completed(self, meanwhile):
        meanwhile(take, finish)

        run = told("submit", "clerk", "x", "--wait")

        assert (run["status"], run["result"]) == ("completed", "All good.")

    def test_returns_the_questions_of_a_run_that_waits_for_review(self, meanwhile):
        meanwhile(take, factories.question)

        run = told("submit", "clerk", "x", "--wait")

        assert run["status"] == "awaiting_review"
        assert [asked["tool"] for asked in run["interventions"]] == ["issue_refund"]

    def test_returns_when_somebody_pauses_the_run(self, meanwhile, alice):
        meanwhile(lambda run: runs.pause(run.pk, by=alice))

        assert told("submit", "clerk", "x", "--wait")["status"] == "paused"

    def test_tells_people_each_status_and_the_questions(self, meanwhile):
        meanwhile(take, factories.question)
        assert noted("submit", "clerk", "x", "--wait").splitlines() == ["Queued …", "Running …", "Waiting for review"]

    def test_shows_people_the_questions(self, meanwhile):
        meanwhile(take, factories.question)
        assert "Refund 4820 to C-88213" in call("submit", "clerk", "x", "--wait")

    def test_refuses_with_the_run_when_it_failed(self, meanwhile):
        meanwhile(take, break_down)

        with pytest.raises(Refused, match="failed: The model is away") as refused:
            call("submit", "clerk", "x", "--wait", "--json")
        assert (refused.value.code, refused.value.returncode) == ("run_failed", 1)
        assert refused.value.more["run"]["error_code"] == "model_error"

    def test_refuses_with_the_run_when_it_was_stopped(self, meanwhile, alice):
        meanwhile(lambda run: runs.stop(run.pk, by=alice))

        with pytest.raises(Refused) as refused:
            call("submit", "clerk", "x", "--wait")
        assert refused.value.code == "run_stopped"

    def test_gives_up_in_time_and_doubts_that_a_worker_runs(self):
        with pytest.raises(Refused, match="still queued after 0 seconds. No worker has taken it") as refused:
            call("submit", "clerk", "x", "--wait", "--timeout", "0")
        assert (refused.value.code, refused.value.more["run"]["status"]) == ("timeout", "queued")

    def test_looks_less_often_as_time_goes_by(self, meanwhile):
        naps = meanwhile(take, *[lambda run: None] * 5, finish)

        call("submit", "clerk", "x", "--wait")

        assert naps == sorted(naps)
        assert (naps[0], naps[-1]) == (0.1, 1.0)
