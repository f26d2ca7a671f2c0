"""Schemas come from tools of all ages and makers: whatever they say, the question can be read and decided."""

import json

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviews.actions import verdicts
from reviews.models import Decision
from reviews.web.schema_form import MOST, WHOLE, SchemaForm
from tests import factories

WORDS = ["type", "properties", "anyOf", "oneOf", "allOf", "$ref", "enum", "const", "required", "items", "format"]
WORDS += ["description", "title", "$defs", "default", "minimum", "pattern", "$id", "$anchor", "multipleOf", "not"]
NAMES = ["a", "b", "a.b", ""]
SAID = [True, False, None, 0, -1, 1.5, "", "string", "object", "null", "number", "boolean", "date", "time", "["]
SAID += ["#", "#x", "#/$defs/a", "#/properties/a", "http://127.0.0.1:1/s.json", "urn:x", "14:30:00Z", "EUR"]
leaf = st.sampled_from(SAID) | st.sampled_from([["null", "string"], ["a"], [], {}, [True, {"type": "null"}]])
schemas = st.recursive(
    leaf,
    lambda inner: (
        st.dictionaries(st.sampled_from(WORDS), inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES), inner, max_size=2)
        | st.lists(inner, max_size=3)
    ),
    max_leaves=12,
)
wholes = st.fixed_dictionaries(
    {},
    optional={
        "type": st.just("object") | schemas,
        "properties": st.dictionaries(st.sampled_from(NAMES), schemas, min_size=1),
        "required": leaf,
        "$defs": st.fixed_dictionaries({"a": schemas}),
        "$ref": leaf,
        "anyOf": schemas,
    },
)
values = st.dictionaries(
    st.sampled_from(NAMES),
    leaf | st.dictionaries(st.sampled_from(NAMES), leaf, max_size=2) | st.floats(allow_nan=False, allow_infinity=False),
    max_size=4,
)
ODD = [
    {"address": {"type": "object", "required": True, "properties": {"street": {"type": "string"}}}},
    {"address": {"anyOf": [True, {"type": "null"}]}},
    {"address": {"$ref": "#/$defs/loop"}},
    {"address": {"enum": 5}},
    {"address": {"type": "object", "properties": True}},
    {"address": True},
    {"address": {"description": ["x"], "enum": ["x"]}},
]


def whole(properties):
    """A tool's schema with these properties, and a reference that leads to itself."""
    return {"type": "object", "properties": properties, "$defs": {"loop": {"$ref": "#/$defs/loop"}}}


class TestForm:
    @settings(max_examples=300, deadline=None)
    @given(schema=wholes, value=values)
    def test_never_falls_and_changes_nothing_by_itself(self, schema, value):
        shown = SchemaForm(schema=schema, value=value)
        sent = {bound.html_name: "" if bound.value() is None else str(bound.value()) for bound in shown}
        shown.as_p()

        form = SchemaForm(sent, schema=schema, value=value)

        if form.is_valid():
            assert form.value == value

    def test_of_very_many_properties_is_one_editor(self):
        schema = whole({f"p{number}": {"type": "string"} for number in range(MOST + 1)})

        assert list(SchemaForm(schema=schema, value={"p1": "x"}).fields) == [WHOLE]


class TestPane:
    @pytest.fixture
    def desk(self, client, alice) -> Client:
        client.force_login(alice)
        return client

    def edits(self, desk: Client, schema, value, edited) -> set[int]:
        """The status of the page, of the preview and of the edit, in either form."""
        item = factories.question(schema=schema, arguments=value)
        address = f"/interventions/{item.pk}/"
        as_json = {"verdict": "edit", "edit_as": "json", "edit_json": json.dumps(edited)}
        as_fields = {"verdict": "edit", "edit_as": "fields"} | {f"edit-{name}": "x" for name in edited}
        answers = [desk.get(address)]
        for typed in (as_fields, as_json):
            answers += [desk.post(f"{address}preview/", typed), desk.post(f"{address}decide/", typed)]
        return {answer.status_code for answer in answers}

    @pytest.mark.parametrize("properties", ODD, ids=str)
    def test_can_be_read_and_decided(self, desk, properties):
        value = {"address": {"street": "x"}}

        assert self.edits(desk, whole(properties), value, {"address": {"street": "y"}}) <= {200, 302, 409, 422}

        item = factories.question(schema=whole(properties), arguments=value)
        desk.post(f"/interventions/{item.pk}/decide/", {"verdict": "reject", "note": "No."})
        assert Decision.objects.filter(intervention=item).exists()

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(schema=wholes, value=values, edited=values)
    def test_never_falls(self, desk, schema, value, edited):
        assert self.edits(desk, schema, value, edited) <= {200, 302, 409, 422}


class TestSchemaErrors:
    @pytest.mark.parametrize("properties", ODD[:3], ids=str)
    def test_owns_up_to_a_schema_that_cannot_be_followed(self, properties):
        found = verdicts.schema_errors(whole(properties), {"address": {"street": 1}})

        assert not found or found[0].startswith(("the tool's own schema is broken", "address"))
