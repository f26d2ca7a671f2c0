"""manage.py decide: the five verdicts, what each carries, and who may not."""

import pytest

from reviews import audit
from reviews.actions import gates, interventions
from reviews.management.cli import Misused, Refused
from reviews.management.commands.decide import Command
from reviews.models import Decision, Intervention, ToolCall
from reviews.states import Kind, Verdict
from tests import factories
from tests.reviews import desk_data
from tests.reviews.management.shell import call, told

CHEAPER = '{"customer_id": "C-88213", "amount": 48.2}'
OUTPUT_SCHEMA = {"type": "object", "properties": {"output": {"type": "string"}}, "required": ["output"]}


@pytest.fixture
def refund(alice, bob):
    return factories.question()


@pytest.fixture
def question(alice):
    asked = {"question": "Which ward?", "options": ["A", "B"]}
    return factories.question(kind=Kind.QUESTION, tool="ask_human", arguments=asked, schema={})


@pytest.fixture
def memo(alice):
    return gates.ask_release(factories.leased(), factories.state(), "Dear Ada,", OUTPUT_SCHEMA)


def refusal(*words):
    with pytest.raises(Refused) as refused:
        call(*words)
    assert not Decision.objects.filter(decided_by__username="charlie").exists()
    return refused.value


class TestDecide:
    def test_approves(self, refund):
        decided = told("decide", refund.pk, "approve", "--as", "alice")

        assert (decided["id"], decided["status"], decided["outcome"]) == (str(refund.pk), "decided", "approved")
        assert decided["run_status"] == "queued"
        assert [said["by"] for said in decided["decisions"]] == ["alice"]

    def test_edits_the_arguments(self, refund):
        told("decide", refund.pk, "edit", "--as", "alice", "--arguments", CHEAPER)

        assert ToolCall.objects.get().executed == {"customer_id": "C-88213", "amount": 48.2}

    def test_overrides_the_output(self, refund):
        told("decide", refund.pk, "override", "--as", "alice", "--output", "Already refunded.")

        assert (ToolCall.objects.get().status, ToolCall.objects.get().output) == ("supplied", "Already refunded.")

    def test_rejects_with_everything_a_reviewer_may_say(self, refund):
        words = ("--note", "Ask first.", "--reason", "Looks like fraud.", "--context", "The customer is a minor.")
        told("decide", refund.pk, "reject", "--as", "alice", *words)

        said = Decision.objects.get()
        assert (said.note, said.reason, said.context) == ("Ask first.", "Looks like fraud.", "The customer is a minor.")
        assert ToolCall.objects.get().output.endswith("Feedback: Ask first.")

    def test_answers_a_question(self, question):
        told("decide", question.pk, "answer", "--as", "alice", "--answer", "Ward B")

        assert Decision.objects.get().replacement == "Ward B"

    def test_releases_an_edited_text(self, memo):
        told("decide", memo.pk, "edit", "--as", "alice", "--output", "Dear Ms Lovelace,")

        assert Decision.objects.get().replacement == {"output": "Dear Ms Lovelace,"}

    def test_takes_the_edited_output_as_json_too(self, memo):
        told("decide", memo.pk, "edit", "--as", "alice", "--arguments", '{"output": "Hello"}')

        assert Decision.objects.get().replacement == {"output": "Hello"}

    def test_finds_the_question_by_the_start_of_its_id(self, refund):
        assert told("decide", str(refund.pk)[:10], "approve", "--as", "bob")["id"] == str(refund.pk)

    def test_shows_people_what_was_decided(self, refund):
        page = call("decide", refund.pk, "approve", "--as", "alice")

        assert page.startswith("Decided: Refund 4820 to C-88213")
        assert "approve by alice" in page

    def test_signs_the_book(self, refund):
        call("decide", refund.pk, "approve", "--as", "alice")

        assert isinstance(audit.verify(), audit.Verified)
        line = refund.events.get(kind="intervention.approve")
        assert (line.actor_type, line.actor) == ("user", "alice")


class TestUnknownOutcome:
    @pytest.mark.parametrize(
        ("words", "means"),
        [
            (("approve",), "It did not happen: issue_refund runs again with the same values."),
            (("override", "--output", "RF-1"), "It happened: issue_refund does not run again."),
            (("reject",), "Nobody can tell: issue_refund does not run again, and the run ends as failed."),
        ],
    )
    def test_says_afterwards_what_the_verdict_meant(self, alice, words, means):
        item, other = desk_data.unknown(), desk_data.unknown()

        assert told("decide", item.pk, *words, "--as", "alice")["decisions"][0]["means"].startswith(means)
        assert means in " ".join(call("decide", other.pk, *words, "--as", "alice").split())

    def test_is_explained_in_the_help(self):
        said = " ".join(Command().create_parser("manage.py", "decide").format_help().split())

        assert "approve = it did not, run it AGAIN; override = it happened" in said


class TestRefusals:
    def test_names_the_colleague_who_was_faster(self, refund, bob):
        interventions.decide(refund.pk, by=bob, verdict=Verdict.REJECT)

        refused = refusal("decide", refund.pk, "approve", "--as", "alice")

        assert (refused.code, refused.returncode) == ("conflict", 1)
        assert str(refused).startswith("bob rejected this item on ")

    def test_respects_a_claim(self, refund, bob):
        interventions.claim(refund.pk, by=bob)

        assert refusal("decide", refund.pk, "approve", "--as", "alice").code == "conflict"

    def test_refuses_another_version_than_the_reviewer_saw(self, refund):
        assert refusal("decide", refund.pk, "approve", "--as", "alice", "--if-version", "7").code == "conflict"
        told("decide", refund.pk, "approve", "--as", "alice", "--if-version", refund.version)

    def test_lets_charlie_decide_nothing(self, refund, charlie):
        refused = refusal("decide", refund.pk, "approve", "--as", "charlie")

        assert (refused.code, refused.returncode) == ("not_found", 1)
        refund.refresh_from_db()
        assert refund.is_open

    def test_lets_an_auditor_read_but_not_decide(self, refund, otto):
        assert refusal("decide", refund.pk, "approve", "--as", "otto").code == "permission"

    def test_does_not_take_a_run_for_a_question(self, refund):
        assert refusal("decide", refund.run_id, "approve", "--as", "alice").code == "not_found"

    def test_says_what_the_schema_finds_wrong(self, refund):
        refused = refusal(
            "decide", refund.pk, "edit", "--as", "alice", "--arguments", '{"customer_id": "C", "amount": "x"}'
        )

        assert (refused.code, refused.returncode) == ("invalid", 1)
        assert "amount" in refused.more["errors"]["replacement"]

    def test_refuses_a_verdict_the_question_does_not_take(self, refund):
        refused = refusal("decide", refund.pk, "answer", "--as", "alice", "--answer", "Yes")

        assert (refused.code, set(refused.more["errors"])) == ("invalid", {"verdict"})

    def test_refuses_text_in_place_of_arguments(self, refund):
        refused = refusal("decide", refund.pk, "edit", "--as", "alice", "--output", "Less")

        assert set(refused.more["errors"]) == {"output"}

    def test_refuses_an_empty_answer(self, question):
        assert refusal("decide", question.pk, "answer", "--as", "alice", "--answer", " ").code == "invalid"


class TestUsage:
    @pytest.mark.parametrize(
        "words",
        [
            ("approve",),
            ("maybe", "--as", "alice"),
            ("edit", "--as", "alice"),
            ("edit", "--as", "alice", "--arguments", CHEAPER, "--output", "x"),
            ("edit", "--as", "alice", "--arguments", "{amount: 3}"),
            ("edit", "--as", "alice", "--arguments", '{"amount": NaN}'),
            ("edit", "--as", "alice", "--arguments", '{"amount": 1e999}'),
            ("edit", "--as", "alice", "--arguments", "[" * 100_000),
            ("edit", "--as", "alice", "--answer", "x"),
            ("override", "--as", "alice"),
            ("override", "--as", "alice", "--arguments", CHEAPER),
            ("answer", "--as", "alice"),
            ("approve", "--as", "alice", "--output", "x"),
            ("reject", "--as", "alice", "--arguments", CHEAPER),
            ("approve", "--as", "alice", "--if-version", "new"),
        ],
    )
    def test_is_checked_before_anything_is_decided(self, refund, words):
        with pytest.raises(Misused) as misused:
            call("decide", refund.pk, *words)

        assert (misused.value.code, misused.value.returncode) == ("usage", 2)
        assert Intervention.objects.get().is_open

    def test_names_the_flag_that_does_not_fit(self, refund):
        with pytest.raises(Misused, match="--answer does not go with approve"):
            call("decide", refund.pk, "approve", "--as", "alice", "--answer", "x")

    @pytest.mark.parametrize(
        ("verdict", "needs"),
        [
            ("override", "override needs --output."),
            ("edit", "edit needs --arguments or --output, one of the two."),
        ],
    )
    def test_names_what_a_verdict_needs(self, refund, verdict, needs):
        with pytest.raises(Misused) as misused:
            call("decide", refund.pk, verdict, "--as", "alice")

        assert str(misused.value) == needs

    def test_says_what_is_wrong_with_the_json(self, refund):
        with pytest.raises(Misused, match="--arguments: this is not JSON: Expecting property name"):
            call("decide", refund.pk, "edit", "--as", "alice", "--arguments", "{amount: 3}")
