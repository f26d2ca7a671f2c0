"""From a queued run to a message for the workers."""

import socket
import time
from uuid import UUID, uuid4

import pytest
from kombu import Connection
from kombu.pools import producers

from agents_runtime import dispatch, tasks
from hitl_site import celery
from reviews import events
from tests import factories
from tests.stack import forget_tasks


@pytest.fixture
def broker():
    """An empty queue on the real broker."""
    forget_tasks()
    yield
    forget_tasks()


def waiting_tasks() -> list[list[str]]:
    """The arguments of all tasks on the queue, the oldest first."""
    with celery.app.connection_for_read() as connection:
        queue = connection.SimpleQueue(celery.app.conf.task_default_queue)
        messages = iter(lambda: _next(queue), None)
        return [message.payload[0] for message in messages]


def _next(queue):
    try:
        return queue.get(block=False)
    except queue.Empty:
        return None


def address(listening: socket.socket) -> str:
    """Where a client of Redis would look for it."""
    if listening.family == socket.AF_UNIX:
        return f"redis+socket://{listening.getsockname()}"
    return f"redis://127.0.0.1:{listening.getsockname()[1]}/0"


class TestSend:
    def test_puts_the_run_on_the_queue(self, broker):
        run_id = uuid4()

        dispatch.send(events.RunQueued(run_id))

        assert waiting_tasks() == [[str(run_id)]]

    def test_loses_no_more_than_time_when_the_broker_is_away(self, monkeypatch, caplog):
        away = Connection("redis://127.0.0.1:1/0", transport_options={"max_retries": 0})
        monkeypatch.setattr(dispatch, "_broker", lambda: away)
        begun = time.monotonic()

        dispatch.send(events.RunQueued(UUID(int=7)))

        assert time.monotonic() - begun < 2
        assert "the clock will do it" in caplog.text

    def test_takes_a_connection_that_gives_up_at_once(self):
        assert dispatch._broker().transport_options["max_retries"] == 0

    @pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_UNIX])
    def test_waits_no_longer_for_one_that_listens_and_is_silent(self, family, tmp_path, monkeypatch, caplog):
        monkeypatch.setattr(dispatch, "PATIENCE", 0.2)
        with socket.socket(family) as silent:
            silent.bind(str(tmp_path / "redis") if family == socket.AF_UNIX else ("127.0.0.1", 0))
            silent.listen()
            url = address(silent)
            hurry = dispatch._broker.__wrapped__().transport_options
            monkeypatch.setattr(dispatch, "_broker", lambda: Connection(url, transport_options=hurry))
            begun = time.monotonic()

            dispatch.send(events.RunQueued(UUID(int=7)))

        assert time.monotonic() - begun < 2
        assert "the clock will do it" in caplog.text

    def test_waits_no_longer_behind_those_who_wait(self, monkeypatch, caplog):
        busy = Connection("memory://busy")
        monkeypatch.setattr(dispatch, "PATIENCE", 0.1)
        monkeypatch.setattr(dispatch, "_broker", lambda: busy)
        pool = producers[busy]
        taken = [pool.acquire() for _ in range(pool.limit)]

        dispatch.send(events.RunQueued(UUID(int=7)))

        assert "the clock will do it" in caplog.text
        for one in taken:
            one.release()


class TestConnect:
    def test_announces_a_run_once_its_row_is_committed(self, broker, db, django_capture_on_commit_callbacks):
        dispatch.connect()
        with django_capture_on_commit_callbacks(execute=True):
            run = factories.run()
            assert waiting_tasks() == []

        assert waiting_tasks() == [[str(run.pk)]]

    def test_sends_one_message_however_often_it_was_called(self, broker, db, django_capture_on_commit_callbacks):
        dispatch.connect()
        dispatch.connect()
        with django_capture_on_commit_callbacks(execute=True):
            factories.run()

        assert len(waiting_tasks()) == 1
        assert tasks.advance_run.name == "agents_runtime.tasks.advance_run"
