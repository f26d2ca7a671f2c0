"""The field for one schema: one that shows the proposed value, or the editor for JSON."""

import datetime
from enum import Enum
from typing import Any

import pytest
from agents import function_tool

from reviews.web import json_fields
from reviews.web.schema_fields import field_for
from reviews.web.schema_form import SchemaForm

DAY = {"type": "string", "format": "date"}
CLOCK = {"type": "string", "format": "time"}


def field(schema: dict[str, Any], value: Any, **root: Any):
    """The field of a required property."""
    return field_for(schema, value, root=root, is_required=True)


def shown_as(schema: dict[str, Any], value: Any) -> str:
    """The type of its input."""
    widget = field(schema, value).widget
    return widget.attrs.get("type", widget.input_type)


class TestFieldFor:
    @pytest.mark.parametrize(
        ("schema", "value", "type"),
        [
            (DAY, "2026-11-22", "date"),
            (DAY, None, "date"),
            (DAY, "", "text"),
            (DAY, "22.11.2026", "text"),
            (DAY, "2026-02-30", "text"),
            (DAY, "20261122", "text"),
            (DAY, "2026-11-22T10:00:00Z", "text"),
            (CLOCK, "14:30", "time"),
            (CLOCK, "14:30:05.125", "time"),
            (CLOCK, "14:30:00Z", "text"),
            (CLOCK, "14:30:00+02:00", "text"),
            (CLOCK, "14:30:00.123456", "text"),
            (CLOCK, "25:00", "text"),
            (CLOCK, None, "text"),
            ({"type": "number"}, 480.0, "number"),
            ({"type": "number"}, None, "number"),
            ({"type": "number"}, "480 USD", "text"),
            ({"type": "integer"}, True, "text"),
        ],
    )
    def test_is_typed_only_where_a_browser_shows_the_value(self, schema, value, type):
        assert shown_as(schema, value) == type

    @pytest.mark.parametrize("choices", ["anyOf", "oneOf"])
    def test_follows_a_reference_beside_null(self, choices):
        root = {"$defs": {"Currency": {"enum": ["EUR", "USD"]}}}

        made = field({choices: [{"$ref": "#/$defs/Currency"}, {"type": "null", "title": "none"}]}, "EUR", **root)

        assert made.choices == [("", "none"), ('"EUR"', "EUR"), ('"USD"', "USD")]

    @pytest.mark.parametrize(
        "schema",
        [
            {"anyOf": [True, {"type": "null"}]},
            {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            {"anyOf": {"type": "null"}},
            {"type": {"type": "string"}},
            {"enum": 5},
            {"enum": {}},
            {},
        ],
    )
    def test_of_what_is_not_understood_is_an_editor_for_json(self, schema):
        assert isinstance(field(schema, "x"), json_fields.Json)


class TestOneOf:
    @pytest.mark.parametrize("value", ["GBP", 5, {"code": "EUR"}, ["EUR"], '"EUR"'])
    def test_leaves_as_it_is_what_is_none_of_the_options(self, value):
        schema = {"type": "object", "properties": {"currency": {"enum": ["EUR", "USD"]}}}
        form = SchemaForm(schema=schema, value={"currency": value})
        key = form["currency"].value()

        assert key in dict(form.fields["currency"].choices)
        assert not SchemaForm({"edit-currency": key}, schema=schema, value={"currency": value}).touched

    def test_chooses_nothing_where_nothing_was_proposed(self):
        assert field({"enum": ["EUR", "USD"]}, None).choices[0] == ("", "none")

    def test_tells_a_text_from_the_number_it_reads_like(self):
        schema = {"type": "object", "properties": {"size": {"enum": [1, "1"]}}}

        assert SchemaForm(schema=schema, value={"size": "1"})["size"].value() == '"1"'


class Currency(Enum):
    EUR = "EUR"
    USD = "USD"


@function_tool
def book(
    room: str, at: datetime.time, until: datetime.time | None, paid: Currency | None, ref: str | int, more: Any
) -> str:
    """A tool with all that an input of HTML has trouble with."""
    return ""


class TestToolOfTheSdk:
    ARGUMENTS: dict[str, Any] = {
        "room": "A",
        "at": "14:30:00Z",
        "until": "15:30:00+02:00",
        "paid": "EUR",
        "ref": "A-1",
        "more": "1",
    }

    def edited(self, **changes: str) -> SchemaForm:
        """The form after somebody typed."""
        schema = book.params_json_schema
        sent = {bound.html_name: bound.value() for bound in SchemaForm(schema=schema, value=self.ARGUMENTS)}
        typed = {f"edit-{name}": text for name, text in changes.items()}
        return SchemaForm(sent | typed, schema=schema, value=self.ARGUMENTS)

    def test_shows_each_value_in_a_field_that_can_hold_it(self):
        form = self.edited()

        assert [form[name].field.widget.attrs.get("type") for name in ("at", "until")] == [None, None]
        assert [form[name].value() for name in ("at", "ref", "more")] == ["14:30:00Z", '"A-1"', '"1"']

    @pytest.mark.parametrize(
        ("name", "text", "value"),
        [
            ("room", "B", "B"),
            ("at", "16:00:00Z", "16:00:00Z"),
            ("until", "", None),
            ("paid", '"USD"', "USD"),
            ("paid", "", None),
            ("ref", "7", 7),
            ("ref", '"B-2"', "B-2"),
            ("more", "[1]", [1]),
        ],
    )
    def test_changes_what_was_typed_and_nothing_else(self, name, text, value):
        form = self.edited(**{name: text})

        assert form.is_valid(), form.errors
        assert form.value == self.ARGUMENTS | {name: value}

    def test_shows_json_that_cannot_be_read_as_it_was_typed(self):
        form = self.edited(ref="A-2")

        assert form.errors["ref"][0].startswith("This is not JSON")
        assert form["ref"].value() == "A-2"
