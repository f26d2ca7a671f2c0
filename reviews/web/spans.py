"""What the tracing of the SDK adds to a timeline: model calls, handoffs, guardrails, and who is nested in whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F

from reviews.models import Run
from reviews.web import texts
from reviews.web.steps import LONG, Step

MODEL = frozenset({"generation", "response"})
DEEPEST = 3
"""Levels of nested agents that the page indents."""


@dataclass(frozen=True)
class Traced:
    """One span, without the inputs that make spans heavy."""

    span_id: str
    parent_id: str
    kind: str
    name: str
    started_at: datetime | None
    ended_at: datetime | None
    error: Any
    usage: Any
    model: Any
    output: Any
    triggered: Any
    from_agent: Any
    to_agent: Any


def of(run: Run) -> list[Traced]:
    """The spans of a run in order, in one query; of their data only what the page shows."""
    keys = ("usage", "model", "output", "triggered", "from_agent", "to_agent")
    plain = [name for name in Traced.__dataclass_fields__ if name not in keys]
    shown = {name: F(f"data__{name}") for name in keys}
    return [Traced(**row) for row in run.spans.order_by("started_at", "id").values(*plain, **shown)]


class Nesting:
    """Who is nested in whom: agents called as tools by other agents."""

    def __init__(self, spans: list[Traced]) -> None:
        self._spans = {span.span_id: span for span in spans}
        agents = [span for span in spans if span.kind == "agent"]
        self._depth_of_agent = {span.name: self.depth(span) for span in reversed(agents)}

    def agents(self, span: Traced) -> list[str]:
        """The agents around a span, innermost first; the span itself counts if it is one."""
        names, seen, at = [], set(), self._spans.get(span.span_id)
        while at and at.span_id not in seen:
            seen.add(at.span_id)
            if at.kind == "agent":
                names.append(at.name)
            at = self._spans.get(at.parent_id)
        return names

    def depth(self, span: Traced) -> int:
        """How many agents stand above the one at work."""
        return min(DEEPEST, max(0, len(self.agents(span)) - 1))

    def depth_of_agent(self, name: str) -> int:
        """The same, for an agent by its name."""
        return self._depth_of_agent.get(name, 0)


def step(span: Traced, nesting: Nesting, now: datetime) -> Step | None:
    """The span as a step; None for those that other rows tell better."""
    if span.started_at is None:
        return None
    if span.kind in MODEL:
        return _model_call(span, nesting, now)
    title, icon = {
        "handoff": (f"Handed over from {span.from_agent} to {span.to_agent}", "arrows-exchange"),
        "guardrail": (f"Guardrail · {span.name} {'stopped this' if span.triggered else 'passed'}", "shield-check"),
    }.get(span.kind, ("", ""))
    if not title:
        return None
    tone = "bad" if span.triggered else "idle"
    depth = nesting.depth(span)
    return Step(
        f"step-{span.span_id}", "span", span.started_at, title, icon, tone, depth, span.ended_at, "model", row=span
    )


def _model_call(span: Traced, nesting: Nesting, now: datetime) -> Step:
    assert span.started_at is not None
    agents = nesting.agents(span)
    usage = span.usage if isinstance(span.usage, Mapping) else {}
    return Step(
        f"step-{span.span_id}",
        "model",
        span.started_at,
        f"Model call · {agents[0]}" if agents else "Model call",
        "robot",
        "bad" if span.error else "idle",
        nesting.depth(span),
        span.ended_at or now,
        "bad" if span.error else "model",
        goes_on=span.ended_at is None,
        row=span,
        facts={
            "tokens_in": usage.get("input_tokens", usage.get("prompt_tokens")),
            "tokens_out": usage.get("output_tokens", usage.get("completion_tokens")),
            "error": texts.cut(_message(span.error)),
            **_answer(span.output),
        },
    )


def _answer(output: Any) -> dict[str, Any]:
    """What the model answered: its words, and the tools it asked for."""
    words, tools = [], []
    for item in output if isinstance(output, list) else []:
        if not isinstance(item, Mapping):
            continue
        if item.get("type") == "function_call":
            tools.append(str(item.get("name")))
        for call in item.get("tool_calls") or []:
            tools.append(str(call.get("function", {}).get("name")))
        content = item.get("content")
        parts = content if isinstance(content, list) else [{"text": content}] if content else []
        words += [str(part["text"]) for part in parts if isinstance(part, Mapping) and part.get("text")]
    said = "\n".join(words)
    return {"words": texts.cut(said), "is_long": len(said) > LONG, "tools": tools}


def _message(error: Any) -> str:
    if isinstance(error, Mapping):
        data = error.get("data")
        detail = data.get("error") if isinstance(data, Mapping) else data
        return " ".join(str(part) for part in (error.get("message"), detail) if part)
    return str(error) if error else ""
