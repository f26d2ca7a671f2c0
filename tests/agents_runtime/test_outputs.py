"""Outputs as JSON for the ledger and back, and as schemas for those who edit them."""

import json
from datetime import date
from decimal import Decimal

import pytest
from agents import AgentOutputSchema, ToolOutputFileContent, ToolOutputImage, ToolOutputText
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from agents_runtime.sdk.outputs import STRUCTURED, annotated, decode, encode, schema_of, speakable
from reviews.actions.text import storable

IMAGE = ToolOutputImage(image_url="https://x.example/a.png")
TEXT = ToolOutputText(text="hello")
FILE = ToolOutputFileContent(file_url="https://x.example/a.pdf", filename="a.pdf")


class Receipt(BaseModel):
    number: int
    total: Decimal


class Unspeakable:
    def __repr__(self) -> str:
        return "<unspeakable>"


class Mute:
    def __str__(self) -> str:
        raise ValueError("odd")

    __repr__ = __str__


def deep() -> list:
    items: list = ["the core"]
    for _ in range(100_000):
        items = ["on the way", items]
    return items


def circle() -> list:
    items: list = []
    items.append(items)
    return items


class TestEncode:
    @pytest.mark.parametrize(
        "output, kept",
        [
            ("text", "text"),
            ({"a": date(2026, 1, 2)}, {"a": "2026-01-02"}),
            (Receipt(number=1, total=Decimal("2.50")), {"number": 1, "total": "2.50"}),
            ((1, 2), [1, 2]),
            ({"type": "ticket", "id": 7}, {"type": "ticket", "id": 7}),
            ([], []),
            (Unspeakable(), "<unspeakable>"),
        ],
    )
    def test_makes_json_of_anything(self, output, kept):
        assert encode(output) == kept

    @pytest.mark.parametrize(
        "output",
        [
            circle(),
            b"\xff\xfe",
            {1: Unspeakable()},
            float("nan"),
            {"x": {Unspeakable()}},
            10**5000,
            {"total": 10**5000},
            deep(),
            Mute(),
            [1, Mute()],
            {"type": "text", "text": "\ud800"},
        ],
        ids=lambda output: type(output).__name__,
    )
    def test_never_raises_because_the_tool_has_already_run(self, output):
        kept = encode(output)

        assert json.loads(json.dumps(kept)) == kept
        assert json.dumps(storable(kept), ensure_ascii=False).encode()
        assert json.dumps(decode(kept), default=str)
        assert str(speakable(output, kept))

    def test_keeps_what_can_be_read_beside_what_cannot(self):
        assert encode([1, Mute()]) == [1, "Unreadable: Mute, whose text raises ValueError."]
        assert encode({"paid": True, "number": 10**5000}) == {"paid": True, "number": hex(10**5000)}
        assert encode(deep())[0] == "on the way"

    @pytest.mark.parametrize("output", [IMAGE, [TEXT, IMAGE, FILE], {"type": "text", "text": "hello"}])
    def test_keeps_the_kind_of_texts_images_and_files(self, output):
        assert list(encode(output)) == [STRUCTURED]


class TestDecode:
    @pytest.mark.parametrize("output", [IMAGE, TEXT, FILE])
    def test_hands_back_the_same_parts(self, output):
        assert decode(json.loads(json.dumps(encode(output)))) == [output]

    def test_hands_back_several_parts_in_order(self):
        assert decode(encode([TEXT, IMAGE])) == [TEXT, IMAGE]

    @given(st.text())
    def test_hands_back_text_as_it_was(self, text):
        assert decode(encode(text)) == text

    def test_writes_all_else_as_json(self):
        assert decode({"a": [1, None]}) == '{"a": [1, null]}'


class TestSpeakable:
    @pytest.mark.parametrize("output", ["text", 7, TEXT, [TEXT, IMAGE], Unspeakable()])
    def test_is_the_output_itself(self, output):
        assert speakable(output, encode(output)) is output

    def test_is_what_is_kept_of_an_output_that_has_no_text(self):
        assert speakable(10**5000, hex(10**5000)) == hex(10**5000)
        assert speakable([Mute()], ["Unreadable"]) == '["Unreadable"]'


class TestAnnotated:
    def test_puts_the_note_before_a_text(self):
        note = '[A human reviewer changed the arguments. The tool ran with {"name": "Zoë"}]'

        assert annotated("done", {"name": "Zoë"}) == f"{note}\ndone"

    def test_puts_the_note_before_parts(self):
        assert annotated(IMAGE, {})[1:] == [IMAGE]
        assert annotated([TEXT, IMAGE], {})[1:] == [TEXT, IMAGE]

    def test_writes_other_output_as_json_behind_it(self):
        assert annotated(Receipt(number=1, total=Decimal(2)), {}).endswith('\n{"number": 1, "total": "2"}')


class TestSchemaOf:
    def inner(self, kind, output="text"):
        return schema_of(kind, output)["properties"]["output"]

    @pytest.mark.parametrize("kind", [None, str])
    def test_of_plain_text_is_a_string(self, kind):
        assert self.inner(kind) == {"type": "string"}

    def test_of_a_tools_result_that_ended_the_run_is_anything(self):
        assert self.inner(None, {"a": 1}) == {}

    def test_of_a_model_names_its_fields(self):
        assert set(self.inner(Receipt)["properties"]) == {"number", "total"}

    def test_of_a_list_is_an_array(self):
        assert self.inner(list[int]) == {"type": "array", "items": {"type": "integer"}}

    def test_of_a_wrapped_type_is_that_of_the_type(self):
        assert self.inner(AgentOutputSchema(list[int])) == self.inner(list[int])

    def test_keeps_definitions_where_references_find_them(self):
        schema = schema_of(list[Receipt], [])

        assert schema["properties"]["output"]["items"] == {"$ref": "#/$defs/Receipt"}
        assert "Receipt" in schema["$defs"]
