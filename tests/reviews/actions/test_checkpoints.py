"""Saving, loading and removing checkpoints, whatever the order."""

import random
from datetime import timedelta

import pytest
from django.conf import settings as live_settings
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviews.actions import checkpoints, forks, gates, interventions, runs
from reviews.actions.checkpoints import LONGEST_CHAIN, SavedState, Shelf
from reviews.actors import SYSTEM
from reviews.models import AuditEntry, Checkpoint, Run, ToolCall
from reviews.models.checkpoint import CorruptCheckpoint
from reviews.states import Ruling, RunStatus, Verdict
from tests import factories
from tests.factories import proposal
from tests.reviews.actions.conftest import book

LONG = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz ", k=5000))
EASY = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
INSERTED = "WITH" if connection.vendor == "postgresql" else "INSERT"
"""How the statement begins that stores a gate: PostgreSQL's does all of it."""


def grown(turn):
    """A state that has everything of the last one, and a little more."""
    return LONG + "".join(f"turn {number} came and went. " for number in range(turn))


def at(text, shelf=None):
    return SavedState(text, "0.24.0", "1", shelf=Shelf() if shelf is None else shelf)


def park(run, text, shelf=None, *, asked=False):
    gates.park(run, at(text, shelf), [proposal(ruling=Ruling.ASKED if asked else Ruling.LET_THROUGH)])


def gate(run, text, shelf=None, *, asked=False):
    """One gate of the run, at which one call is let through or asked about."""
    park(run, text, shelf, asked=asked)
    return run.checkpoints.order_by("-number")[0]


def asked_and_resumed(run, alice, text, shelf):
    """A gate at which somebody was asked; the run afterwards, and the shelf of the worker that goes on."""
    gate(run, text, shelf, asked=True)
    interventions.decide(run.interventions.open().get().pk, by=alice, verdict=Verdict.APPROVE)
    run = factories.leased(run)
    return run, checkpoints.load(run.checkpoints.order_by("-number")[0])[1]


def bases(run):
    """What each checkpoint is a delta of, by number."""
    return dict(run.checkpoints.order_by("number").values_list("number", "base__number"))


def end(run, *, days):
    gates.complete(run, "done", usage={})
    Run.objects.filter(pk=run.pk).update(finished_at=timezone.now() - timedelta(days=days, minutes=1))


@pytest.fixture
def keep_all(settings):
    settings.FOUREYES_KEEP_ALL_CHECKPOINTS = True


class TestSave:
    def test_keeps_only_what_is_new_where_the_last_one_stays(self, run, keep_all):
        shelf = Shelf()
        first, second, third = (gate(run, grown(turn), shelf) for turn in range(3))

        assert bases(run) == {1: None, 2: 1, 3: 2}
        assert len(second.state) + len(third.state) < len(first.state) / 10
        assert [checkpoints.load(one)[0] for one in (first, second, third)] == [grown(turn) for turn in range(3)]

    def test_saves_in_full_what_is_no_smaller_as_a_delta(self, run, keep_all):
        shelf = Shelf()
        gate(run, LONG, shelf)
        gate(run, "{}", shelf)
        assert bases(run) == {1: None, 2: None}

    def test_saves_in_full_again_before_a_load_would_take_too_long(self, run, keep_all):
        shelf = Shelf()
        for turn in range(LONGEST_CHAIN + 2):
            newest = gate(run, grown(turn), shelf)

        full = [number for number, base in bases(run).items() if base is None]
        assert full == [1, LONGEST_CHAIN + 1]
        assert max(len(Checkpoint.objects.with_bases_of(one)) + 1 for one in run.checkpoints.all()) == LONGEST_CHAIN
        assert checkpoints.load(newest)[0] == grown(LONGEST_CHAIN + 1)

    def test_counts_the_chain_on_through_another_worker(self, run, keep_all):
        shelf = Shelf()
        for turn in range(LONGEST_CHAIN + 2):
            newest = gate(run, grown(turn), shelf)
            shelf = checkpoints.load(newest)[1]
        assert [number for number, base in bases(run).items() if base is None] == [1, LONGEST_CHAIN + 1]

    def test_builds_on_those_that_stay_and_replaces_the_others(self, run, alice):
        run, shelf = asked_and_resumed(run, alice, grown(1), Shelf())
        for turn in (2, 3, 4):
            newest = gate(run, grown(turn), shelf)
            assert bases(run) == {1: None, turn: 1}

        assert checkpoints.load(newest)[0] == grown(4)
        assert run.tool_calls.filter(checkpoint=newest).count() == 1

    def test_builds_after_a_crash_on_what_the_one_it_goes_on_from_builds_on(self, run, alice):
        run, shelf = asked_and_resumed(run, alice, grown(1), Shelf())
        gate(run, grown(2), shelf)
        _, shelf = checkpoints.load(gate(run, grown(3), shelf))

        newest = gate(run, grown(4), shelf)

        assert bases(run) == {1: None, 4: 1}
        assert checkpoints.load(newest)[0] == grown(4)

    def test_questions_build_on_questions(self, run, alice):
        shelf = Shelf()
        for turn in range(3):
            run, shelf = asked_and_resumed(run, alice, grown(turn), shelf)
        assert bases(run) == {1: None, 2: 1, 3: 2}

    def test_without_a_shelf_saves_in_full_and_reads_no_state(self, run, keep_all):
        gate(run, grown(0))
        with CaptureQueriesContext(connection) as made:
            park(run, grown(1))

        read = [query["sql"] for query in made if 'FROM "reviews_checkpoint"' in query["sql"]]
        assert bases(run) == {1: None, 2: None}
        assert len(read) == 1 and '"state"' not in read[0]

    def test_with_a_shelf_reads_nothing(self, run):
        shelf = Shelf()
        gate(run, grown(0), shelf)
        with CaptureQueriesContext(connection) as made:
            park(run, grown(1), shelf)

        touched = [query["sql"] for query in made if "reviews_checkpoint" in query["sql"]]
        assert [sql.split()[0] for sql in touched] == ["UPDATE", "DELETE", INSERTED]

    def test_never_removes_one_that_something_new_builds_on(self, run, settings):
        settings.FOUREYES_KEEP_ALL_CHECKPOINTS = True
        shelf = Shelf()
        for turn in range(3):
            gate(run, grown(turn), shelf)
        settings.FOUREYES_KEEP_ALL_CHECKPOINTS = False

        for turn in (3, 4):
            newest = gate(run, grown(turn), shelf)

        assert bases(run) == {1: None, 2: 1, 3: 2, 5: 3}
        assert checkpoints.load(newest)[0] == grown(4)

    def test_builds_on_none_that_it_removes(self, run, settings):
        settings.FOUREYES_KEEP_ALL_CHECKPOINTS = True
        shelf = Shelf()
        gate(run, "", shelf)
        settings.FOUREYES_KEEP_ALL_CHECKPOINTS = False

        for turn in range(2):
            newest = gate(run, grown(turn) if turn else "", shelf)

        assert bases(run) == {3: None}
        assert checkpoints.load(newest)[0] == grown(1)

    def test_leaves_a_call_at_its_gate_where_the_checkpoint_is_still_needed(self, run, alice):
        shelf = Shelf()
        first = gate(run, grown(0), shelf)
        question = factories.question(factories.leased())
        question.checkpoint = first  # as no verb would leave it: the flag says that nobody was asked
        question.save(update_fields=["checkpoint"])

        gate(run, grown(1), shelf)

        assert list(bases(run)) == [1, 2]
        assert run.tool_calls.filter(checkpoint=first).exists()


class TestAShelf:
    def test_that_was_cleared_knows_nothing_of_what_was_rolled_back(self, run, keep_all):
        shelf = Shelf()
        gate(run, grown(0), shelf)
        with pytest.raises(KeyError), transaction.atomic():
            gate(run, grown(1), shelf)
            raise KeyError
        shelf.clear()

        gate(run, grown(2), shelf)

        assert bases(run) == {1: None, 2: None}


class TestLoad:
    def test_of_nothing_is_a_shelf_that_knows_so(self, run):
        state, shelf = checkpoints.load(None)
        with CaptureQueriesContext(connection) as made:
            park(run, "{}", shelf)
        touched = [query["sql"] for query in made if "reviews_checkpoint" in query["sql"]]
        assert state is None
        assert [sql.split()[0] for sql in touched] == [INSERTED]

    def test_takes_one_statement_however_long_the_chain(self, run, keep_all, django_assert_num_queries):
        shelf = Shelf()
        for turn in range(LONGEST_CHAIN):
            newest = gate(run, grown(turn), shelf)
        with django_assert_num_queries(1):
            assert checkpoints.load(newest)[0] == grown(LONGEST_CHAIN - 1)

    @given(place=st.integers(min_value=0), bit=st.integers(0, 7), which=st.integers(0, 2))
    @EASY
    def test_owns_up_or_is_right_whichever_bit_was_turned(self, place, bit, which):
        first, digest = Checkpoint.pack(grown(0))
        second, later = Checkpoint.pack(grown(1), grown(0))
        damaged = bytearray(second if which else first)
        damaged[place % len(damaged)] ^= 1 << bit
        row = Checkpoint(number=1, state=bytes(damaged), digest=later if which else digest, base_id=which or None)
        try:
            assert row.unpack(grown(0) if which else None) == grown(which and 1)
        except CorruptCheckpoint as error:
            assert "retry" in str(error)


class TestEverySeries:
    """Any states, asked or not, with or without a worker that remembers, kept or not, pruned between or not."""

    steps = st.lists(
        st.tuples(
            st.one_of(st.text(st.characters(codec=None), max_size=40), st.integers(0, 40).map(grown)),
            st.sampled_from(["passed", "asked", "forgetful", "reloaded", "kept", "pruned"]),
        ),
        max_size=12,
    )

    @given(steps=steps)
    @EASY
    def test_gives_back_exactly_what_was_saved(self, steps, alice):
        with transaction.atomic():
            self.play(steps, alice)
            transaction.set_rollback(True)

    def play(self, steps, alice):
        run, shelf, saved = factories.leased(), Shelf(), {}
        asked = set()
        for text, how in steps:
            live_settings.FOUREYES_KEEP_ALL_CHECKPOINTS = how in ("kept", "pruned")
            if how == "forgetful":
                shelf = Shelf()
            if how == "reloaded":
                shelf = checkpoints.load(run.checkpoints.order_by("-number").first())[1]
            if how == "asked":
                run, shelf = asked_and_resumed(run, alice, text, shelf)
                newest = run.checkpoints.order_by("-number")[0]
                asked.add(newest.number)
            else:
                newest = gate(run, text, shelf)
            saved[newest.number] = text
            if how == "pruned":  # as if this run had ended long ago
                Run.objects.filter(pk=run.pk).update(status="completed", finished_at="2001-01-01T00:00Z", lease=None)
                checkpoints.prune(days=1)
                Run.objects.filter(pk=run.pk).update(status="running", finished_at=None, lease=run.lease)
            self.check(run, saved, asked | {newest.number})

    def check(self, run, saved, must_stay):
        rows = list(run.checkpoints.order_by("number"))
        assert must_stay <= {row.number for row in rows}
        for row in rows:
            assert checkpoints.load(row)[0] == saved[row.number]
            assert len(Checkpoint.objects.with_bases_of(row)) < LONGEST_CHAIN

    @pytest.fixture(autouse=True)
    def as_it_was(self, settings):
        """Puts the setting back that the steps change."""
        settings.FOUREYES_KEEP_ALL_CHECKPOINTS = False


class TestAFork:
    def test_of_a_delta_stands_on_its_own(self, run, alice):
        shelf = Shelf()
        for turn in range(3):
            run, shelf = asked_and_resumed(run, alice, grown(turn), shelf)

        made = forks.fork(run.checkpoints.get(number=3).pk, by=alice)

        copy = made.checkpoints.get()
        assert (copy.base, checkpoints.state_of(copy)) == (None, grown(2))

    def test_keeps_what_it_began_from_when_old_ones_are_removed(self, run, keep_all, admin):
        for turn in range(4):
            gate(run, grown(turn))
        forks.fork(run.checkpoints.get(number=2).pk, by=admin)
        end(run, days=2)

        assert checkpoints.prune(days=1) == 2
        assert list(bases(run)) == [2, 4]


class TestDeletion:
    def test_of_a_base_is_refused_while_its_delta_stands(self, run, keep_all):
        shelf = Shelf()
        first, second = gate(run, grown(0), shelf), gate(run, grown(1), shelf)
        with pytest.raises(ProtectedError):
            first.delete()
        with pytest.raises(IntegrityError), transaction.atomic():
            Checkpoint.objects.filter(pk=first.pk).drop()
            connection.check_constraints()
        assert checkpoints.load(second)[0] == grown(1)

    def test_of_itself_as_its_base_is_never_saved(self, run):
        made = gate(run, "{}")
        with pytest.raises(IntegrityError, match="own_base"), transaction.atomic():
            Checkpoint.objects.filter(pk=made.pk).update(base=made)


class TestPrune:
    @pytest.fixture
    def long(self, run, keep_all, alice):
        """A run of ten gates; at the fourth somebody was asked."""
        shelf = Shelf()
        for turn in range(3):
            gate(run, grown(turn), shelf)
        run, shelf = asked_and_resumed(run, alice, grown(3), shelf)
        for turn in range(4, 10):
            shelf = Shelf() if turn == 6 else shelf  # so that the seventh is saved in full
            gate(run, grown(turn), shelf)
        assert bases(run) == {1: None, 2: 1, 3: 2, 4: 3, 5: 4, 6: 5, 7: None, 8: 7, 9: 8, 10: 9}
        return run

    def test_leaves_the_newest_those_asked_and_what_they_build_on(self, long):
        end(long, days=30)

        assert checkpoints.prune(days=30) == 2
        assert list(bases(long)) == [1, 2, 3, 4, 7, 8, 9, 10]
        assert checkpoints.load(long.checkpoints.get(number=10))[0] == grown(9)

    def test_removes_whole_chains(self, run, keep_all):
        shelf = Shelf()
        for turn in range(2 * LONGEST_CHAIN + 1):
            gate(run, grown(turn), shelf)
        end(run, days=1)

        assert checkpoints.prune(days=1) == 2 * LONGEST_CHAIN
        assert bases(run) == {2 * LONGEST_CHAIN + 1: None}
        assert run.tool_calls.filter(checkpoint=None).count() == 2 * LONGEST_CHAIN

    def test_leaves_alone_runs_that_go_on_or_have_only_just_ended(self, run, keep_all):
        going, fresh = run, factories.leased()
        for one in (going, fresh):
            for _ in range(3):
                gate(one, "{}")
        end(fresh, days=6)

        before = book()
        assert checkpoints.prune(days=7) == 0
        assert len(bases(going)) == len(bases(fresh)) == 3
        assert book() == before

    def test_removes_at_most_a_rounds_worth_and_says_so_once_per_round(self, run, keep_all, monkeypatch):
        monkeypatch.setattr(checkpoints, "ROUND", 4)
        for one in (run, factories.leased()):
            for turn in range(4):
                gate(one, grown(turn))
            end(one, days=3)

        assert [checkpoints.prune(days=3, by=SYSTEM) for _ in range(3)] == [4, 2, 0]

        told = AuditEntry.objects.filter(action="checkpoints.pruned")
        assert [(entry.actor, entry.run) for entry in told] == [("system", "")] * 2
        assert '"checkpoints":4' in told[0].data and '"runs":2' in told[0].data
        assert '"checkpoints":2' in told[1].data and '"days":3' in told[1].data
        assert Checkpoint.objects.count() == 2

    def test_leaves_one_that_a_question_hangs_on_whatever_its_flag_says(self, long):
        long.checkpoints.update(asked=False)
        end(long, days=30)
        checkpoints.prune(days=1)
        assert 4 in bases(long)
        assert long.interventions.get().checkpoint.number == 4

    def test_leaves_the_ledger_whole(self, long):
        calls = ToolCall.objects.count()
        end(long, days=30)
        checkpoints.prune(days=1)
        assert ToolCall.objects.count() == calls

    def test_of_a_stopped_run_works_as_of_any_that_ended(self, run, keep_all, admin):
        for _ in range(2):
            gate(run, "{}")
        runs.stop(run.pk, by=admin)
        Run.objects.filter(pk=run.pk).update(finished_at=timezone.now() - timedelta(days=2))
        assert checkpoints.prune(days=1) == 1
        run.refresh_from_db()
        assert run.status == RunStatus.CANCELLED
