"""What a verdict must carry."""

import socket

import pytest

from reviews.actions import Invalid, gates, interventions, verdicts
from reviews.models import Decision
from reviews.states import VERDICTS_FOR, Kind, Verdict
from tests import factories
from tests.reviews.actions.conftest import book

GOOD = {"customer_id": "C-88213", "amount": 100}
OUTPUT = {"type": "object", "properties": {"output": {"type": "string"}}, "required": ["output"]}


def refused(question, by, **said):
    """The fields that the verdict was refused for; nothing was written."""
    before = book()
    with pytest.raises(Invalid) as refusal:
        interventions.decide(question.pk, by=by, **said)
    question.refresh_from_db()
    assert question.is_open and not Decision.objects.exists()
    assert book() == before
    return refusal.value.errors


@pytest.fixture
def letter(run, queue):
    """An output that waits for its release."""
    return gates.ask_release(run, factories.state(), "Dear Ann", OUTPUT)


class TestVerdict:
    @pytest.mark.parametrize("kind", Kind)
    @pytest.mark.parametrize("verdict", Verdict)
    def test_is_one_of_those_of_its_kind(self, run, alice, kind, verdict):
        is_output = kind == Kind.FINAL_OUTPUT
        asked = (
            {"arguments": {"output": "Dear Ann"}, "schema": OUTPUT}
            if is_output
            else {"arguments": dict(factories.ARGUMENTS)}
        )
        question = factories.question(run, kind=kind, **asked)
        if verdict in VERDICTS_FOR[kind]:
            edited = {"output": "Dear Bob"} if is_output else GOOD
            replacement = edited if verdict == Verdict.EDIT else "text"
            interventions.decide(question.pk, by=alice, verdict=verdict, note="n", replacement=replacement)
        else:
            assert list(refused(question, alice, verdict=verdict, replacement="text")) == ["verdict"]

    def test_that_nobody_knows_is_refused_with_those_that_can_be_said(self, refund, alice):
        assert refused(refund, alice, verdict="shrug") == {
            "verdict": "“shrug” cannot be said here; choose one of: approve, edit, override, reject."
        }

    def test_is_narrowed_by_the_rule(self, run, alice):
        question = factories.question(run, judgement={"verdicts": (Verdict.APPROVE, Verdict.REJECT)})
        assert question.verdicts == (Verdict.APPROVE, Verdict.REJECT)
        assert "approve, reject." in refused(question, alice, verdict="override", replacement="x")["verdict"]

    def test_is_not_narrowed_to_nothing(self, run):
        question = factories.question(run, judgement={"verdicts": (Verdict.ANSWER,)})
        assert question.verdicts == VERDICTS_FOR[Kind.TOOL_APPROVAL]


def nested(levels):
    value = "core"
    for _ in range(levels):
        value = {"a": [value]}
    return value


class TestDepth:
    @pytest.mark.parametrize("levels", [31, 700, 100_000])
    @pytest.mark.parametrize("verdict", ["edit", "override", "reject"])
    def test_is_limited_before_anything_looks_inside(self, refund, alice, verdict, levels):
        found = refused(refund, alice, verdict=verdict, replacement=nested(levels))

        assert found == {"replacement": "This is nested more than 60 times; make it flatter."}

    def test_up_to_the_limit_is_taken(self, refund, alice):
        output = nested(30)
        assert interventions.decide(refund.pk, by=alice, verdict="override", replacement=output).replacement == output


class TestText:
    @pytest.mark.parametrize("field", ["note", "reason", "context"])
    def test_has_an_end(self, refund, alice, field):
        errors = refused(refund, alice, verdict="approve", **{field: "x" * 20_001})
        assert errors == {field: "This text has more than 20,000 characters; shorten it."}

    def test_of_the_reason_is_needed_where_the_rule_asks_for_it(self, run, alice):
        question = factories.question(run, judgement={"reason_required": True})
        assert list(refused(question, alice, verdict="approve", note="n", reason="  ")) == ["reason"]
        interventions.decide(question.pk, by=alice, verdict="approve", reason="Checked with the shop.")

    def test_of_the_feedback_is_needed_to_send_an_output_back(self, letter, alice):
        assert list(refused(letter, alice, verdict="reject")) == ["note"]


class TestEdit:
    @pytest.mark.parametrize(
        ("replacement", "complaint"),
        [
            (None, "Give the edited arguments"),
            ("100", "Give a JSON object"),
            ([], "Give a JSON object"),
            ({}, "'customer_id' is a required property"),
            ({**GOOD, "amount": "a lot"}, "amount: 'a lot' is not of type 'number'"),
            ({**GOOD, "amount": float("nan")}, "amount: 'nan' is not of type 'number'"),
            ({**GOOD, "amount": True}, "amount: True is not of type 'number'"),
            ({**GOOD, "sudo": True}, "'sudo' was unexpected"),
            (factories.ARGUMENTS, "Nothing was changed"),
            ({**GOOD, "customer_id": "x" * 200_000}, "more than 200,000 characters"),
        ],
    )
    def test_must_fit_the_tools_schema(self, refund, alice, replacement, complaint):
        errors = refused(refund, alice, verdict="edit", replacement=replacement)
        assert list(errors) == ["replacement"]
        assert complaint in errors["replacement"]

    def test_names_every_field_that_does_not_fit(self, refund, alice):
        errors = refused(refund, alice, verdict="edit", replacement={"customer_id": 7, "amount": "x"})
        assert "customer_id: 7" in errors["replacement"] and "amount: 'x'" in errors["replacement"]

    def test_of_an_output_must_fit_too(self, letter, alice):
        assert "output: 7" in refused(letter, alice, verdict="edit", replacement={"output": 7})["replacement"]

    def test_may_be_as_long_in_any_script(self, refund, alice):
        long = {"customer_id": "字" * 150_000, "amount": 1.0}

        assert interventions.decide(refund.pk, by=alice, verdict="edit", replacement=long).replacement == long

    def test_is_kept_as_it_was_given(self, refund, alice):
        assert interventions.decide(refund.pk, by=alice, verdict="edit", replacement=GOOD).replacement == GOOD


class TestSuppliedText:
    @pytest.mark.parametrize("nothing", [None, "", "  \n"])
    def test_of_an_override_is_needed(self, refund, alice, nothing):
        assert refused(refund, alice, verdict="override", replacement=nothing) == {
            "replacement": "Write the output that the agent should read."
        }

    @pytest.mark.parametrize("value", [0, False, [], {}, {"paid": True}])
    def test_of_an_override_may_be_any_json(self, refund, alice, value):
        assert interventions.decide(refund.pk, by=alice, verdict="override", replacement=value).replacement == value

    @pytest.mark.parametrize("value", ["x" * 20_001, ["x" * 20_001]])
    def test_has_an_end(self, refund, alice, value):
        assert "20,000" in refused(refund, alice, verdict="override", replacement=value)["replacement"]

    @pytest.mark.parametrize(("value", "complaint"), [("", "Write the answer."), ({"a": 1}, "as text")])
    def test_of_an_answer_is_needed_and_is_text(self, run, alice, value, complaint):
        question = factories.question(run, kind=Kind.QUESTION)
        assert complaint in refused(question, alice, verdict="answer", replacement=value)["replacement"]


class TestSchemaErrors:
    def test_finds_nothing_wrong_with_what_fits(self):
        assert verdicts.schema_errors(factories.SCHEMA, GOOD) == []

    def test_owns_up_to_a_broken_schema(self):
        assert verdicts.schema_errors({"type": "nonsense"}, {})[0].startswith("the tool's own schema is broken")

    @pytest.mark.parametrize("reference", ["http://127.0.0.1:9/schema.json", "file:///etc/passwd", "#/$defs/gone"])
    def test_never_fetches_what_a_schema_refers_to(self, reference, monkeypatch):
        monkeypatch.setattr(socket, "create_connection", lambda *a, **k: pytest.fail("went out to the network"))
        errors = verdicts.schema_errors({"properties": {"a": {"$ref": reference}}}, {"a": 1})
        assert errors[0].startswith("the tool's own schema refers to what it does not hold")

    def test_follows_references_inside(self):
        schema = {"$defs": {"n": {"type": "number"}}, "properties": {"a": {"$ref": "#/$defs/n"}}}
        assert verdicts.schema_errors(schema, {"a": "x"}) == ["a: 'x' is not of type 'number'"]

    def test_is_brief(self):
        schema = {"type": "array", "items": {"type": "number"}}
        assert len(verdicts.schema_errors(schema, ["x"] * 50)) == 10
