"""A form made from a tool's JSON Schema: typed fields in, typed values out; nothing outside the schema is fetched."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from django import forms

from reviews.actions import verdicts
from reviews.web import schema_fields

DEEPEST = 4
"""Objects inside objects that get fields of their own; deeper ones are edited as JSON."""
MOST = 400
"""Fields of one form; what would need more is edited as JSON. Django refuses a request of more than 1,000."""
MISSING = object()
WHOLE = "value"
"""The name of the one field of a value that is no plain object."""
Path = tuple[str, ...]


@dataclass(frozen=True)
class Leaf:
    """One place of the value that gets a form field: where it lies, its schema, and whether it may be left out."""

    path: Path
    schema: Mapping[str, Any]
    is_required: bool

    @property
    def name(self) -> str:
        """The field's name, of its own even where a property's name holds a dot."""
        return ".".join(map(_escaped, self.path)) or WHOLE

    def covers(self, path: str) -> bool:
        """Whether what is wrong at this path is wrong in this field."""
        mine = ".".join(self.path) or WHOLE
        return path == mine or path.startswith(f"{mine}.")


class SchemaForm(forms.Form):
    """The value's fields, in the schema's order; ``value`` is what they were left at, ``errors`` what will not do."""

    def __init__(self, data: Any = None, *, schema: Mapping[str, Any], value: Any, prefix: str = "edit") -> None:
        super().__init__(data, prefix=prefix, auto_id=f"id_{prefix}_%s")
        self.schema, self.proposal = schema, value
        self.leaves = list(leaves(schema, value))
        for leaf in self.leaves:
            present = dig(value, leaf.path)
            initial = None if present is MISSING else present
            field = schema_fields.field_for(leaf.schema, initial, root=schema, is_required=leaf.is_required)
            field.label = " › ".join(leaf.path) or WHOLE
            field.initial = initial
            self.fields[leaf.name] = field

    def clean(self) -> dict[str, Any]:
        """Put the value together and hold it against the whole schema, each error beside its field."""
        self._forgive_untouched()
        if self.errors:
            return self.cleaned_data
        self.value = self._assembled()
        for error in verdicts.schema_errors(dict(self.schema), self.value):
            path, _, message = error.partition(": ")
            known = next((leaf.name for leaf in self.leaves if leaf.covers(path)), None)
            self.add_error(known, message if known else error)
        return self.cleaned_data

    @cached_property
    def touched(self) -> frozenset[str]:
        """The fields that were sent and say something else than the proposal; all others stay as proposed."""
        sent = (bound for bound in self if not bound.field.widget.value_omitted_from_data(*_sent(self, bound)))
        return frozenset(bound.name for bound in sent) & frozenset(self.changed_data)

    def _forgive_untouched(self) -> None:
        """What nobody touched is for the schema alone to judge."""
        for leaf in self.leaves:
            if leaf.name not in self.touched and dig(self.proposal, leaf.path) is not MISSING:
                self.errors.pop(leaf.name, None)

    def _assembled(self) -> Any:
        value = json.loads(json.dumps(self.proposal))  # a copy: what has no field of its own stays as proposed
        for leaf in self.leaves:
            if leaf.name not in self.touched:
                continue
            said = self.cleaned_data[leaf.name]
            if not leaf.path:
                return said
            _put(value, leaf.path, said)
        return value


def leaves(schema: Mapping[str, Any], value: Any) -> Iterator[Leaf]:
    """Every place of the value that gets a field. What is no plain object is one place as a whole."""
    if isinstance(value, dict) and isinstance(schema.get("properties"), dict):
        found = list(islice(_inside(schema, schema, value, ()), MOST + 1))
        if len(found) <= MOST:
            yield from found
            return
    yield Leaf((), schema_fields.resolved(schema, schema), is_required=True)


def _inside(root: Mapping[str, Any], schema: Mapping[str, Any], value: Mapping[str, Any], path: Path) -> Iterator[Leaf]:
    required = schema.get("required")
    required = required if isinstance(required, list) else []  # once it was a yes or no of the property itself
    for name, part in schema["properties"].items():
        here = (*path, name)
        found = schema_fields.resolved(part, root)
        inner = value.get(name)
        if isinstance(inner, dict) and isinstance(found.get("properties"), dict) and len(here) < DEEPEST:
            yield from _inside(root, found, inner, here)
        else:
            yield Leaf(here, found, is_required=name in required)


def dig(value: Any, path: Path) -> Any:
    """What lies at the path, or MISSING."""
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            return MISSING
        value = value[name]
    return value


def _put(value: dict[str, Any], path: Path, said: Any) -> None:
    for name in path[:-1]:
        value = value.setdefault(name, {})
    value[path[-1]] = said


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace(".", "~1") or "~2"


def _sent(form: forms.Form, bound: forms.BoundField) -> tuple[Any, Any, str]:
    return form.data, form.files, bound.html_name
