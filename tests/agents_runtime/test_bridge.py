"""One loop for all runs of a process, and each run's own thread for what must not run on it."""

import asyncio
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections

from agents_runtime.sdk import bridge

PATIENCE = 60
"""Seconds until works that wait for each other fail the test instead of hanging it."""
word: ContextVar[str] = ContextVar("word", default="")


async def loop_of() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def at_once(works):
    """Run each in a thread of its own, as the runs of one worker; what they return."""
    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(lambda work: bridge.run(work()), works))


class Gate:
    """Opens once so many stand before it."""

    def __init__(self, parties):
        self._left = parties
        self._opened = asyncio.Event()

    async def pass_together(self):
        self._left -= 1
        if not self._left:
            self._opened.set()
        return await asyncio.wait_for(self._opened.wait(), PATIENCE)


class TestRun:
    def test_keeps_the_loop_from_one_work_to_the_next(self):
        assert bridge.run(loop_of()) is bridge.run(loop_of())

    def test_shares_it_among_all_threads_of_the_process(self):
        loops = at_once([loop_of, loop_of])

        assert loops[0] is loops[1]

    def test_carries_many_at_once(self):
        here = Gate(20)

        assert at_once([here.pass_together] * 20) == [True] * 20

    def test_hands_the_context_to_the_work(self):
        async def said() -> str:
            return word.get()

        token = word.set("hello")
        assert bridge.run(said()) == "hello"
        word.reset(token)

    @pytest.mark.parametrize("error", [ValueError("odd"), SystemExit(3), KeyboardInterrupt()])
    def test_raises_what_the_work_raises_and_survives_it(self, error):
        async def fail() -> None:
            raise error

        with pytest.raises(type(error)):
            bridge.run(fail())

        assert bridge.run(loop_of()).is_running()

    def test_leaves_no_straggler_behind(self):
        ended = threading.Event()

        async def straggle() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        async def work() -> asyncio.Task[None]:
            task = asyncio.create_task(straggle())
            await asyncio.sleep(0)
            return task

        task = bridge.run(work())

        assert ended.is_set()
        assert task.cancelled()

    def test_works_in_a_forked_child_as_in_its_parent(self):
        bridge.run(loop_of())
        child = os.fork()
        if child == 0:
            os._exit(0 if bridge.run(loop_of()).is_running() else 1)

        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0


class TestSharing:
    """What belongs to one work is neither ended nor held up by another's."""

    def test_ends_no_task_of_another(self):
        ended, both = [], Gate(2)

        async def long():
            task = asyncio.create_task(both.pass_together())
            await asyncio.get_running_loop().run_in_executor(None, short_is_over.wait, PATIENCE)
            return await task

        async def short():
            await both.pass_together()

        short_is_over = threading.Event()
        thread = threading.Thread(target=lambda: ended.append(bridge.run(long())))
        thread.start()
        bridge.run(short())
        short_is_over.set()
        thread.join(PATIENCE)

        assert ended == [True]

    def test_gives_a_hanging_tool_no_thread_of_another(self):
        hang = threading.Event()

        async def hanging():
            await asyncio.gather(*(asyncio.to_thread(hang.wait, PATIENCE) for _ in range(40)))

        thread = threading.Thread(target=lambda: bridge.run(hanging()))
        thread.start()

        async def quick():
            return await asyncio.wait_for(asyncio.to_thread(lambda: "quick"), PATIENCE / 2)

        assert bridge.run(quick()) == "quick"
        hang.set()
        thread.join(PATIENCE)

    def test_ends_with_the_database_connections_of_its_threads(self, transactional_db):
        opened = []

        def query():
            connection.ensure_connection()
            opened.append(connections["default"])

        async def work():
            await asyncio.to_thread(query)
            await sync_to_async(query)()

        bridge.run(work())

        assert len(opened) == 2
        assert [one.connection for one in opened] == [None, None]

    def test_lends_its_own_connection_to_others_while_it_waits(self, transactional_db, monkeypatch):
        monkeypatch.setattr(bridge, "IDLE", 0.001)
        connection.ensure_connection()

        async def think():
            deadline = time.monotonic() + PATIENCE
            while connection_of_thread.connection is not None and time.monotonic() < deadline:
                await asyncio.sleep(0.001)

        connection_of_thread = connections["default"]
        bridge.run(think())

        assert connection_of_thread.connection is None

    def test_keeps_its_connection_in_the_middle_of_a_transaction(self, db, monkeypatch):
        monkeypatch.setattr(bridge, "IDLE", 0.001)
        bridge.run(asyncio.sleep(0.05))

        assert connection.connection is not None


class TestCallBack:
    def test_runs_on_the_thread_that_waits(self):
        async def where() -> int:
            return await bridge.call_back(threading.get_ident)

        assert bridge.run(where()) == threading.get_ident()

    @pytest.mark.parametrize("error", [ValueError("odd"), SystemExit(3)])
    def test_raises_where_it_was_asked(self, error):
        def fail() -> None:
            raise error

        async def ask() -> str:
            try:
                await bridge.call_back(fail)
            except BaseException as caught:
                return type(caught).__name__
            return "nothing"

        assert bridge.run(ask()) == type(error).__name__

    def test_of_many_at_once_come_one_after_the_other(self):
        inside: list[int] = []

        def alone(number: int) -> int:
            inside.append(number)
            assert len(inside) == 1
            return inside.pop()

        async def ask() -> list[int]:
            return await asyncio.gather(*(bridge.call_back(alone, number) for number in range(50)))

        assert bridge.run(ask()) == list(range(50))
