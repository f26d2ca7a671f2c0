"""Time limits as they stand in their form: what was typed, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from reviews.escalations.steps import MOST_STEPS
from reviews.web import texts
from reviews.web.policies.sentences import span

HEAD = ("clock", "calendar", "respond_within", "expires_after", "repeat", "repeat_from", "claim_pauses")
FINAL = ("do", "message", "value")
STEP = ("at", "do", "only_if", "to", "level")
Typed = dict[str, str]


@dataclass
class LimitForm:
    """The head, the end and the steps in order, each as it was typed."""

    head: Typed
    final: Typed
    steps: list[Typed] = field(default_factory=list)
    focus: str = ""

    @classmethod
    def sent(cls, data: QueryDict) -> LimitForm:
        """What the form sent."""
        columns = [data.getlist(f"step-{name}") for name in STEP]
        rows = [dict(zip(STEP, map(str, row), strict=True)) for row in zip(*columns, strict=False)]
        head = {name: str(data.get(name, "")) for name in HEAD}
        return cls(head, {name: str(data.get(f"final-{name}", "")) for name in FINAL}, rows[: MOST_STEPS + 1])

    def arrange(self, act: str) -> None:
        """Add, remove or move a step, as a button such as ``up-2`` says."""
        name, _, number = act.partition("-")
        at = texts.number(number)
        if name == "add":
            self.steps.append(dict.fromkeys(STEP, "") | {"do": "remind", "only_if": "undecided"})
            self.focus = f"step-{len(self.steps) - 1}"
        elif at >= len(self.steps):
            return
        elif name == "remove":
            del self.steps[at]
        elif name in ("up", "down"):
            to = min(max(at + (1 if name == "down" else -1), 0), len(self.steps) - 1)
            self.steps.insert(to, self.steps.pop(at))
            self.focus = f"{name}-{to}"


def sent_of(body: Mapping[str, Any]) -> LimitForm:
    """A version as its form has it."""
    head = {name: _typed(name, body.get(name)) for name in HEAD}
    final = {name: _typed(name, (body.get("final") or {}).get(name)) for name in FINAL}
    return LimitForm(head, final, [{name: _typed(name, step.get(name)) for name in STEP} for step in body["steps"]])


def body_of(sent: LimitForm) -> dict[str, Any]:
    """What the form says, as a policy of time is written; what is no number stays a text, to be refused."""
    head = {name: _number(text) for name, text in sent.head.items() if text.strip()}
    head |= {"claim_pauses": bool(sent.head["claim_pauses"]), "calendar": sent.head["calendar"]}
    head["clock"] = sent.head["clock"]
    final: dict[str, Any] = {"do": sent.final["do"]}
    if final["do"] == "reject":
        final["message"] = sent.final["message"]
    elif final["do"] == "continue_with_default":
        final["value"] = texts.read(sent.final["value"])
    return {"repeat": 0, "repeat_from": 1, **head, "steps": [_step(step) for step in sent.steps], "final": final}


def _step(step: Typed) -> dict[str, Any]:
    said: dict[str, Any] = {"at": _number(step["at"]), "do": step["do"], "only_if": step["only_if"] or "undecided"}
    if to := [word.strip() for word in step["to"].split(",") if word.strip()]:
        said["to"] = to
    return said | ({"level": _number(step["level"])} if step["level"].strip() else {})


def _number(text: str) -> Any:
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) < 12 else text


def _typed(name: str, value: Any) -> str:
    if name in ("respond_within", "expires_after", "at") and isinstance(value, int):
        return span(value)
    if name == "only_if" and not value:
        return "undecided"
    if name == "claim_pauses":
        return "on" if value else ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else texts.written(value)
