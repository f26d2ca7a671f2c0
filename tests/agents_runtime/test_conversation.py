"""What a script can read from the items a model is shown."""

import json

import pytest

from agents_runtime.scripted import Conversation, Exchange


def said(role, text):
    return {"role": role, "content": text}


def wrote(text):
    """An assistant's message as the SDK keeps it."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}


def called(call_id, tool, **arguments):
    return {"type": "function_call", "call_id": call_id, "name": tool, "arguments": json.dumps(arguments)}


def returned(call_id, output):
    return {"type": "function_call_output", "call_id": call_id, "output": output}


class TestTask:
    def test_is_the_first_thing_a_person_said(self):
        assert Conversation([said("user", "refund O-1"), said("user", "hurry")]).task == "refund O-1"

    def test_is_read_from_parts_as_well_as_from_plain_text(self):
        parts = [{"type": "input_text", "text": "refund"}, {"type": "input_text", "text": "O-1"}]
        assert Conversation([said("user", parts)]).task == "refund\nO-1"

    def test_is_empty_when_nobody_said_anything(self):
        assert Conversation([]).task == ""


class TestExchanges:
    def test_pair_each_call_with_its_output_whatever_order_they_came_in(self):
        talk = Conversation(
            [called("a", "add", x=1), called("b", "add", x=2), returned("b", "two"), returned("a", "one")]
        )

        assert [(e.arguments, e.output) for e in talk.exchanges] == [({"x": 1}, "one"), ({"x": 2}, "two")]

    def test_have_no_output_while_the_call_is_open(self):
        assert Conversation([called("a", "add")]).exchanges == (Exchange("a", "add", {}, ""),)

    def test_read_an_output_given_in_parts(self):
        talk = Conversation([called("a", "add"), returned("a", [{"type": "input_text", "text": "3"}])])

        assert talk.exchanges[0].output == "3"

    def test_tell_tools_apart(self):
        talk = Conversation([called("a", "add", x=1), called("b", "mul"), called("c", "add", x=3)])

        assert [e.call_id for e in talk.calls("add")] == ["a", "c"]
        assert talk.last("add").arguments == {"x": 3}
        assert talk.last("divide") is None

    @pytest.mark.parametrize("arguments", ["", "[1]", "null"])
    def test_take_arguments_that_are_no_object_as_none_at_all(self, arguments):
        talk = Conversation([{**called("a", "add"), "arguments": arguments}])

        assert talk.exchanges[0].arguments == {}


class TestNotes:
    def test_are_what_people_added_after_the_task(self):
        talk = Conversation([said("user", "task"), wrote("hm"), said("developer", "VIP"), said("user", "be brief")])

        assert talk.notes == ["VIP", "be brief"]

    def test_do_not_include_what_the_agent_said(self):
        talk = Conversation([said("user", "task"), wrote("first"), wrote("second")])

        assert talk.notes == []
        assert talk.replies == ["first", "second"]

    def test_are_latest_only_until_the_agent_acts_again(self):
        items = [
            said("user", "task"),
            called("a", "add"),
            returned("a", "1"),
            said("user", "one"),
            said("system", "two"),
        ]

        assert Conversation(items).latest_notes == ["one", "two"]
        assert Conversation([*items, wrote("noted")]).latest_notes == []
        assert Conversation([*items, called("b", "add"), returned("b", "2")]).latest_notes == []

    def test_are_not_latest_before_the_agent_did_anything(self):
        assert Conversation([said("user", "task")]).latest_notes == []


class TestEdited:
    def test_finds_the_arguments_a_reviewer_put_in_place(self):
        output = '[A human reviewer changed the arguments to {"amount": 5, "to": {"city": "Bonn"}}]\nrefunded 5'

        assert Exchange("a", "refund", {"amount": 50}, output).edited == {"amount": 5, "to": {"city": "Bonn"}}

    def test_lets_the_new_arguments_win_over_the_proposed_ones(self):
        output = 'alice changed the arguments to {"amount": 5}: done'

        assert Exchange("a", "refund", {"amount": 50, "order": 7}, output).executed == {"amount": 5, "order": 7}

    @pytest.mark.parametrize("output", ["done", "", "changed the arguments", "changed the arguments to {broken"])
    def test_is_empty_when_the_call_ran_as_proposed(self, output):
        exchange = Exchange("a", "refund", {"amount": 50}, output)

        assert exchange.edited == {}
        assert exchange.executed == {"amount": 50}


class TestRejected:
    @pytest.mark.parametrize(
        "output",
        [
            "A human reviewer rejected this call. Feedback: 100 is enough",
            "Rejected: 100 is enough",
            "The reviewer declined this tool call and said: 100 is enough",
            "Tool execution was not approved. Reviewer feedback: 100 is enough",
            "Refused by policy.\n100 is enough",
        ],
    )
    def test_recognises_a_no_and_what_was_said_with_it(self, output):
        exchange = Exchange("a", "refund", {}, output)

        assert exchange.rejected
        assert exchange.feedback == "100 is enough"

    def test_recognises_a_no_without_a_word(self):
        exchange = Exchange("a", "refund", {}, "Tool execution was not approved.")

        assert exchange.rejected
        assert exchange.feedback == ""

    @pytest.mark.parametrize(
        "output", ["", "Receipt RF-1: done", '{"status": "delivered"}', "done\nnothing was rejected"]
    )
    def test_takes_anything_else_for_an_answer(self, output):
        exchange = Exchange("a", "refund", {}, output)

        assert not exchange.rejected
        assert exchange.feedback == ""


class TestEssence:
    def test_is_the_same_whatever_ids_and_statuses_the_sdk_adds(self):
        plain = [said("user", "task"), called("a", "add", x=1), returned("a", "1")]
        dressed = [
            {**said("user", "task"), "type": "message"},
            {**called("a", "add", x=1), "id": "fc_9", "status": "completed"},
            {**returned("a", "1"), "id": "fco_3", "status": None},
        ]

        assert Conversation(plain).essence() == Conversation(dressed).essence()

    @pytest.mark.parametrize(
        "other",
        [
            Conversation([said("user", "task!")], "be kind", ("add",)),
            Conversation([said("developer", "task")], "be kind", ("add",)),
            Conversation([said("user", "task")], "be brief", ("add",)),
            Conversation([said("user", "task")], "be kind", ("add", "mul")),
            Conversation([said("user", "task"), called("a", "add")], "be kind", ("add",)),
        ],
    )
    def test_differs_with_every_word_role_instruction_and_tool(self, other):
        assert Conversation([said("user", "task")], "be kind", ("add",)).essence() != other.essence()
