"""A tool that asks the database keeps no connection that others need."""

import threading
from concurrent.futures import Future

import pytest
from agents import function_tool
from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async
from django.db import OperationalError, connection, connections, transaction

from agents_runtime.sdk import bridge
from agents_runtime.sdk import threads as tool_threads
from agents_runtime.sdk.threads import SPARE, ToolThreads, most, query_here
from hitl_site.databases import CONNECTIONS_PER_PROCESS
from reviews.models import Queue
from reviews.states import RunStatus
from tests.agents_runtime import play

used = []


@function_tool
def count_queues() -> str:
    """Count them, as a tool of any Django project would."""
    used.append(connections["default"])
    return str(Queue.objects.count())


@function_tool
async def count_queues_later() -> str:
    """Count them without a thread of one's own."""
    count = await Queue.objects.acount()
    used.append(await sync_to_async(connections.__getitem__)("default"))
    return str(count)


@pytest.fixture(autouse=True)
def fresh():
    used.clear()


def is_open(one) -> bool:
    return one.connection is not None


@pytest.mark.django_db(transaction=True)
class TestRuns:
    @pytest.mark.parametrize("tool", [count_queues, count_queues_later], ids=lambda tool: tool.name)
    def test_give_every_connection_back(self, stage, tool):
        """More runs than there are connections: what one of them kept, the last would wait for in vain."""
        for _ in range(CONNECTIONS_PER_PROCESS + 2):
            run = stage.start(lambda: play.agent(play.first(play.call(tool.name)), tool))
            assert (run.status, run.result) == (RunStatus.COMPLETED, "c1: 1")

        assert used and not any(map(is_open, used))

    def test_wait_for_each_other_rather_than_take_what_the_worker_needs(self, stage):
        calls = [play.call("count_queues", f"c{number}") for number in range(2 * CONNECTIONS_PER_PROCESS)]

        run = stage.start(lambda: play.agent(play.first(*calls), count_queues))

        assert run.status == RunStatus.COMPLETED
        assert run.result.count(": 1") == len(calls)
        assert not any(map(is_open, used))


@pytest.mark.django_db(transaction=True)
class TestToolThreads:
    def test_let_go_after_each_job(self):
        with ToolThreads() as threads:
            one = threads.submit(lambda: (Queue.objects.count(), connections["default"])[1]).result()

        assert one is not connection and not is_open(one)

    def test_let_go_after_a_job_that_fails(self):
        def fail():
            used.append(connections["default"])
            Queue.objects.count()
            raise ValueError("odd")

        with ToolThreads() as threads, pytest.raises(ValueError, match="odd"):
            threads.submit(fail).result()

        assert not is_open(used[0])

    def test_hand_arguments_and_result_through(self):
        with ToolThreads() as threads:
            assert threads.submit(sorted, [1, 2], reverse=True).result() == [2, 1]

    def test_do_not_cut_a_transaction_short(self):
        """One that a tool begins in one job and ends in another, such as a library's own block."""
        with ToolThreads() as threads:
            threads._max_workers = 1
            block = transaction.atomic()
            threads.submit(block.__enter__).result()
            one = threads.submit(lambda: connections["default"]).result()
            assert is_open(one)
            threads.submit(block.__exit__, None, None, None).result()

        assert not is_open(one)


@pytest.fixture
def lent(monkeypatch):
    """Slots of this test's own; calling it sets how many connections tools get, whatever the stack has."""
    monkeypatch.setattr(tool_threads, "_lent", {})
    return lambda limit: monkeypatch.setattr(tool_threads, "most", lambda alias: limit)


@pytest.mark.django_db(transaction=True)
class TestConnectionsOfTools:
    """Those of all advances of the process together: the pool is one for them all."""

    def test_are_fewer_than_the_process_has_however_many_advances_there_are(self, lent):
        lent(2)
        holding, going = threading.Semaphore(0), threading.Event()

        def hold() -> int:
            count = Queue.objects.count()
            holding.release()
            assert going.wait(20)
            return count

        advances = [ToolThreads() for _ in range(4)]
        jobs: list[Future[int]] = [one.submit(hold) for one in advances]
        assert holding.acquire(timeout=20) and holding.acquire(timeout=20)
        assert not holding.acquire(timeout=0.3)  # a third would be one of the worker's

        going.set()
        assert [job.result(20) for job in jobs] == [Queue.objects.count()] * 4

    def test_say_what_to_do_where_none_comes_back(self, lent, monkeypatch):
        lent(1)
        monkeypatch.setattr(tool_threads, "PATIENCE", 0.05)
        going = threading.Event()

        def hold() -> None:
            Queue.objects.count()
            started.set()
            going.wait(20)

        started = threading.Event()
        with ToolThreads() as one, ToolThreads() as other:
            one.submit(hold)
            assert started.wait(20)
            with pytest.raises(OperationalError, match="raise DATABASE_CONNECTIONS"):
                other.submit(Queue.objects.count).result(20)
            going.set()

        with ToolThreads() as later:
            assert later.submit(Queue.objects.count).result(20) == Queue.objects.count()

    def test_are_not_used_up_by_connecting_in_vain(self, lent, monkeypatch):
        lent(1)
        wrapper = type(connections["default"])
        opening, away = wrapper.get_new_connection, [True] * 3

        def open_or_fail(self, params):
            if away:
                away.pop()
                raise OperationalError("no server")
            return opening(self, params)

        monkeypatch.setattr(wrapper, "get_new_connection", open_or_fail)
        with ToolThreads(1) as threads:
            while away:
                with pytest.raises(OperationalError, match="no server"):
                    threads.submit(Queue.objects.count).result(20)
            assert threads.submit(Queue.objects.count).result(20) == 0

    def test_of_asynchronous_queries_count_too_and_are_given_back(self, lent):
        lent(1)
        seen = []

        async def work() -> None:
            for _ in range(3):
                await Queue.objects.acount()
                seen.append(await sync_to_async(connections.__getitem__)("default"))

        bridge.run(work())

        assert len(set(map(id, seen))) == 1 and not any(map(is_open, seen))
        assert "get_new_connection" in vars(seen[0])  # it is counted


@pytest.mark.django_db(transaction=True)
class TestQueries:
    def test_start_no_thread_before_the_first(self):
        @async_to_sync
        async def work() -> int:
            before = threading.active_count()
            async with ThreadSensitiveContext() as context:
                query_here(context)
                return threading.active_count() - before

        assert work() == 0


class TestMost:
    @pytest.mark.parametrize(
        ("pool", "size"),
        [({"max_size": 10}, 6), ({"min_size": 8}, 4), ({"max_size": 3}, 1), (True, 1), (None, None), ({}, None)],
        ids=str,
    )
    def test_is_below_what_the_pool_has(self, monkeypatch, pool, size):
        monkeypatch.setitem(connections.settings["default"], "OPTIONS", {"pool": pool})

        assert most("default") == size

    def test_leaves_what_the_worker_needs(self):
        assert SPARE < CONNECTIONS_PER_PROCESS
