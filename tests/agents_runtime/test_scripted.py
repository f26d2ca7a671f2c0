"""The scripted model, driven by the real SDK runner."""

import asyncio
import json
import subprocess
import sys

import pytest
from agents import (
    Agent,
    ModelSettings,
    ModelTracing,
    RunConfig,
    Runner,
    RunState,
    function_tool,
)
from hypothesis import given
from hypothesis import strategies as st

from agents_runtime.scripted import MODEL_NAME, Call, ScriptedModel
from agents_runtime.scripted.conversation import Conversation
from agents_runtime.scripted.model import answer
from agents_runtime.scripted.stream import events
from tests.agents_runtime.traces import recorded


@function_tool
def add(a: int, b: int) -> str:
    """Add two numbers."""
    return str(a + b)


@function_tool(needs_approval=True)
def pay(amount: int) -> str:
    """Pay somebody."""
    return f"paid {amount}"


def adds_twice(talk):
    """Two calls at once, then the sum of their outputs."""
    if not talk.exchanges:
        return [Call("add", {"a": 1, "b": 2}), Call("add", {"a": 3, "b": 4})]
    return f"{talk.task}: {sum(int(exchange.output) for exchange in talk.exchanges)}"


def pays_once(talk):
    return talk.last("pay").output if talk.exchanges else Call("pay", {"amount": 7})


@pytest.fixture(autouse=True)
def recorder():
    with recorded() as recorder:
        yield recorder


def agent(script, *tools, name="Adder"):
    return Agent(name=name, instructions="Be exact.", tools=list(tools), model=ScriptedModel(script))


def run(agent, task="sum", **config):
    return asyncio.run(Runner.run(agent, task, run_config=RunConfig(**config)))


async def _drained(agent, task):
    result = Runner.run_streamed(agent, task)
    return result, [event async for event in result.stream_events()]


def stream(agent, task="sum"):
    return asyncio.run(_drained(agent, task))


def call_ids(result):
    return [item.raw_item.call_id for item in result.new_items if item.type == "tool_call_item"]


class TestGetResponse:
    def test_makes_the_calls_the_script_asks_for_and_ends_with_its_words(self):
        assert run(agent(adds_twice, add)).final_output == "sum: 10"

    def test_lets_a_script_make_a_single_call(self):
        result = run(agent(lambda talk: "done" if talk.exchanges else Call("add", {"a": 1, "b": 1}), add))

        assert len(call_ids(result)) == 1

    def test_shows_the_script_the_instructions_and_the_tools(self):
        seen = []
        run(agent(lambda talk: seen.append((talk.instructions, talk.tools)) or "ok", add, pay))

        assert seen == [("Be exact.", ("add", "pay"))]

    def test_counts_tokens_by_the_length_of_what_was_read_and_written(self):
        short, long = (
            run(agent(lambda talk: talk.task, add), task).context_wrapper.usage for task in ("a", "a" * 4000)
        )

        assert short.requests == 1
        assert long.input_tokens - short.input_tokens == pytest.approx(1000, abs=2)
        assert long.output_tokens - short.output_tokens == pytest.approx(1000, abs=2)
        assert long.total_tokens == long.input_tokens + long.output_tokens

    def test_lets_an_error_in_the_script_end_the_run(self):
        def broken(talk):
            raise RuntimeError("the script is torn")

        with pytest.raises(RuntimeError, match="torn"):
            run(agent(broken))


class TestStreamResponse:
    def test_ends_like_the_whole_answer(self):
        plain, (streamed, _) = run(agent(adds_twice, add)), stream(agent(adds_twice, add))

        assert streamed.final_output == plain.final_output
        assert call_ids(streamed) == call_ids(plain)
        assert streamed.context_wrapper.usage.total_tokens == plain.context_wrapper.usage.total_tokens

    def test_sends_the_text_word_by_word(self):
        _, seen = stream(agent(lambda talk: "one  two\nthree "))
        raw = [event.data for event in seen if event.type == "raw_response_event"]
        words = [event.delta for event in raw if event.type == "response.output_text.delta"]

        assert len(words) > 2
        assert "".join(words) == "one  two\nthree "

    @given(st.text())
    def test_loses_no_character_of_any_text(self, text):
        told = events(answer(Conversation([]), text))

        assert "".join(event.delta for event in told if event.type == "response.output_text.delta") == text

    def test_numbers_its_events_without_a_gap_from_created_to_completed(self):
        told = list(events(answer(Conversation([]), [Call("add", {"a": 1}), Call("add", {"a": 2})])))

        assert [event.sequence_number for event in told] == list(range(len(told)))
        assert (told[0].type, told[-1].type) == ("response.created", "response.completed")

    def test_opens_and_closes_each_part_of_a_message_around_its_words(self):
        kinds = [event.type.removeprefix("response.") for event in events(answer(Conversation([]), "two words"))]

        assert kinds[1:-1] == [
            "output_item.added",
            "content_part.added",
            "output_text.delta",
            "output_text.delta",
            "output_text.done",
            "content_part.done",
            "output_item.done",
        ]

    def test_grows_each_call_from_nothing_to_its_arguments(self):
        told = list(events(answer(Conversation([]), Call("add", {"a": 1}))))
        kinds = [event.type.removeprefix("response.") for event in told]

        assert kinds[1:-1] == [
            "output_item.added",
            "function_call_arguments.delta",
            "function_call_arguments.done",
            "output_item.done",
        ]
        assert told[1].item.arguments == ""
        assert json.loads(told[-2].item.arguments) == {"a": 1}


class TestCallIds:
    def test_are_unique_among_parallel_calls(self):
        ids = call_ids(run(agent(adds_twice, add)))

        assert len(set(ids)) == len(ids) == 2

    def test_are_the_same_for_the_same_conversation(self):
        assert call_ids(run(agent(adds_twice, add))) == call_ids(run(agent(adds_twice, add)))

    def test_are_the_same_in_another_process(self):
        code = (
            "from agents_runtime.scripted import Call, Conversation\n"
            "from agents_runtime.scripted.model import answer\n"
            "talk = Conversation([{'role': 'user', 'content': 'sum'}], 'Be exact.', ('add',))\n"
            "print(answer(talk, Call('add', {'a': 1})).output[0].call_id)"
        )
        there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        here = answer(Conversation([{"role": "user", "content": "sum"}], "Be exact.", ("add",)), Call("add", {"a": 1}))

        assert here.output[0].call_id == there

    def test_differ_when_the_same_call_is_made_again_later(self):
        def thrice(talk):
            return "done" if len(talk.exchanges) == 3 else Call("add", {"a": 1, "b": 1})

        ids = call_ids(run(agent(thrice, add)))

        assert len(set(ids)) == len(ids) == 3

    def test_differ_between_an_agent_and_the_agent_it_uses_as_a_tool(self):
        seen = []

        @function_tool
        def note(text: str) -> str:
            """Note something."""
            return text

        def inner(talk):
            seen.extend(exchange.call_id for exchange in talk.exchanges)
            return "noted" if talk.exchanges else Call("note", {"text": talk.task})

        def outer(talk):
            seen.extend(exchange.call_id for exchange in talk.exchanges)
            return "done" if talk.exchanges else [Call("helper", {"input": "one"}), Call("helper", {"input": "two"})]

        helper = agent(inner, note, name="Helper").as_tool("helper", "Helps.")
        run(agent(outer, helper))

        assert len(set(seen)) == 4


class TestStatelessness:
    def test_lets_a_paused_run_go_on_with_a_new_model_from_json(self):
        paused = run(agent(pays_once, pay))
        saved = json.dumps(paused.to_state().to_json())

        async def resume():
            successor = agent(pays_once, pay)
            state = await RunState.from_json(successor, json.loads(saved))
            state.approve(state.get_interruptions()[0])
            return await Runner.run(successor, state)

        assert paused.interruptions[0].name == "pay"
        assert asyncio.run(resume()).final_output == "paid 7"

    def test_shows_the_script_what_a_reviewer_said(self):
        async def reject():
            payer = agent(pays_once, pay)
            state = (await Runner.run(payer, "pay")).to_state()
            state.reject(state.get_interruptions()[0], rejection_message="Rejected: too late")
            return await Runner.run(payer, state)

        assert asyncio.run(reject()).final_output == "Rejected: too late"


class TestTracing:
    @pytest.mark.parametrize("go", [run, lambda *args: stream(*args)[0]], ids=["whole", "streamed"])
    def test_records_each_step_with_its_model_and_tokens(self, recorder, go):
        result = go(agent(adds_twice, add))
        first, second = recorder.of("generation")

        assert first["model"] == second["model"] == MODEL_NAME == "scripted"
        spent = first["usage"]["total_tokens"] + second["usage"]["total_tokens"]
        assert spent == result.context_wrapper.usage.total_tokens

    def test_records_what_was_read_and_written(self, recorder):
        run(agent(adds_twice, add))
        first, second = recorder.of("generation")

        assert first["input"][0]["content"] == "sum"
        assert [item["name"] for item in first["output"]] == ["add", "add"]
        assert second["output"][0]["content"][0]["text"] == "sum: 10"

    def test_keeps_the_words_out_when_told_to(self, recorder):
        run(agent(adds_twice, add), trace_include_sensitive_data=False)
        first, _ = recorder.of("generation")

        assert not first["input"]
        assert not first["output"]
        assert first["usage"]["input_tokens"] > 0

    def test_records_nothing_when_tracing_is_off(self, recorder):
        run(agent(adds_twice, add), tracing_disabled=True)

        assert recorder.spans == []


class TestInput:
    def test_may_be_a_plain_string(self):
        model = ScriptedModel(lambda talk: talk.task.upper())
        response = asyncio.run(model.get_response(None, "hello", ModelSettings(), [], None, [], ModelTracing.DISABLED))

        assert response.output[0].content[0].text == "HELLO"
