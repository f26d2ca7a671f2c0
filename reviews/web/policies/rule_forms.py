"""One rule as a form: every key has its field, and what is typed is kept whatever it is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict

from reviews.escalations import duration
from reviews.policies import NOT_BY, READERS, REJECTING
from reviews.states import Kind, Risk, Verdict
from reviews.web import texts
from reviews.web.policies.conditions import Line
from reviews.web.policies.sentences import NOT_BY as NOBODY
from reviews.web.policies.sentences import span

Raw = dict[str, list[str]]
"""What a form sent of one rule: by key every text, as it was typed."""
LINES = ("path", "op", "value")
LISTS = ("groups", "presets")
TICKS = ("verdicts", "not_by")
USUAL = {"agent": "*", "kind": "*", "ruling": "ask", "risk": "medium", "approvals": "1", "rejecting": "any"}
PLAIN = ("ruling", "tool", "name", "risk", "agent", "kind", "title", "queue", "escalation", "rejecting")


class Loose(forms.MultipleChoiceField):
    """Ticks; what is none of them is for the domain to refuse."""

    def validate(self, value: Any) -> None:
        """Let everything pass."""


def _text(label: str, help_text: str = "", *, widget: Any = None, **attrs: str) -> forms.CharField:
    shown = widget or forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", **attrs})
    return forms.CharField(required=False, label=label, help_text=help_text, widget=shown, strip=False)


def _menu(label: str, choices: Sequence[tuple[str, str]], help_text: str = "") -> forms.CharField:
    return _text(label, help_text, widget=forms.Select(choices=choices))


def _lines(label: str, help_text: str) -> forms.CharField:
    return _text(label, help_text, widget=forms.Textarea(attrs={"rows": 2}))


class RuleForm(forms.Form):
    """The keys of a rule. What is wrong is said by the domain and put beside its field."""

    ruling = _menu("What it does", [("ask", "Asks a person"), ("allow", "Lets through"), ("refuse", "Refuses")])
    tool = _text("Tool", "A name, or a pattern such as pay_*; * is every tool.", placeholder="issue_refund")
    name = _text("Name of the rule")
    risk = _menu("Risk", [(risk.name.lower(), risk.label) for risk in Risk])
    approvals = _text("Approvals needed", inputmode="numeric")
    groups = _lines("Whose approvals count", "Groups or queues, one a line; empty is anybody in the queue.")
    not_by = Loose(
        required=False,
        label="Who must not decide",
        choices=[(one, NOBODY[one].capitalize()) for one in NOT_BY],
        widget=forms.CheckboxSelectMultiple,
    )
    rejecting = _menu("Rejected by", list(zip(REJECTING, ("The first who rejects", "The majority"), strict=True)))
    verdicts = Loose(
        required=False,
        label="What may be said",
        choices=Verdict.choices,
        help_text="None ticked is all that fit.",
        widget=forms.CheckboxSelectMultiple,
    )
    reason_required = forms.BooleanField(required=False, label="A reason is required")
    presets = _lines("Ready reasons", "One a line.")
    queue = _menu("Queue", [])
    due_in = _text("Answer due within", "Such as 30 min, 4 h or 2 days; empty goes by the risk.")
    escalation = _menu("Time limits", [])
    title = _text("Sentence in the inbox", "{path} is filled in: Refund {amount} to {customer_id}")
    agent = _text("Agent", "The nested agent that calls, or a pattern.")
    kind = _menu("Kind", [("*", "Any"), *Kind.choices])

    def __init__(self, raw: Raw, at: int, *, queues: Sequence[str], escalations: Sequence[str]) -> None:
        prefix = f"rules-{at}"
        super().__init__(MultiValueDict({f"{prefix}-{name}": said for name, said in raw.items()}), prefix=prefix)
        self.at, self.lines = at, lines(raw)
        for name, shelf, none in (
            ("queue", queues, "That of the run"),
            ("escalation", escalations, "Those of the risk"),
        ):
            self.fields[name].widget.choices = [("", none), *((slug, slug) for slug in shelf)]
        for name in PLAIN:  # what no menu offers is shown as it was sent, not replaced by the first choice
            menu, said = self.fields[name].widget, _first(raw, name)
            if isinstance(menu, forms.Select) and said not in [value for value, _ in menu.choices]:
                menu.choices = [*menu.choices, (said, said)]

    def refuse(self, errors: Mapping[str, str]) -> None:
        """Put what is wrong beside its field; what belongs to no field stands above them all."""
        for name, said in errors.items():
            if name != "when":
                self.add_error(name if name in self.fields else None, said)
        self.when = "" if any(line.error for line in self.lines) else errors.get("when", "")

    when = ""
    """What is wrong with the conditions together."""


def lines(raw: Raw) -> list[Line]:
    """The conditions as they were typed, and a blank one at the end."""
    columns = [raw.get(name, []) for name in LINES]
    longest = max(map(len, columns))
    rows = [Line(*(column[at] if at < len(column) else "" for column in columns)) for at in range(longest)]
    return rows if rows and rows[-1].is_blank else [*rows, Line()]


def can_open(rule: Any) -> bool:
    """Whether there is a field for all that a rule says; one that there is none for stays as it is."""
    return isinstance(rule, dict) and set(rule) <= set(READERS)


def raw_of(rule: Mapping[str, Any]) -> Raw:
    """A rule as its form has it."""
    raw = {name: [_typed(rule.get(name, USUAL.get(name, "")))] for name in (*PLAIN, "approvals")}
    raw |= {name: [_one_a_line(rule.get(name) or [])] for name in LISTS}
    raw |= {
        name: list(map(_typed, said if isinstance(said := rule.get(name) or [], list) else [said])) for name in TICKS
    }
    raw["due_in"] = [_span(rule.get("due_in"))]
    raw["reason_required"] = ["on"] if rule.get("reason_required") else []
    when = rule.get("when") or []
    found = [Line.of(one) for one in (when if isinstance(when, list) else [when])]
    return raw | {name: [getattr(line, name) for line in found] for name in LINES}


def rule_of(raw: Raw) -> Any:
    """What the form says, as a rule is written; what is no number stays a text, for the domain to refuse."""
    said: dict[str, Any] = {"tool": _first(raw, "tool").strip(), "ruling": _first(raw, "ruling") or "ask"}
    if when := [line.said for line in lines(raw) if not line.is_blank]:
        said["when"] = when
    for name in PLAIN[2:]:
        if (text := _first(raw, name)) and text != USUAL.get(name):
            said[name] = text
    if (approvals := _first(raw, "approvals").strip()) not in ("", "1"):
        said["approvals"] = int(approvals) if approvals.isdecimal() and len(approvals) < 9 else approvals
    if text := _first(raw, "due_in").strip():
        said["due_in"] = _seconds(text)
    said |= {name: listed for name in LISTS if (listed := _listed(_first(raw, name)))}
    said |= {name: raw[name] for name in TICKS if raw.get(name)}
    return said | ({"reason_required": True} if raw.get("reason_required") else {})


def _first(raw: Raw, name: str) -> str:
    return (raw.get(name) or [""])[0]


def _typed(value: Any) -> str:
    return value if isinstance(value, str) else texts.written(value)


def _one_a_line(words: Any) -> str:
    """Texts one a line; as JSON where a line could not tell them apart."""
    is_plain = isinstance(words, list) and all(
        isinstance(word, str) and word.strip() == word and "\n" not in word and "\r" not in word and word[:1] != "["
        for word in words
    )
    return "\n".join(words) if is_plain else json.dumps(words, ensure_ascii=False)


def _listed(text: str) -> Any:
    read = texts.read(text) if text.lstrip().startswith("[") else None
    return read if isinstance(read, list) else [line.strip() for line in text.splitlines() if line.strip()]


def _span(seconds: Any) -> str:
    if isinstance(seconds, int) and not isinstance(seconds, bool) and seconds > 0:
        return span(seconds)
    return "" if seconds is None else _typed(seconds)


def _seconds(text: str) -> Any:
    try:
        return duration(int(text) if text.isdecimal() and len(text) < 12 else text)
    except ValueError:
        return text
