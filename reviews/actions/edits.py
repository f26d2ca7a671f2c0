"""What a reviewer edited is judged like what the agent wrote: what happens in the end has met the rules in force."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from reviews.actions import always_asked, eligibility, rulebook, timers, voters
from reviews.actions.errors import Invalid
from reviews.actions.quorum import Ballot
from reviews.actions.verdicts import Said
from reviews.actors import POLICY
from reviews.audit import Act
from reviews.models import Intervention, Saved
from reviews.policies import Case, Judgement
from reviews.states import Kind, Risk, Ruling, Verdict

WORDS: dict[str, str] = {Kind.TOOL_APPROVAL: "these arguments", Kind.FINAL_OUTPUT: "this text"}
"""What an edit is of, for people to read; other kinds are not edited."""
OTHERWISE: dict[str, str] = {Kind.TOOL_APPROVAL: "Reject the call", Kind.FINAL_OUTPUT: "Reject the output"}


def judged(ballot: Ballot, said: Said, *, by: User) -> list[Act]:
    """Judge the edit of a locked question about a call or a final output; returns the acts that tell of it.

    Where its rule asks for more than the question does, the question asks for that from now on, and the edit is the
    first vote on it. Raises Invalid where the rules refuse it, or ``by`` may not say it under its rule.
    """
    item = ballot.intervention
    agrees = ballot.under_vote.verdict == Verdict.EDIT and ballot.under_vote.replacement == said.replacement
    if said.verdict != Verdict.EDIT or item.kind not in WORDS or agrees:
        return []
    judgement = _judgement(item, said.replacement)
    if judgement.ruling == Ruling.REFUSED:
        raise Invalid(replacement=f"The rule “{judgement.name}” refuses {WORDS[item.kind]}: {judgement.why}")
    more = stricter(item, judgement) if judgement.ruling == Ruling.ASKED else {}
    if not more:
        return []
    if "reason_required" in more and not said.reason:
        raise Invalid(reason=f"The rule “{judgement.name}” covers {WORDS[item.kind]} and asks for your reason.")
    item.policy = timers.without_approval(item.policy | more)
    _require_voters(item, judgement, by)
    told, acts = _riskier(item, judgement) if "risk" in more else ({}, [])
    Saved(item, ["policy", "risk", "due_at", "expires_at", "generation"]).make()
    source = {"policy": judgement.policy, "version": judgement.policy_version, "rule": judgement.rule}
    data = {**source, "why": judgement.why, **more, **told}
    return [*acts, Act("intervention.demand_raised", POLICY, item.run, item, data)]


def stricter(item: Intervention, judgement: Judgement) -> dict[str, Any]:
    """What the judgement demands beyond the question's frozen policy, as keys of that; nothing is ever taken away."""
    demand: dict[str, Any] = {
        "approvals": max(item.needed, judgement.approvals),
        "groups": _groups(item, judgement),
        "not_by": list(dict.fromkeys([*(item.policy.get("not_by") or ()), *judgement.not_by])),
        "reason_required": bool(item.policy.get("reason_required")) or judgement.reason_required,
        "risk": max(item.risk, judgement.risk),
    }
    was = {
        "approvals": item.needed,
        "groups": list(item.policy.get("groups") or ()),
        "not_by": list(item.policy.get("not_by") or ()),
        "reason_required": bool(item.policy.get("reason_required")),
        "risk": item.risk,
    }
    more = {name: value for name, value in demand.items() if value != was[name]}
    return more | (voters.frozen_owners(item.run.agent, more["not_by"]) if "not_by" in more else {})


def _riskier(item: Intervention, judgement: Judgement) -> tuple[dict[str, Any], list[Act]]:
    """Let the risk follow, and the time limits of that unless the edit settles it; what to tell of it, and the acts."""
    told = {"risk": Risk(judgement.risk).name.lower(), "was": Risk(item.risk).name.lower()}
    item.risk = judgement.risk
    if item.needed == 1:
        return told, []
    acts = timers.tighten(item, timezone.now(), escalation=judgement.escalation, due_in=judgement.due_in)
    return told | {"due_at": item.due_at, "until": item.expires_at}, acts


def _groups(item: Intervention, judgement: Judgement) -> list[str]:
    """Whose approvals count for both. Raises Invalid where nobody's would: one demand never takes another's place.

    A rule that would have put the call to another queue wants the people of that queue.
    """
    has = list(item.policy.get("groups") or ())
    wants = list(judgement.groups)
    if not wants and judgement.queue not in ("", item.queue.slug):
        wants = [judgement.queue]
    both = [name for name in has if name in wants]
    if has and wants and not both:
        rule = f"The rule “{judgement.name}” covers {WORDS[item.kind]} and asks members of {' or '.join(wants)}"
        other = f"{OTHERWISE[item.kind]}, and tell the agent what to write instead."
        raise Invalid(replacement=f"{rule}; this was asked of {' or '.join(has)}. {other}")
    return both or wants or has


def _judgement(item: Intervention, arguments: Any) -> Judgement:
    run = item.run
    if item.kind == Kind.FINAL_OUTPUT:
        return always_asked.release(run, item.agent, arguments["output"])
    case = Case(
        tool=item.tool,
        agent=item.agent,
        arguments=arguments,
        kind=item.kind,
        run=lambda: rulebook.facts_of(run),
        requester=lambda: rulebook.requester_of(run),
    )
    author_asks = bool(item.tool_call and item.tool_call.author_asks)
    return rulebook.current().judge(case, agent=run.agent, author_asks=author_asks)


def _require_voters(item: Intervention, judgement: Judgement, by: User) -> None:
    """Raises Invalid where ``by`` may not vote on it as it is asked now, or too few others may."""
    rule = f"The rule “{judgement.name}” covers {WORDS[item.kind]}."
    if why := eligibility.barred(by, item):
        raise Invalid(replacement=f"{rule} {why}")
    others = eligibility.electorate(item).exclude(pk=by.pk)[: item.needed - 1]
    if len(others) < item.needed - 1:
        raise Invalid(
            replacement=f"{rule} It wants {item.needed} approvals, and too few others of this queue may give one. "
            f"{OTHERWISE[item.kind]}, and tell the agent what to write instead."
        )
