"""What a reviewer says to one question, as a form: one form for all verdicts, the pressed button says which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from reviews.actions import quorum, verdicts
from reviews.models import Intervention
from reviews.states import Kind, Verdict
from reviews.web import texts
from reviews.web.json_fields import Text, parsed
from reviews.web.schema_form import SchemaForm

FIELDS, JSON, EDIT, OVERRIDE = "fields", "json", "edit", "override"
VIEWS = {FIELDS: "Fields", JSON: "JSON", EDIT: "Edit", OVERRIDE: "Override"}
EDIT_PREFIX = "edit"


def _area(rows: int, **attrs: str) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, **attrs})


class DecisionForm(forms.Form):
    """Bound, it keeps everything that was typed, whichever button was pressed."""

    verdict = forms.CharField(widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    note = Text(required=False, label="Feedback for the agent", widget=_area(1, **{"data-key": "f"}))
    reason = Text(required=False, label="Reason, for colleagues only", widget=_area(1))
    context = Text(required=False, label="Message to the agent", widget=_area(2))
    output = Text(required=False, label="Output the agent will read", widget=_area(3))
    choice = forms.CharField(required=False)
    answer = Text(required=False, label="Your answer", widget=_area(3))
    edit_json = Text(
        required=False, label="Edited values as JSON", widget=_area(8, **{"class": "code", "spellcheck": "false"})
    )

    def __init__(self, item: Intervention, data: QueryDict | None = None) -> None:
        self.item = item
        self.ballot = quorum.ballot(item) if item.is_open else quorum.Ballot(item)
        self.proposed_text = texts.written(self.ballot.base, indent=2)
        filled = _completed(data, {"edit_json": self.proposed_text})
        super().__init__(filled, initial={"edit_json": self.proposed_text, "version": item.version})
        has_fields = filled is not None and any(name.startswith(f"{EDIT_PREFIX}-") for name in filled)
        self.edit = SchemaForm(
            filled if has_fields else None, schema=item.schema, value=self.ballot.base, prefix=EDIT_PREFIX
        )
        self.view, self.edit_as = self._chosen(data or {})

    @property
    def options(self) -> list[str]:
        """The answers a question offers."""
        offered = self.item.proposal.get("options") if isinstance(self.item.proposal, dict) else None
        return [str(option) for option in offered] if isinstance(offered, list) else []

    @property
    def views(self) -> list[tuple[str, str]]:
        """The views of the proposal that the item's verdicts call for."""
        allowed = {FIELDS, JSON, *self.item.verdicts}
        if self.item.kind == Kind.UNKNOWN_OUTCOME:
            allowed.discard(OVERRIDE)  # its field stands open, beside the others no less than they
        return [(name, label) for name, label in VIEWS.items() if name in allowed]

    @property
    def general_errors(self) -> list[str]:
        """What is wrong with no field that can be seen."""
        missing = ["Press the button of your decision."] if "verdict" in self.errors else []
        return [*missing, *map(str, self.non_field_errors())]

    @property
    def kept(self) -> list[forms.BoundField]:
        """What was typed, for the reviewer who came too late to send it."""
        typed = [self[name] for name in ("note", "reason", "context", "output", "answer")]
        if self["edit_json"].value() != self.proposed_text:
            typed.append(self["edit_json"])
        if self.edit.is_bound:
            typed += [self.edit[name] for name in self.edit.changed_data]
        return [field for field in typed if field.value()]

    def clean(self) -> dict[str, Any]:
        """Add the ``replacement`` that the verdict calls for."""
        cleaned: dict[str, Any] = self.cleaned_data
        match cleaned.get("verdict"):
            case Verdict.EDIT:
                cleaned["replacement"] = self._edited()
            case Verdict.OVERRIDE:
                cleaned["replacement"] = cleaned.get("output")
            case Verdict.ANSWER:
                cleaned["replacement"] = "\n".join(filter(None, [cleaned.get("choice"), cleaned.get("answer")]))
        return cleaned

    def said(self) -> dict[str, Any]:
        """The arguments of ``interventions.decide``."""
        names = ("verdict", "note", "reason", "context", "version", "replacement")
        return {name: self.cleaned_data.get(name) for name in names}

    def preview(self) -> tuple[Any, list[str]]:
        """The edited value, and what is wrong with it; with mistakes in the form, the value is the proposal."""
        self.is_valid()
        if self.edit_as != JSON:
            good = self.edit.is_valid() or not self.edit.is_bound
            return (self.edit.value, []) if good and self.edit.is_bound else (self.ballot.base, self._mistakes())
        try:
            value = parsed(self["edit_json"].value() or "")
        except forms.ValidationError as error:
            return self.ballot.base, list(error.messages)
        return value, verdicts.schema_errors(self.item.schema, value)

    def blame(self, errors: Mapping[str, str]) -> None:
        """Show what the verb found wrong beside the fields it concerns."""
        replaced_by = {
            Verdict.OVERRIDE: "output",
            Verdict.ANSWER: "answer",
            Verdict.EDIT: "edit_json" if self.edit_as == JSON else None,
        }
        for name, message in errors.items():
            if name == "replacement":
                self.add_error(replaced_by.get(Verdict(self.cleaned_data["verdict"])), message)
            else:
                self.add_error(name if name in self.fields and name != "verdict" else None, message)

    def _edited(self) -> Any:
        if self.edit_as == JSON:
            try:
                return parsed(self.cleaned_data.get("edit_json") or "")
            except forms.ValidationError as error:
                self.add_error("edit_json", error)
                return None
        if not self.edit.is_bound or self.edit.is_valid():
            return self.edit.value if self.edit.is_bound else self.ballot.base
        self.add_error(None, "Correct the values that are marked.")
        return None

    def _mistakes(self) -> list[str]:
        names = {leaf.name: " › ".join(leaf.path) for leaf in self.edit.leaves}
        return [
            f"{names.get(name, '')}: {' '.join(map(str, found))}".lstrip(": ")
            for name, found in self.edit.errors.items()
        ]

    def _chosen(self, data: Mapping[str, Any]) -> tuple[str, str]:
        """The view to open, and whether the edit is made in fields or in JSON."""
        verdict = str(data.get("verdict", ""))
        view = verdict if verdict in (EDIT, OVERRIDE) else str(data.get("view", FIELDS))
        has_fields = bool(self.edit.leaves) and self.edit.leaves[0].path
        default = FIELDS if has_fields or self.item.kind == Kind.FINAL_OUTPUT else JSON
        edit_as = str(data.get("edit_as", default))
        return view if view in dict(self.views) else FIELDS, edit_as if edit_as in (FIELDS, JSON) else default


def _completed(data: QueryDict | None, defaults: Mapping[str, str]) -> QueryDict | None:
    """The data with what a short request left out, so that a form shown again is not half empty."""
    if data is None:
        return None
    filled = data.copy()
    for name, value in defaults.items():
        filled.setdefault(name, value)
    return filled
