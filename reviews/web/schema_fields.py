"""The form field for one JSON Schema: a number stays a number, null stays null, what has no field is edited as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms

from reviews.web.json_fields import Json, Number, OneOf, Text, YesNo

LONG = 40
"""Characters from which a text gets several lines."""
NOTHING = "Leave empty for none."
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?", re.ASCII)
Schema = Mapping[str, Any]


def resolved(schema: Any, root: Schema) -> dict[str, Any]:
    """The schema with local references followed; one that leads elsewhere, or in circles, allows anything here."""
    seen: set[str] = set()
    kept: dict[str, Any] = {}
    while isinstance(schema, Mapping):
        kept = {**schema, **{key: kept[key] for key in ("title", "description") if key in kept}}
        reference = kept.pop("$ref", None)
        if reference is None:
            return kept
        if not isinstance(reference, str) or reference in seen:
            return {}
        seen.add(reference)
        schema = _followed(reference, root)
    return {}


def _followed(reference: str, root: Schema) -> Any:
    if not reference.startswith("#/"):
        return None
    place: Any = root
    for part in reference[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        place = place.get(name) if isinstance(place, Mapping) else None
    return place


def field_for(schema: Schema, value: Any, *, root: Schema, is_required: bool) -> forms.Field:
    """The field that edits a value of the (resolved) schema; what is not understood of it is edited as JSON."""
    plain, may_be_null = _without_null(schema, root)
    field = _typed(plain, value, may_be_empty=may_be_null or not is_required)
    notes = [str(schema.get("description") or plain.get("description") or "")]
    if may_be_null and not isinstance(field, forms.BooleanField | forms.ChoiceField):
        notes.append(NOTHING)
    field.help_text = " ".join(filter(None, notes))
    return field


def _without_null(schema: Schema, root: Schema) -> tuple[Schema, bool]:
    """The schema of the value when there is one, and whether there may be none."""
    kinds = schema.get("type")
    if isinstance(kinds, list) and "null" in kinds:
        rest = [kind for kind in kinds if kind != "null"]
        return {**schema, "type": rest[0] if len(rest) == 1 else rest}, True
    choices = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(choices, list):
        found = [resolved(choice, root) for choice in choices]
        others = [choice for choice in found if choice.get("type") != "null"]
        if len(others) < len(found):
            return (others[0] if len(others) == 1 else {}), True
    return schema, False


def _typed(schema: Schema, value: Any, *, may_be_empty: bool) -> forms.Field:
    options = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(options, list) and options:
        return OneOf(options, value, may_be_empty=may_be_empty)
    match schema.get("type"):
        case "boolean":
            return YesNo(value, may_be_empty=may_be_empty)
        case "integer":
            return Number(is_whole=True, required=not may_be_empty, value=value)
        case "number":
            return Number(is_whole=False, required=not may_be_empty, value=value)
        case "string" if not isinstance(value, dict | list):
            return _text(schema, value, may_be_empty=may_be_empty)
    return Json(required=not may_be_empty)


def _text(schema: Schema, value: Any, *, may_be_empty: bool) -> forms.Field:
    widget: forms.Widget = forms.TextInput(attrs={"autocomplete": "off"})
    if isinstance(value, str) and (len(value) > LONG or "\n" in value or "\r" in value):
        widget = forms.Textarea(attrs={"rows": 4})
    elif schema.get("format") == "date" and (value is None or _is_day(value)):
        widget = forms.TextInput(attrs={"type": "date"})
    elif schema.get("format") == "time" and isinstance(value, str) and CLOCK.fullmatch(value):
        widget = forms.TextInput(attrs={"type": "time", "step": "any"})
    return Text(required=False, strip=False, empty_value=None if may_be_empty else "", widget=widget)


def _is_day(value: Any) -> bool:
    """Whether a browser's date field would show it; it empties itself of all else, as one for times does."""
    if not isinstance(value, str) or not DAY.fullmatch(value):
        return False
    try:
        return bool(date.fromisoformat(value))
    except ValueError:
        return False
