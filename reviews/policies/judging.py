"""What the rules say about one call: the first that matches decides, then what the agent's author marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reviews.policies.case import Case
from reviews.policies.rules import ASK_HUMAN, Rule
from reviews.states import Kind, Risk, Ruling, Verdict

DUE_IN = {Risk.LOW: 8 * 3600, Risk.MEDIUM: 4 * 3600, Risk.HIGH: 3600, Risk.CRITICAL: 900}
"""Seconds until an item is due, by risk, when its rule does not say (research: escalation defaults)."""
ALWAYS_ASKED = (Kind.QUESTION, Kind.FINAL_OUTPUT, Kind.UNKNOWN_OUTCOME)
"""What is put to people whatever the rules say: they may only say how."""


COVERS: dict[str, str] = {Kind.FINAL_OUTPUT: "final output", Kind.UNKNOWN_OUTCOME: "unknown outcome of {}"}
"""What a rule without a condition is about, by kind; else calls of its tool."""


@dataclass(frozen=True)
class Judgement:
    """What the rules say about one call: the ruling, why, and how to ask.

    ``policy``, ``policy_version`` and ``rule`` are where it was said, ``seen`` the value that matched. ``queue`` is the
    run's own where it is empty; ``groups`` are groups or queues whose members' approvals count, all of the queue's
    people where none is named; ``not_by`` and ``rejecting`` are words of NOT_BY and REJECTING; ``escalation`` is the
    slug of an escalation policy, that of the risk where it is empty.
    """

    ruling: Ruling
    why: str
    name: str = ""
    title: str = ""
    risk: Risk = Risk.MEDIUM
    due_in: int = DUE_IN[Risk.MEDIUM]
    reason_required: bool = False
    verdicts: tuple[Verdict, ...] = ()
    policy: str = ""
    policy_version: int = 0
    rule: str = ""
    seen: str = ""
    queue: str = ""
    approvals: int = 1
    groups: tuple[str, ...] = ()
    not_by: tuple[str, ...] = ()
    rejecting: str = "any"
    escalation: str = ""
    presets: tuple[str, ...] = ()

    def snapshot(self) -> dict[str, Any]:
        """The frozen copy that an intervention keeps, as JSON."""
        return asdict(self)


MARKED = Judgement(Ruling.ASKED, "The agent's author marked this call as needing approval.", "Marked by the author")
PASSES = Judgement(Ruling.LET_THROUGH, "No rule asks for a human.")


QUESTION = Judgement(Ruling.ASKED, "The agent asks a person and waits for the answer.", "A question from the agent")
UNRULED = Judgement(Ruling.ASKED, "It is always put to a person, and no rule says how.")


def judge(rules: Sequence[Rule], *, tool: str, agent: str, arguments: Any, author_asks: bool) -> Judgement:
    """The first matching rule decides; else what the agent's author marked on the tool."""
    return judge_case(rules, Case(tool, agent, arguments), author_asks=author_asks)


def judge_case(rules: Sequence[Rule], case: Case, *, author_asks: bool = False) -> Judgement:
    """The same about a call of which more is known; of what is ALWAYS_ASKED only rules of that kind may say how."""
    is_asked = case.kind in ALWAYS_ASKED
    for rule in rules:
        if not rule.speaks_of(case) or (is_asked and not _tells_how_to_ask(rule, case)):
            continue
        covered, seen = rule.covers(case)
        if covered:
            return _judgement(rule, case, seen)
    if is_asked:
        return QUESTION if case.kind == Kind.QUESTION else UNRULED
    return MARKED if author_asks else PASSES


def render(template: str, arguments: Any) -> str:
    """Fill ``{path}`` places with the arguments' values; a missing one becomes ``?``."""
    return Case("", "", arguments).render(template)


def _tells_how_to_ask(rule: Rule, case: Case) -> bool:
    is_meant = rule.kind == case.kind or (case.kind == Kind.QUESTION and rule.tool == ASK_HUMAN)
    return rule.ruling == Ruling.ASKED and is_meant


def _judgement(rule: Rule, case: Case, seen: str) -> Judgement:
    why = (
        f"{seen}; the rule is {rule.condition}."
        if seen
        else f"The rule “{rule.label}” covers every {COVERS.get(case.kind, 'call of {}').format(rule.tool)}."
    )
    return Judgement(
        ruling=rule.ruling,
        why=why,
        name=rule.label,
        title=case.render(rule.title),
        risk=rule.risk,
        due_in=DUE_IN[rule.risk] if rule.due_in is None else rule.due_in,
        reason_required=rule.reason_required,
        verdicts=rule.verdicts,
        rule=rule.label,
        seen=seen,
        queue=rule.queue,
        approvals=rule.approvals,
        groups=rule.groups,
        not_by=rule.not_by,
        rejecting=rule.rejecting,
        escalation=rule.escalation,
        presets=rule.presets,
    )
