"""Form fields for values of JSON: a number stays a number, null stays null, and text stays as it was typed."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from django import forms

from reviews.actions import verdicts
from reviews.actions.text import is_deep

WHOLE = re.compile(r"^[+-]?\d+$")
LINE_END = re.compile("\r\n?")


class Typed(str):
    """What came from a browser: already as the field writes it, unlike a text that was proposed."""


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

    def __init__(self, *, is_whole: bool, required: bool, value: Any = None) -> None:
        self.is_whole = is_whole
        attrs = {"autocomplete": "off"}
        widget: forms.Widget = forms.TextInput(attrs=attrs)  # shows also what is no number
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            widget = forms.NumberInput(attrs=attrs | {"step": "1" if is_whole else "any"})
        super().__init__(required=required, widget=widget)

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
    """One of the schema's values, whatever their types; a proposed value that is none of them can be left as it is."""

    def __init__(self, options: list[Any], value: Any = None, *, may_be_empty: bool) -> None:
        named = {json.dumps(option): _shown(option) for option in options}
        if value is not None:
            named.setdefault(json.dumps(value), _shown(value))
        if "null" not in named and (may_be_empty or value is None):
            named = {"": "none"} | named
        super().__init__(choices=list(named.items()), required=not may_be_empty)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """The key that a browser sent."""
        return Typed(data) if isinstance(data, str) else data

    def prepare_value(self, value: Any) -> Any:
        """The option's key."""
        keys = {key for key, _ in self.choices}  # type: ignore[misc, union-attr]
        return value if isinstance(value, Typed) else "" if value is None and "" in keys else json.dumps(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether another option was chosen."""
        return bool(self.prepare_value(initial) != data)

    def clean(self, value: Any) -> Any:
        """The option itself; raises ValidationError."""
        key = super().clean(value)
        return json.loads(key) if key else None


class YesNo(OneOf):
    """True or false in words, so that neither is what an untouched box happens to mean."""

    def __init__(self, value: Any = None, *, may_be_empty: bool) -> None:
        super().__init__([True, False], value, may_be_empty=may_be_empty)


class Json(forms.CharField):
    """A value of any type, edited as JSON."""

    widget = forms.Textarea(attrs={"class": "code", "rows": 3, "spellcheck": "false"})

    def bound_data(self, data: Any, initial: Any) -> Any:
        """The JSON that a browser sent."""
        return Typed(data) if isinstance(data, str) else data

    def prepare_value(self, value: Any) -> Any:
        """The value as readable JSON, a text within its quotes; what came from a browser is shown as it was typed."""
        return value if isinstance(value, Typed | None) else json.dumps(value, indent=2, ensure_ascii=False)

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
