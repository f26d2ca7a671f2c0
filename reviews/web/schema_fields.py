"""The form field for one JSON Schema: a number stays a number, null stays null, what has no field is edited as JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from django import forms

from reviews.actions import verdicts
from reviews.actions.text import is_deep

LONG = 40
"""Characters from which a text gets several lines."""
WHOLE = re.compile(r"^[+-]?\d+$")
NOTHING = "Leave empty for none."
LINE_END = re.compile("\r\n?")
NULL = {"type": "null"}


def resolved(schema: Any, root: Mapping[str, Any]) -> dict[str, Any]:
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


def _followed(reference: str, root: Mapping[str, Any]) -> Any:
    if not reference.startswith("#/"):
        return None
    place: Any = root
    for part in reference[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        place = place.get(name) if isinstance(place, Mapping) else None
    return place


def field_for(schema: Mapping[str, Any], value: Any, *, is_required: bool) -> forms.Field:
    """The field that edits a value of the (resolved) schema."""
    plain, may_be_null = _without_null(schema)
    field = _typed(plain, value, may_be_empty=may_be_null or not is_required)
    notes = [str(schema.get("description") or plain.get("description") or "")]
    if may_be_null and not isinstance(field, forms.BooleanField | forms.ChoiceField):
        notes.append(NOTHING)
    field.help_text = " ".join(filter(None, notes))
    return field


def _without_null(schema: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """The schema of the value when there is one, and whether there may be none."""
    kinds = schema.get("type")
    if isinstance(kinds, list) and "null" in kinds:
        rest = [kind for kind in kinds if kind != "null"]
        return {**schema, "type": rest[0] if len(rest) == 1 else rest}, True
    choices = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(choices, list) and NULL in choices:
        others = [choice for choice in choices if choice != NULL]
        return (others[0] if len(others) == 1 else {}), True
    return schema, False


def _typed(schema: Mapping[str, Any], value: Any, *, may_be_empty: bool) -> forms.Field:
    options = schema.get("enum") or ([schema["const"]] if "const" in schema else None)
    if options:
        return OneOf(options, may_be_empty=may_be_empty)
    match schema.get("type"):
        case "boolean":
            return YesNo(may_be_empty=may_be_empty)
        case "integer":
            return Number(is_whole=True, required=not may_be_empty)
        case "number":
            return Number(is_whole=False, required=not may_be_empty)
        case "string" if value is None or isinstance(value, str) or not isinstance(value, dict | list):
            return _text(schema, value, may_be_empty=may_be_empty)
    return Json(required=not may_be_empty)


def _text(schema: Mapping[str, Any], value: Any, *, may_be_empty: bool) -> forms.Field:
    widget: forms.Widget = forms.TextInput(attrs={"autocomplete": "off"})
    if schema.get("format") in ("date", "time"):
        widget = forms.TextInput(attrs={"type": schema["format"]})
    elif isinstance(value, str) and (len(value) > LONG or "\n" in value or "\r" in value):
        widget = forms.Textarea(attrs={"rows": 4})
    return Text(required=False, strip=False, empty_value=None if may_be_empty else "", widget=widget)


class Text(forms.CharField):
    """Text as it was typed; a browser's line ends become plain ones, or every untouched text would look edited."""

    def to_python(self, value: Any) -> Any:
        """The text, or the empty value."""
        return super().to_python(LINE_END.sub("\n", value) if isinstance(value, str) else value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether other words were typed; a proposal may have a browser's line ends itself."""
        return super().has_changed(LINE_END.sub("\n", initial) if isinstance(initial, str) else initial, data)


class Number(forms.Field):
    """A number as JSON knows it: 5 stays a whole number, 5.0 stays a fraction, and no digit is rounded away."""

    def __init__(self, *, is_whole: bool, required: bool) -> None:
        self.is_whole = is_whole
        attrs = {"step": "1" if is_whole else "any", "autocomplete": "off"}
        super().__init__(required=required, widget=forms.NumberInput(attrs=attrs))

    def to_python(self, value: Any) -> int | float | None:
        """The number; raises ValidationError."""
        text = str(value or "").strip() if value != 0 else "0"
        if not text:
            return None
        try:
            number = int(text) if WHOLE.match(text) else float(text)
        except ValueError:
            raise forms.ValidationError("Enter a number.") from None
        if not math.isfinite(number):
            raise forms.ValidationError("Enter a number.")
        if self.is_whole and isinstance(number, float):
            if not number.is_integer():
                raise forms.ValidationError("Enter a whole number.")
            return int(number)
        return number


class OneOf(forms.ChoiceField):
    """One of the schema's values, whatever their types."""

    def __init__(self, options: list[Any], *, may_be_empty: bool) -> None:
        empty = [("", "none")] if may_be_empty and None not in options else []
        choices = [*empty, *((json.dumps(option), _shown(option)) for option in options)]
        super().__init__(choices=choices, required=not may_be_empty)

    def prepare_value(self, value: Any) -> Any:
        """The option's key; text that came from a browser is one already."""
        keys = {key for key, _ in self.choices}  # type: ignore[misc, union-attr]
        return value if value in keys else "" if value is None and "" in keys else json.dumps(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether another option was chosen."""
        return bool(self.prepare_value(initial) != data)

    def clean(self, value: Any) -> Any:
        """The option itself; raises ValidationError."""
        key = super().clean(value)
        return json.loads(key) if key else None


class YesNo(OneOf):
    """True or false in words, so that neither is what an untouched box happens to mean."""

    def __init__(self, *, may_be_empty: bool) -> None:
        super().__init__([True, False], may_be_empty=may_be_empty)


class Json(forms.CharField):
    """A list or an object, edited as JSON."""

    widget = forms.Textarea(attrs={"class": "code", "rows": 3, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        """The value as readable JSON; text that came from a browser is shown as it was typed."""
        return value if isinstance(value, str | None) else json.dumps(value, indent=2, ensure_ascii=False)

    def to_python(self, value: Any) -> Any:
        """The value; raises ValidationError that says where the JSON breaks off."""
        text = super().to_python(value)
        return parsed(text) if text else None


def parsed(text: str) -> Any:
    """The value of JSON text. Raises ValidationError that says where and what is wrong."""
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
        if is_deep(value, verdicts.DEEPEST):
            raise RecursionError
        return value
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise forms.ValidationError(f"This is not JSON: {error.msg.lower()} at {where}.") from error
    except ValueError as error:
        raise forms.ValidationError(f"This is not JSON: {error}.") from error
    except RecursionError:
        raise forms.ValidationError("This JSON is nested too deeply.") from None


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise forms.ValidationError(f"JSON knows no number as large as {text[:20]}.")
    return number


def _no_constant(name: str) -> Any:
    raise forms.ValidationError(f"JSON knows no {name}.")


def _shown(option: Any) -> str:
    if isinstance(option, bool):
        return "yes" if option else "no"
    return option if isinstance(option, str) else json.dumps(option, ensure_ascii=False)
