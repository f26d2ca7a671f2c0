"""Worker and clock, as far as one process shows; tests/test_stack.py has the rest."""

import signal
import warnings

import pytest
from celery import signals
from celery.exceptions import CPendingDeprecationWarning
from celery.worker.consumer.consumer import CANCEL_TASKS_BY_DEFAULT

import agents_runtime.tasks  # noqa: F401  (a worker finds it by itself: tests/test_stack.py)
from hitl_site import celery
from hitl_site.supervisor import parts


class TestApp:
    def test_knows_every_task_that_the_clock_names(self):
        named = {entry["task"] for entry in celery.app.conf.beat_schedule.values()}

        assert named <= set(celery.app.tasks)

    def test_lets_no_tick_wait_for_long(self):
        for name, entry in celery.app.conf.beat_schedule.items():
            longest = {"prune": 300, "watch": 300}.get(
                name, 5
            )  # seconds: the clock takes back lost runs and fires what is due
            assert entry["schedule"] <= longest
            assert entry["options"]["expires"] <= max(longest, 60), "old ticks must not pile up meanwhile"

    def test_leaves_what_the_clock_names_to_the_clocks_own_worker(self):
        for entry in celery.app.conf.beat_schedule.values():
            assert celery.app.conf.task_routes[entry["task"]] == {"queue": "foureyes.clock"}

    def test_delivers_at_least_once(self):
        conf = celery.app.conf

        assert conf.task_acks_late and conf.task_reject_on_worker_lost
        assert conf.worker_prefetch_multiplier == 1, "a waiting run belongs to whichever worker is free first"
        assert not conf.task_always_eager

    def test_lets_the_clock_wait_behind_no_agent(self):
        for entry in celery.app.conf.beat_schedule.values():
            queue = celery.app.amqp.router.route({}, entry["task"])["queue"].name
            assert queue in parts.clock().argv
            assert queue != celery.app.conf.task_default_queue

    def test_takes_json_only(self):
        assert set(celery.app.conf.accept_content) == {"json"}


class TestExpectALostBroker:
    def test_hears_nothing_of_the_setting_that_would_throw_runs_away_and_all_else(self):
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            celery.expect_a_lost_broker()
            warnings.warn(CANCEL_TASKS_BY_DEFAULT, CPendingDeprecationWarning, stacklevel=1)
            warnings.warn("Something else is going to change.", CPendingDeprecationWarning, stacklevel=1)

        assert [str(one.message) for one in heard] == ["Something else is going to change."]
        assert not celery.app.conf.worker_cancel_long_running_tasks_on_connection_loss


class TestDieWithTheWorker:
    @pytest.mark.parametrize("born", [signals.worker_process_init, signals.beat_embedded_init])
    def test_ties_each_process_that_a_worker_starts(self, monkeypatch, born):
        tied = []
        monkeypatch.setattr(celery.child, "tie_to_parent", lambda *how: tied.append(how))
        monkeypatch.setattr(celery.os, "getppid", lambda: 4711)
        born.send(sender=None)

        assert tied == [(signal.SIGKILL, 4711)]
