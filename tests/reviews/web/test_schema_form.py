"""The edit form made from a tool's schema."""

from typing import Any

import pytest

from reviews.web.schema_form import WHOLE, SchemaForm

SCHEMA: dict[str, Any] = {
    "$defs": {
        "Line": {
            "type": "object",
            "properties": {"sku": {"type": "string"}, "quantity": {"type": "integer", "minimum": 1}},
            "required": ["sku", "quantity"],
        }
    },
    "type": "object",
    "properties": {
        "customer": {"type": "string", "description": "Who gets the money."},
        "amount": {"type": "number"},
        "count": {"type": "integer"},
        "currency": {"enum": ["USD", "EUR"], "type": "string"},
        "level": {"enum": [1, 2, 3]},
        "notify": {"type": "boolean"},
        "memo": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "day": {"type": "string", "format": "date"},
        "first": {"$ref": "#/$defs/Line"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
    },
    "required": ["customer", "amount", "currency"],
}
VALUE: dict[str, Any] = {
    "customer": "C-1",
    "amount": 480.0,
    "count": 2,
    "currency": "USD",
    "level": 2,
    "notify": True,
    "memo": None,
    "day": "2026-11-22",
    "first": {"sku": "A", "quantity": 1},
    "lines": [{"sku": "A", "quantity": 1}],
}


def typed(form: SchemaForm, **changes: str) -> dict[str, str]:
    """What a browser sends for the form as it stands, with some fields typed over."""
    sent = {bound.html_name: str(bound.value() if bound.value() is not None else "") for bound in form}
    return sent | {f"edit-{name}": text for name, text in changes.items()}


def edited(schema: dict[str, Any] = SCHEMA, value: Any = VALUE, /, **changes: str) -> SchemaForm:
    """The form after somebody typed."""
    return SchemaForm(typed(SchemaForm(schema=schema, value=value), **changes), schema=schema, value=value)


class TestSchemaForm:
    def test_gives_back_an_untouched_value_exactly(self):
        form = edited()

        assert form.is_valid(), form.errors
        assert form.value == VALUE
        assert list(form.value) == list(VALUE)

    @pytest.mark.parametrize(
        ("name", "text", "value"),
        [
            ("amount", "12.5", 12.5),
            ("amount", "12", 12),
            ("amount", "0", 0),
            ("count", "7", 7),
            ("currency", '"EUR"', "EUR"),
            ("level", "3", 3),
            ("notify", "false", False),
            ("memo", "hello", "hello"),
            ("memo", "", None),
            ("customer", "  C-2 ", "  C-2 "),
            ("day", "2026-12-24", "2026-12-24"),
            ("lines", "[]", []),
        ],
    )
    def test_gives_values_back_with_their_types(self, name, text, value):
        form = edited(**{name: text})

        assert form.is_valid(), form.errors
        assert form.value == VALUE | {name: value}
        assert type(form.value[name]) is type(value)

    def test_edits_inside_of_objects(self):
        form = edited(**{"first.quantity": "9"})

        assert form.is_valid(), form.errors
        assert form.value["first"] == {"sku": "A", "quantity": 9}
        assert VALUE["first"]["quantity"] == 1

    @pytest.mark.parametrize(
        ("name", "text", "message"),
        [
            ("amount", "lots", "Enter a number."),
            ("amount", "nan", "Enter a number."),
            ("amount", "", "This field is required."),
            ("count", "1.5", "Enter a whole number."),
            ("currency", '"GBP"', "Select a valid choice."),
            ("lines", "[", "This is not JSON"),
            ("lines", "[1e999]", "JSON knows no number as large as 1e999."),
            ("lines", "[" + "1" * 5000 + "]", "This is not JSON"),
            ("lines", "[NaN]", "JSON knows no NaN."),
            ("lines", "[" * 100_000, "This JSON is nested too deeply."),
            ("lines", "[" * 100 + "]" * 100, "This JSON is nested too deeply."),
            ("first.quantity", "0", "0 is less than the minimum of 1"),
        ],
    )
    def test_says_beside_the_field_what_is_wrong(self, name, text, message):
        form = edited(**{name: text})

        assert not form.is_valid()
        assert list(form.errors) == [name]
        assert form.errors[name][0].startswith(message)

    def test_marks_the_list_in_which_an_entry_is_wrong(self):
        form = edited(lines='[{"sku": "A", "quantity": 0}]')

        assert list(form.errors) == ["lines"]

    def test_describes_the_fields(self):
        form = SchemaForm(schema=SCHEMA, value=VALUE)

        assert form.fields["customer"].help_text == "Who gets the money."
        assert "Leave empty for none." in form.fields["memo"].help_text
        assert form.fields["first.sku"].label == "first › sku"

    def test_keeps_the_line_ends_of_an_untouched_text(self):
        value = {"body": "Dear Anna,\n\nyour money is on its way."}
        schema = {"type": "object", "properties": {"body": {"type": "string"}}}

        form = edited(schema, value, body=value["body"].replace("\n", "\r\n"))

        assert form.is_valid()
        assert form.value == value

    @pytest.mark.parametrize(
        ("place", "value"),
        [
            ({"type": "string"}, ""),
            ({"anyOf": [{"type": "string"}, {"type": "null"}]}, ""),
            ({"type": ["string", "null"]}, None),
            ({"type": "integer"}, 5.0),
            ({"type": "number"}, 5),
            ({}, None),
            ({"type": "string"}, "a\r\nb\rc"),
            ({"type": "array"}, []),
            ({"enum": ["a", None]}, None),
        ],
    )
    @pytest.mark.parametrize("required", [[], ["it"]])
    def test_neither_changes_nor_refuses_what_nobody_touched(self, place, value, required):
        schema = {"type": "object", "properties": {"it": place, "note": {"type": "string"}}, "required": required}

        form = edited(schema, {"it": value, "note": "x"}, note="y")

        assert form.is_valid(), form.errors
        assert form.value == {"it": value, "note": "y"}
        assert type(form.value["it"]) is type(value)

    def test_keeps_what_was_not_sent_at_all(self):
        form = SchemaForm({"edit-amount": "12.5"}, schema=SCHEMA, value=VALUE)

        assert form.is_valid(), form.errors
        assert form.value == VALUE | {"amount": 12.5}

    def test_has_a_field_of_its_own_for_a_name_with_a_dot(self):
        inner = {"type": "object", "properties": {"b": {"type": "integer"}}}
        names = {"a": inner, "a.b": {"type": "integer"}, "a~1b": {"type": "integer"}, "": {"type": "integer"}}
        schema = {"type": "object", "properties": names | {"value": {"type": "integer"}}}
        value = {"a": {"b": 1}, "a.b": 2, "a~1b": 3, "": 4, "value": 5}

        form = edited(schema, value, **{"a~1b": "7"})

        assert form.is_valid(), form.errors
        assert form.value == value | {"a.b": 7}

    def test_takes_5_point_0_for_a_whole_number_as_the_schema_does(self):
        form = edited(count="7.0")

        assert form.is_valid(), form.errors
        assert repr(form.value["count"]) == "7"

    def test_asks_for_what_was_proposed_without(self):
        schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}

        form = edited(schema, {})

        assert form.errors == {"n": ["This field is required."]}

    def test_leaves_out_what_was_left_out(self):
        schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}

        form = edited(schema, {"a": "x"})

        assert form.is_valid()
        assert form.value == {"a": "x"}

    def test_keeps_what_the_schema_does_not_name(self):
        schema = {"type": "object", "properties": {"a": {"type": "string"}}}

        form = edited(schema, {"a": "x", "extra": [1]}, a="y")

        assert form.is_valid()
        assert form.value == {"a": "y", "extra": [1]}

    @pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"type": "object", "additionalProperties": True}])
    def test_edits_as_a_whole_what_has_no_fields(self, schema):
        form = edited(schema, {"a": 1}, **{WHOLE: '{"a": 2}'})

        assert form.is_valid()
        assert form.value == {"a": 2}

    def test_follows_no_reference_out_of_the_schema(self, monkeypatch):
        monkeypatch.setattr("urllib.request.urlopen", lambda *_: pytest.fail("fetched"))
        schema = {"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:1/a.json"}}}

        form = edited(schema, {"a": "x"}, a='"y"')

        assert not form.is_valid()

    def test_is_not_led_in_circles(self):
        schema = {"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"$ref": "#/$defs/A"}}, "type": "object"}

        assert [leaf.name for leaf in SchemaForm(schema=schema, value={"a": 1}).leaves] == ["a"]

    def test_edits_deep_recursion_as_json(self):
        node: dict[str, Any] = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}
        schema = {"$defs": {"Node": node}, **node}
        value: dict[str, Any] = {"next": {"next": {"next": {"next": {"next": {}}}}}}

        leaves = SchemaForm(schema=schema, value=value).leaves

        assert [leaf.name for leaf in leaves] == ["next.next.next.next"]
