"""How the nouns answer."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from reviews.actions import gates, interventions, runs
from reviews.models import Checkpoint, Decision, Event, Intervention, Membership, Run
from reviews.models.checkpoint import CorruptCheckpoint
from reviews.models.intervention import digest_of
from reviews.models.run import as_text
from reviews.states import IllegalMove, InterventionStatus, RunStatus
from tests import factories


class TestCheckpoint:
    @given(st.text(st.characters(codec=None), max_size=200))
    def test_gives_back_exactly_what_was_saved(self, state):
        packed, digest = Checkpoint.pack(state)
        assert Checkpoint(number=1, state=packed, digest=digest).unpack() == state

    def test_is_small(self):
        packed, _ = Checkpoint.pack(json.dumps([{"role": "user", "content": "Refund O-1."}] * 1000))
        assert len(packed) < 1000

    @pytest.mark.parametrize("state", [b"", b"nonsense", Checkpoint.pack("x" * 1000)[0][:-3]])
    def test_owns_up_when_it_cannot_be_unpacked(self, state):
        with pytest.raises(CorruptCheckpoint, match="Checkpoint 3 of run .* cannot be unpacked"):
            Checkpoint(number=3, state=state, digest="0" * 64).unpack()

    def test_owns_up_when_it_is_another_state(self):
        with pytest.raises(CorruptCheckpoint, match="does not match its digest"):
            Checkpoint(number=3, state=Checkpoint.pack("forged")[0], digest=Checkpoint.pack("true")[1]).unpack()

    @pytest.mark.django_db
    def test_survives_the_database(self):
        run = factories.leased()
        gates.park(run, factories.state('{"said": "é🙂\ud800"}'), [])
        assert Checkpoint.objects.get().unpack() == '{"said": "é🙂\ud800"}'


class TestDigestOf:
    def test_does_not_depend_on_the_order_of_keys(self):
        assert digest_of({"a": 1, "b": [2, {"c": 3, "d": 4}]}) == digest_of({"b": [2, {"d": 4, "c": 3}], "a": 1})

    @pytest.mark.parametrize("other", [{"a": 2}, {"a": "1"}, {"a": True}, {"a": [1]}, {"a": None}, {}, {"a": 1.5}])
    def test_tells_different_values_apart(self, other):
        assert digest_of(other) != digest_of({"a": 1})

    @pytest.mark.django_db
    @pytest.mark.parametrize(
        "value",
        [4820.0, 0.1, 1e22, 1e23, 1.7976931348623157e308, 5e-324, 1e-7, -0.0, 2**70, 123456789.123456789, "é🙂", None],
    )
    def test_is_the_same_after_the_database(self, value):
        question = factories.question(arguments={"value": value, "list": [value]})
        question.refresh_from_db()
        assert digest_of(question.proposal) == question.digest


class TestAsText:
    @pytest.mark.parametrize(
        ("value", "text"), [(None, ""), ("plain", "plain"), ({"é": 1}, '{\n  "é": 1\n}'), (0, "0"), (False, "false")]
    )
    def test_reads_well(self, value, text):
        assert as_text(value) == text
        assert Run(result=value).result_text == text


@pytest.mark.django_db
class TestMoveTo:
    def test_refuses_a_move_the_table_does_not_know_and_saves_nothing(self):
        run = factories.run()
        with pytest.raises(IllegalMove, match="cannot go from queued to completed"):
            run.move_to(RunStatus.COMPLETED, finished_at=timezone.now())
        run.refresh_from_db()
        assert (run.status, run.finished_at) == (RunStatus.QUEUED, None)

    def test_saves_only_what_it_names(self):
        run = factories.run()
        Run.objects.filter(pk=run.pk).update(worker="somebody")
        run.input = "changed in passing"
        run.move_to(RunStatus.PAUSED, hold=True)
        run.refresh_from_db()
        assert (run.status, run.hold, run.worker, run.input) == ("paused", True, "somebody", "Refund order O-30912.")


@pytest.mark.django_db
class TestQuerysets:
    def test_open_interventions_are_pending_or_claimed(self, alice):
        pending, claimed, decided = (factories.question() for _ in range(3))
        interventions.claim(claimed.pk, by=alice)
        interventions.decide(decided.pk, by=alice, verdict="approve")

        assert set(Intervention.objects.open()) == {pending, claimed}
        decided.refresh_from_db()
        assert (pending.is_open, decided.is_open) == (True, False)

    def test_inbox_shows_first_what_is_due_first(self, django_assert_num_queries):
        late = factories.question(judgement={"due_in": 9000})
        soon = factories.question(judgement={"due_in": 9})
        with django_assert_num_queries(1):
            assert [(one, one.run.agent, one.queue.name)[0] for one in Intervention.objects.for_inbox()] == [soon, late]

    def test_runs_list_shows_the_newest_first(self):
        older, newer = factories.run(), factories.run()
        assert list(Run.objects.for_list()) == [newer, older]

    def test_open_runs_have_not_ended(self, alice):
        going, stopped = factories.run(), factories.run()
        runs.stop(stopped.pk, by=alice)
        stopped.refresh_from_db()
        assert list(Run.objects.open()) == [going]
        assert (going.ended, stopped.ended) == (False, True)

    def test_lost_and_unannounced_look_at_the_clock(self):
        run, queued, now = factories.leased(), factories.run(), timezone.now()
        assert list(Run.objects.lost(now)) == []
        assert list(Run.objects.lost(now + timedelta(days=1))) == [run]
        assert list(Run.objects.unannounced(now - timedelta(days=1))) == []
        assert list(Run.objects.unannounced(now + timedelta(days=1))) == [queued]


@pytest.mark.django_db
class TestNames:
    def test_say_what_a_row_is(self, alice, queue):
        question = factories.question(call_id="c1")
        decision = interventions.decide(question.pk, by=alice, verdict="approve")
        assert str(question.run) == f"clerk {str(question.run_id)[:8]}"
        assert str(question) == "Refund 4820 to C-88213"
        assert str(question.tool_call) == "issue_refund c1"
        assert str(question.checkpoint) == f"checkpoint 1 of {question.run_id}"
        assert str(Decision.objects.get()) == str(decision) == "approve by alice"
        assert str(Membership.objects.get(user=alice)) == "alice as reviewer of Support"
        assert str(Event.objects.last()).endswith("intervention.approve")
        assert str(question.run.spans.get()) == "human_decision Refund 4820 to C-88213"
        assert InterventionStatus.PENDING.label == "Pending"
