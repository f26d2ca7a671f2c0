"""A tool that asks the database keeps no connection that others need."""

import os
import threading

import pytest
from agents import function_tool
from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async
from django.db import connection, connections, transaction

from agents_runtime.sdk.threads import ToolThreads, let_go_of_queries, most
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

    def test_leave_the_worker_a_connection_while_many_tools_run(self, stage, monkeypatch):
        monkeypatch.setattr(os, "cpu_count", lambda: 64)
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


@pytest.mark.django_db(transaction=True)
class TestQueries:
    def test_start_no_thread_only_to_let_go(self):
        @async_to_sync
        async def work() -> int:
            async with ThreadSensitiveContext() as context:
                before = threading.active_count()
                await let_go_of_queries(context)
                return threading.active_count() - before

        assert work() == 0


class TestMost:
    @pytest.mark.parametrize(
        ("pool", "size"),
        [({"max_size": 10}, 6), ({"min_size": 8}, 4), ({"max_size": 3}, 1), (True, 1), (None, 20), ({}, 20)],
        ids=str,
    )
    def test_is_below_what_the_pool_has(self, monkeypatch, pool, size):
        monkeypatch.setattr(os, "cpu_count", lambda: 16)
        monkeypatch.setitem(connections.settings["default"], "OPTIONS", {"pool": pool})

        assert most() == size
