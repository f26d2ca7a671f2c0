"""One loop per worker thread, and the thread itself for what must not run on it."""

import asyncio
import os
import threading
from contextvars import ContextVar

import pytest

from agents_runtime.sdk import bridge

word: ContextVar[str] = ContextVar("word", default="")


async def loop_of() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


class TestRun:
    def test_keeps_the_loop_from_one_work_to_the_next(self):
        assert bridge.run(loop_of()) is bridge.run(loop_of())

    def test_gives_every_thread_a_loop_of_its_own(self):
        loops = [bridge.run(loop_of())]
        other = threading.Thread(target=lambda: loops.append(bridge.run(loop_of())))
        other.start()
        other.join()

        assert loops[0] is not loops[1]

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
