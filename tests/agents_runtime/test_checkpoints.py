"""Checkpoints through the worker: what a long run costs to keep, and what becomes of one that cannot be read."""

import random

import pytest
from agents import function_tool
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents_runtime.sdk import drive
from reviews.actions import checkpoints
from reviews.models import Checkpoint
from reviews.states import RunStatus, Verdict
from tests.agents_runtime import play
from tests.agents_runtime.play import call, one_by_one

ASK = [{"tool": "pay", "ruling": "ask"}]
TURNS = 60


def text(seed: str, length: int) -> str:
    """Words that are not repeated from turn to turn."""
    dice = random.Random(seed)
    words = ("".join(dice.choices("aeioubcdfglmnprst", k=dice.randint(2, 9))) for _ in range(length))
    return " ".join(words)[:length]


@function_tool
def look_up(key: str, why: str) -> str:
    """Look something up."""
    return text(f"output of {key}", 160)


def clerk(turns: int):
    """An agent that looks something else up in each turn."""
    plan = [
        [call("look_up", f"call_{text(str(turn), 24)}", key=f"K-{turn}", why=text(f"why {turn}", 80))]
        for turn in range(turns)
    ]
    return lambda: play.agent(one_by_one(*plan), look_up)


@pytest.fixture
def written(monkeypatch):
    """The states that the SDK handed out, in order."""
    texts, plain = [], drive._snapshot

    def noted(*args):
        snapshot = plain(*args)
        texts.append(snapshot.text)
        return snapshot

    monkeypatch.setattr(drive, "_snapshot", noted)
    return texts


class TestALongRun:
    def test_is_kept_in_under_two_percent_of_what_the_sdk_wrote(self, stage, settings, written):
        settings.FOUREYES_KEEP_ALL_CHECKPOINTS = True
        run = stage.start(clerk(TURNS), max_turns=TURNS + 5)

        assert run.status == RunStatus.COMPLETED
        kept = list(run.checkpoints.order_by("number"))
        assert len(kept) == TURNS
        stored, raw = sum(len(one.state) for one in kept), sum(len(text.encode()) for text in written[:TURNS])
        assert stored < 0.02 * raw, f"{stored} of {raw}"
        assert [checkpoints.load(one)[0] for one in kept] == written[:TURNS]

    def test_reads_no_checkpoint_back_while_it_goes_on(self, stage):
        run = stage.submit(clerk(4))
        with CaptureQueriesContext(connection) as made:
            run = stage.advance(run)

        assert run.status == RunStatus.COMPLETED
        read = [q["sql"] for q in made if q["sql"].startswith("SELECT") and 'FROM "reviews_checkpoint"' in q["sql"]]
        assert not read, "\n".join(read)  # and at a first start there is none to look for
        assert [one.number for one in run.checkpoints.all()] == [4]


class TestARunThatGoesOn:
    @pytest.fixture
    def paid(self):
        return []

    @pytest.fixture
    def pay(self, paid):
        @function_tool
        def pay(to: str) -> str:
            paid.append(to)
            return f"{to} is paid"

        return pay

    @pytest.fixture
    def waiting(self, stage, pay):
        """Asked about Ann, then Bob, it waits for a verdict on Cid; each of its checkpoints builds on the last."""
        plan = one_by_one(*([call("pay", to, to=to)] for to in ("Ann", "Bob", "Cid")))
        run = stage.start(lambda: play.agent(plan, pay), review=ASK)
        for _ in range(2):
            run = stage.settle(run, Verdict.APPROVE)
        assert [one.base and one.base.number for one in run.checkpoints.order_by("number")] == [None, 1, 2]
        return run

    @pytest.fixture
    def resumed(self, stage, waiting, paid):
        """Lets it go on after that was done to its newest checkpoints."""

        def resume():
            before = list(paid)
            run = stage.settle(waiting, Verdict.APPROVE)
            assert paid == before  # nothing ran
            return run

        return resume

    def test_reads_its_state_through_those_it_builds_on(self, stage, waiting, paid):
        run = stage.settle(waiting, Verdict.APPROVE)

        assert (run.status, paid) == (RunStatus.COMPLETED, ["Ann", "Bob", "Cid"])
        assert run.result == "Ann: Ann is paid | Bob: Bob is paid | Cid: Cid is paid"

    @pytest.mark.parametrize("number", [1, 2, 3])
    @pytest.mark.parametrize("bytes_", [b"", b"nonsense", b"\x28\xb5\x2f\xfd"])
    def test_fails_where_the_bytes_of_one_are_damaged(self, waiting, resumed, number, bytes_):
        waiting.checkpoints.filter(number=number).update(state=bytes_)

        run = resumed()

        assert (run.status, run.error_code) == (RunStatus.FAILED, "corrupt_checkpoint")
        assert run.error.startswith(f"Checkpoint {number} of run {run.pk} cannot be unpacked")
        assert "earlier checkpoint" in run.error and "retry the run" in run.error

    @pytest.mark.parametrize("number", [1, 2, 3])
    def test_fails_where_one_is_another_state(self, waiting, resumed, number):
        waiting.checkpoints.filter(number=number).update(digest="0" * 64)

        run = resumed()

        assert (run.status, run.error_code) == (RunStatus.FAILED, "corrupt_checkpoint")
        assert run.error.startswith(f"Checkpoint {number} of run {run.pk} does not match its digest")

    def test_fails_where_one_was_exchanged_for_another(self, waiting, resumed):
        first = waiting.checkpoints.get(number=1)
        packed, digest = Checkpoint.pack(first.unpack().replace("Ann", "Eve"))
        waiting.checkpoints.filter(number=1).update(state=packed, digest=digest)

        run = resumed()

        assert (run.status, run.error_code) == (RunStatus.FAILED, "corrupt_checkpoint")
        assert run.error.startswith("Checkpoint 2 ")

    def test_fails_where_the_base_is_missing(self, waiting, resumed):
        gone = waiting.checkpoints.get(number=1)
        with connection.constraint_checks_disabled():
            waiting.checkpoints.filter(number=2).update(base=gone.pk + 1000)  # as a restored half of a database has it
            run = resumed()
            waiting.checkpoints.filter(number=2).update(base=gone)

        assert (run.status, run.error_code) == (RunStatus.FAILED, "corrupt_checkpoint")
        assert run.error.startswith(f"Checkpoint 2 of run {run.pk} builds on one that is missing")

    def test_fails_where_they_build_on_each_other_in_a_circle(self, waiting, resumed):
        waiting.checkpoints.filter(number=1).update(base=waiting.checkpoints.get(number=3))

        run = resumed()

        assert (run.status, run.error_code) == (RunStatus.FAILED, "corrupt_checkpoint")

    def test_fails_where_a_newer_sdk_wrote_it_and_names_the_way_out(self, waiting, resumed, settings):
        settings.FOUREYES_WAIT_FOR_WORKER = 0  # no newer worker will come
        waiting.checkpoints.filter(number=3).update(schema_version="99.0", sdk_version="9.9.9")

        run = resumed()

        assert (run.status, run.error_code) == (RunStatus.FAILED, "too_new_checkpoint")
        assert "written by openai-agents 9.9.9 (state schema 99.0)" in run.error
        assert drive.SDK_VERSION in run.error
        assert "Deploy openai-agents 9.9.9" in run.error
        assert "run again from an earlier one" in run.error and "retry" in run.error

    def test_fails_also_where_only_the_state_itself_is_newer(self, waiting, resumed):
        newest = waiting.checkpoints.get(number=3)
        state, _ = checkpoints.load(newest)
        packed, digest = Checkpoint.pack(state.replace(f'"{newest.schema_version}"', '"99.0"', 1))
        waiting.checkpoints.filter(number=3).update(state=packed, digest=digest, base=None)

        run = resumed()

        assert (run.status, run.error_code) == (RunStatus.FAILED, "too_new_checkpoint")
        assert "deploy" in run.error

    def test_goes_on_where_its_worker_died_between_two_gates(self, stage, settings, monkeypatch):
        settings.FOUREYES_KEEP_ALL_CHECKPOINTS = True
        run, turns, plain = stage.submit(clerk(6)), [], drive._to_next_stop

        async def dies(*args):
            turns.append(args)
            if len(turns) == 4:
                raise SystemExit  # as a killed process: no verb says goodbye
            return await plain(*args)

        monkeypatch.setattr(drive, "_to_next_stop", dies)
        with pytest.raises(SystemExit):
            stage.advance(run)
        stage.lose_worker(run)
        run = stage.advance(run)

        assert run.status == RunStatus.COMPLETED
        bases = [one.base and one.base.number for one in run.checkpoints.order_by("number")]
        assert bases == [None, 1, 2, 3, 4, 5]
