"""Every command as a process: its exit code, what it prints where, and what others hear of it."""

import asyncio
import json
import os

import pytest
from channels.layers import get_channel_layer

from hitl_site import databases
from reviews import events, live
from reviews.models import Intervention
from tests import factories
from tests.reviews.management.shell import manage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def refund(alice, charlie):
    return factories.question()


class TestExitCodes:
    def test_are_0_with_the_answer_on_stdout(self, refund):
        done = manage("inbox", "--as", "alice", "--json")

        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)[0]["id"] == str(refund.pk)

    def test_are_1_for_a_refusal_on_stderr(self, refund):
        done = manage("show", refund.pk, "--as", "charlie")

        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"Nothing that you may see has the id {refund.pk}.\n"

    def test_are_1_for_a_refusal_in_json(self, refund):
        done = manage("decide", refund.pk, "edit", "--as", "alice", "--arguments", '{"amount": 1}', "--json")

        assert (done.returncode, done.stdout) == (1, "")
        refused = json.loads(done.stderr)
        assert (refused["code"], set(refused["errors"])) == ("invalid", {"replacement"})
        assert "customer_id" in refused["error"]

    def test_are_2_for_bad_usage(self, refund):
        done = manage("decide", refund.pk, "maybe", "--as", "alice")

        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("Argument verdict: invalid choice: 'maybe'")
        assert "manage.py decide --help" in done.stderr

    def test_are_2_for_bad_usage_in_json(self, refund):
        done = manage("decide", refund.pk, "edit", "--as", "alice", "--arguments", "{", "--json")

        assert (done.returncode, done.stdout) == (2, "")
        assert json.loads(done.stderr)["code"] == "usage"

    def test_are_1_with_a_hint_where_there_is_no_table(self, tmp_path):
        done = manage("inbox", DATABASE_URL=databases.sqlite_url(tmp_path / "empty.sqlite3"))

        assert (done.returncode, done.stdout) == (1, "")
        assert "manage.py migrate" in done.stderr
        assert "Traceback" not in done.stderr

    def test_come_with_a_traceback_on_request(self, refund):
        done = manage("show", "0123abcd", "--traceback")

        assert done.returncode == 1
        assert "Traceback" in done.stderr


class TestStreams:
    def test_carry_nothing_of_a_steering_agent(self, refund):
        Intervention.objects.update(title="\x1b[31mRefund\x07 \u2066now")

        done = manage("inbox")

        assert done.returncode == 0
        assert not {"\x1b", "\x07", "\u2066"} & set(done.stdout)

    def test_are_ascii_in_json(self, refund):
        Intervention.objects.update(title="Rückgabe \u202e")

        done = manage("inbox", "--json", PYTHONIOENCODING="ascii")

        assert json.loads(done.stdout)[0]["title"] == "Rückgabe \u202e"


class TestClosedPipes:
    """Nobody reads on: the way of ``| head``. What others say then is how SIGPIPE ends them: 141 and not a word."""

    def run(self, *words, fd="stdout"):
        reading, writing = os.pipe()
        os.close(reading)
        try:
            return manage(*words, **{"streams": {fd: writing}})
        finally:
            os.close(writing)

    @pytest.mark.parametrize("words", [("inbox", "--json"), ("inbox",)])
    def test_end_it_quietly(self, refund, words):
        done = self.run(*words)
        assert (done.returncode, done.stderr) == (141, "")

    def test_undo_nothing(self, refund):
        assert self.run("decide", refund.pk, "approve", "--as", "alice").returncode == 141
        refund.refresh_from_db()
        assert refund.outcome == "approved"

    def test_of_the_refusals_do_as_well(self, refund):
        done = self.run("show", refund.pk, "--as", "charlie", fd="stderr")
        assert (done.returncode, done.stdout) == (141, "")


class TestBells:
    def test_ring_before_the_process_ends(self, refund):
        heard = asyncio.run(_listen(refund))

        assert heard["run"] == str(refund.run_id)
        refund.refresh_from_db()
        assert not refund.is_open

    def test_are_waited_for_but_not_for_ever(self, monkeypatch):
        rung = []

        class Slow:
            async def group_send(self, group, message):
                await asyncio.sleep(0.2)
                rung.append(group)

        monkeypatch.setattr(live, "get_channel_layer", Slow)
        live.ring(events.Recorded("r", 1, ()))

        live.settle(0.01)
        assert rung == []
        live.settle(10)
        assert rung == [live.DESK]


async def _listen(refund):
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(live.DESK, channel)
    deciding = asyncio.to_thread(manage, "decide", refund.pk, "approve", "--as", "alice")
    done, heard = await asyncio.gather(deciding, asyncio.wait_for(layer.receive(channel), 30))
    assert done.returncode == 0, done.stderr
    return heard
