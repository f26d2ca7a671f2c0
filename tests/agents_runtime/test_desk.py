"""What the worker answers when the door to the SDK asks."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents_runtime.desk import RunDesk
from agents_runtime.registry import Entry
from agents_runtime.sdk import Answer, Request, Snapshot
from reviews.actions import LeaseLost, interventions, review_policies, rulebook
from reviews.actions.tool_calls import NotApproved
from reviews.actions.verdicts import refusal
from reviews.models import Checkpoint, Notice, NoticeSettings, Run
from reviews.policies import Rule
from reviews.states import Kind, Ruling, RunStatus, ToolCallStatus
from tests import factories

SNAPSHOT = Snapshot('{"state": 1}', "0.24.0", "1.21", {"requests": 1})


def entry(*rules: dict, idempotent: tuple[str, ...] = ()) -> Entry:
    """How an agent that nobody builds is reviewed."""
    return Entry(
        slug="clerk",
        build=lambda: None,
        queue="support",
        version="1",
        title="Clerk",
        description="",
        review_output=False,
        idempotent=frozenset(idempotent),
        ungated=frozenset(),
        rules=tuple(Rule.from_dict(rule) for rule in rules),
        sample_input="",
        max_turns=5,
        max_rejections=None,
    )


def request(call_id: str = "c1", **changes) -> Request:
    given = {"agent": "Clerk", "tool": "pay", "arguments": {"to": "Ann"}, "schema": {}, "author_asks": False}
    return Request(call_id=call_id, **given | changes)


@pytest.fixture
def desk(db) -> RunDesk:
    """The desk of a leased run whose payments ask."""
    return RunDesk(factories.leased(), entry({"tool": "pay"}, {"tool": "wire", "ruling": "refuse"}), "player")


class TestStopAtGate:
    def test_lets_the_worker_go_on_when_nobody_is_asked(self, desk):
        assert desk.stop_at_gate(SNAPSHOT, [request(tool="note")]) is False

        desk.run.refresh_from_db()
        assert desk.run.status == RunStatus.RUNNING
        assert (desk.run.usage, desk.run.model) == ({"requests": 1}, "player")
        assert desk.run.checkpoints.get().unpack() == SNAPSHOT.text

    def test_parks_the_run_when_somebody_is(self, desk):
        assert desk.stop_at_gate(SNAPSHOT, [request(tool="note"), request("c2")]) is True

        run = Run.objects.get(pk=desk.run.pk)
        assert (run.status, run.lease) == (RunStatus.AWAITING_REVIEW, None)
        assert run.interventions.get().tool_call.call_id == "c2"

    def test_judges_by_what_another_process_has_put_in_force(self, desk, mara, admin, monkeypatch):
        assert desk.stop_at_gate(SNAPSHOT, [request("c1", tool="note")]) is False
        known = rulebook.current()
        drafted = review_policies.draft("notes", by=mara, body={"rules": [{"tool": "note"}]})
        review_policies.activate(drafted.pk, by=admin)
        monkeypatch.setattr(rulebook._shelf, "book", known)

        assert desk.stop_at_gate(SNAPSHOT, [request("c2", tool="note")]) is True

        assert Run.objects.get(pk=desk.run.pk).interventions.get().tool_call.call_id == "c2"
        assert list(desk.run.checkpoints.order_by("number").values_list("number", "asked")) == [(2, True)]

    def test_tells_whoever_wants_to_hear_of_new_questions_since_this_process_looked(self, desk, alice):
        desk.stop_at_gate(SNAPSHOT, [request("c1")])
        NoticeSettings.objects.create(user=alice, page=["opened"], opened=True)
        other = RunDesk(factories.leased(), desk.entry, "player")

        assert other.stop_at_gate(SNAPSHOT, [request("c2")]) is True

        assert Notice.objects.get(user=alice).intervention == other.run.interventions.get()

    def test_does_not_look_again_at_policies_that_hold(self, desk):
        desk.stop_at_gate(SNAPSHOT, [request("c1", tool="note")])
        with CaptureQueriesContext(connection) as made:
            desk.stop_at_gate(SNAPSHOT, [request("c2", tool="note")])
        assert not [query["sql"] for query in made if query["sql"].startswith('SELECT "reviews_policymark"')]

    def test_asks_where_the_author_marked_the_tool_and_no_rule_speaks(self, desk):
        assert desk.stop_at_gate(SNAPSHOT, [request(tool="note", author_asks=True)]) is True

    def test_makes_a_question_of_ask_human(self, desk):
        desk.stop_at_gate(SNAPSHOT, [request(tool="ask_human", arguments={"question": "Who?"})])

        question = desk.run.interventions.get()
        assert (question.kind, question.title) == (Kind.QUESTION, "Who?")
        assert question.why == "The agent asks a person and waits for the answer."

    def test_lets_a_rule_say_how_a_question_is_asked_but_not_whether(self, db):
        rules = [{"tool": "ask_human", "ruling": "allow"}, {"tool": "ask_human", "risk": "critical", "title": "Help"}]
        desk = RunDesk(factories.leased(), entry(*rules), "player")

        assert desk.stop_at_gate(SNAPSHOT, [request(tool="ask_human", arguments={"question": "Who?"})]) is True
        question = desk.run.interventions.get()
        assert (question.title, question.get_risk_display()) == ("Help", "Critical")

    def test_offers_no_edit_of_a_call_that_runs_elsewhere(self, desk):
        desk.stop_at_gate(SNAPSHOT, [request(is_remote=True)])

        assert desk.run.interventions.get().verdicts == ("approve", "reject")

    @pytest.mark.parametrize(
        ("verdicts", "left"),
        [(["reject"], ("reject",)), (["reject", "edit"], ("reject",)), (["edit"], ("reject",))],
    )
    def test_lets_nothing_be_said_of_it_that_its_rule_forbids(self, desk, verdicts, left):
        desk.entry = entry({"tool": "pay", "verdicts": verdicts})
        desk.stop_at_gate(SNAPSHOT, [request(is_remote=True)])

        assert desk.run.interventions.get().verdicts == left

    def test_notes_which_calls_may_run_again(self, desk):
        desk.entry = entry({"tool": "pay"}, {"tool": "wire", "ruling": "refuse"}, idempotent=("pay",))
        desk.stop_at_gate(SNAPSHOT, [request("c1"), request("c2", tool="note")])

        assert list(desk.run.tool_calls.values_list("idempotent", flat=True)) == [True, False]

    def test_writes_nothing_without_the_lease(self, desk):
        Run.objects.filter(pk=desk.run.pk).update(lease="00000000-0000-0000-0000-000000000000")

        with pytest.raises(LeaseLost):
            desk.stop_at_gate(SNAPSHOT, [request()])

        assert not Checkpoint.objects.exists()


class TestAnswers:
    def test_let_go_refuse_or_know_nothing_yet(self, desk):
        desk.stop_at_gate(SNAPSHOT, [request("free", tool="note"), request("no", tool="wire"), request("asked")])

        answers = desk.answers(dict.fromkeys(["free", "no", "asked", "unheard of"]))

        assert answers["free"] == Answer(go=True)
        assert (answers["no"].go, answers["no"].message.startswith("Refused by policy")) == (False, True)
        assert set(answers) == {"free", "no"}

    def test_are_what_the_reviewer_said(self, desk, alice):
        desk.stop_at_gate(SNAPSHOT, [request("c1"), request("c2")])
        first, second = desk.run.interventions.order_by("tool_call__call_id")
        interventions.decide(first.pk, by=alice, verdict="reject", note="Not Ann.")
        interventions.decide(second.pk, by=alice, verdict="override", replacement="by hand")

        answers = desk.answers(dict.fromkeys(["c1", "c2"]))

        assert answers == {"c1": Answer(False, refusal("Not Ann.")), "c2": Answer(True, "by hand", known=True)}


class TestBegin:
    def test_starts_the_call_and_hands_out_its_key(self, desk):
        desk.stop_at_gate(SNAPSHOT, [request(tool="note")])

        begun = desk.begin("c1", "note")

        assert (begun.known, begun.edited, begun.arguments) == (False, False, {"to": "Ann"})
        assert begun.key == f"{desk.run.pk}:c1"
        assert desk.run.tool_calls.get().status == ToolCallStatus.STARTED

    @pytest.mark.parametrize(
        "output, error, read", [("paid", "", "paid"), ("oops", "E: x", "oops"), (None, "E: x", "The tool failed: E: x")]
    )
    def test_hands_back_what_is_known_of_a_call_that_came_back(self, desk, output, error, read):
        desk.stop_at_gate(SNAPSHOT, [request(tool="note")])
        desk.begin("c1", "note")
        desk.finish("c1", output, error)

        again = desk.begin("c1", "note")

        assert (again.known, again.output) == (True, read)

    @pytest.mark.parametrize("call_id", ["asked", "refused", "unheard of"])
    def test_refuses_what_nobody_let_through(self, desk, call_id):
        desk.stop_at_gate(SNAPSHOT, [request("refused", tool="wire")])
        run = desk.run
        Run.objects.filter(pk=run.pk).update(status=RunStatus.RUNNING, lease=run.lease)
        run.tool_calls.create(
            run=run,
            checkpoint=run.checkpoints.get(),
            call_id="asked",
            tool="pay",
            agent="Clerk",
            proposed={},
            ruling=Ruling.ASKED,
            created_at=run.created_at,
        )

        with pytest.raises(NotApproved):
            desk.begin(call_id, "wire" if call_id == "refused" else "pay")

    def test_refuses_a_second_start_of_what_must_not_run_twice(self, desk):
        desk.stop_at_gate(SNAPSHOT, [request(tool="note")])
        desk.begin("c1", "note")

        with pytest.raises(NotApproved):
            desk.begin("c1", "note")

    def test_refuses_a_call_that_was_let_through_for_another_tool(self, desk):
        desk.stop_at_gate(SNAPSHOT, [request(tool="note")])

        with pytest.raises(NotApproved, match="let through for 'note', so 'pay' does not run"):
            desk.begin("c1", "pay")

        assert desk.run.tool_calls.get().status == ToolCallStatus.APPROVED
