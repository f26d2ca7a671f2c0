"""What the review pane shows of one question, put together for its templates."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.forms import BoundField
from django.shortcuts import get_object_or_404

from reviews import access
from reviews.actions import attempts, eligibility, questions, repeats, timers
from reviews.actions.attempts import Effect
from reviews.actors import ActorType, names_of
from reviews.models import Decision, Intervention
from reviews.policies import show
from reviews.states import InterventionStatus, Kind, Verdict
from reviews.web import diff, holds, keyset, stops, talk, texts, vote, wording
from reviews.web.filters import ORDER, Filter
from reviews.web.forms import FIELDS, DecisionForm
from reviews.web.schema_form import MISSING, Leaf, dig

SHORT = 60
"""Characters up to which a field's mark says what stood there before."""
Pair = tuple[str, str, bool]


def find(user: User, intervention_id: UUID) -> Intervention:
    """The question, or 404 for who may not see it: that it exists is not their business."""
    visible = access.visible_interventions(user)
    joined = visible.select_related("run__started_by", "queue", "claimed_by", "assignee", "tool_call")
    return get_object_or_404(joined, pk=intervention_id)


def context(user: User, item: Intervention, form: DecisionForm, chosen: Filter) -> dict[str, Any]:
    """Return everything the pane shows; the number of queries does not depend on the data."""
    said = vote.context(user, item)
    return {
        "item": item,
        "ending": timers.escalation_of(item).final if item.is_open else "",
        "over": timers.over_text(item) if item.status == InterventionStatus.EXPIRED else "",
        "form": form,
        **said,
        "changes": _edit(item, said["decision"]),
        "pairs": pairs(item),
        "heading": wording.asked_for(item),
        "question": _question(item),
        "prose": _prose(item),
        "marks": marks(form),
        "options": wording.options(item, form.ballot.under_vote.verdict),
        "paused_by": _paused_by(item),
        "at_due_time": wording.at_due_time(item),
        "repeated": repeated(item),
        "stopped": stops.of(user, item),
        "already_ran": [_elsewhere(effect) for effect in attempts.already_ran(item, user)],
        "attempt": _attempt(item),
        "trials": [] if item.is_open else list(item.trials.select_related("tried_by")),
        "talk": talk.so_far(item.run, item),
        "others_open": item.run.interventions.open().exclude(pk=item.pk).count(),
        "keep": chosen.link(),
        **(rights := _rights(user, item)),
        **holds.context(user, item, may_decide=rights["may_decide"]),
        **_neighbours(user, item, chosen),
    }


def preview(form: DecisionForm) -> dict[str, Any]:
    """Return what the edit in the form would change, and what is wrong with it."""
    value, errors = form.preview()
    return {
        "item": form.item,
        "errors": errors,
        "marks": marks(form),
        "changes": diff.Comparison(form.ballot.base, value),
    }


def marks(form: DecisionForm) -> list[tuple[BoundField, str]]:
    """The fields of the edit, each with what stands at it once it is touched; with an edit in JSON, none is."""
    touched = form.edit.touched if form.edit.is_bound and form.edit_as == FIELDS else ()
    return [(form.edit[leaf.name], _was(form, leaf) if leaf.name in touched else "") for leaf in form.edit.leaves]


def _was(form: DecisionForm, leaf: Leaf) -> str:
    before = dig(form.ballot.base, leaf.path)
    shown = _shown(None if before is MISSING else before, leaf.schema)
    return f"changed from {shown or 'nothing'}" if len(shown) <= SHORT and "\n" not in shown else "changed"


def repeated(item: Intervention) -> dict[str, Any]:
    """What to say of a proposal that was rejected before in this run; nothing where it was not."""
    said = repeats.rejections(item)
    if not said:
        return {}
    attempt = repeats.ordinal(repeats.earlier(item).count() + 1)
    times = repeats.times(len({one.intervention_id for one in said}))
    title = f"{attempt} identical attempt: rejected {times} before"
    return {"title": title, "said": said, "is_last": item.is_open and repeats.is_last(item)}


def _elsewhere(effect: Effect) -> dict[str, Any]:
    """Where the same call already ran, in words."""
    return {
        "effect": effect,
        "did": wording.ran_before(effect),
        "arguments": texts.cut(texts.written(effect.arguments)),
        "output": texts.cut(texts.written(effect.call.output, indent=2)),
    }


def _attempt(item: Intervention) -> dict[str, Any] | None:
    account = attempts.asked_about(item)
    began = account and account["started_at"]
    return account and account | {"started_at": datetime.fromisoformat(began) if began else None}


def pairs(item: Intervention) -> list[Pair]:
    """The proposal as (name, text, whether it made the rule stop)."""
    if not isinstance(item.proposal, dict):
        return [("value", texts.written(item.proposal, indent=2), False)]
    places = item.schema.get("properties") if isinstance(item.schema, dict) else None
    places = places if isinstance(places, dict) else {}
    return [
        (name, _shown(value, places.get(name)), item.why.startswith(f"{name} is "))
        for name, value in item.proposal.items()
    ]


def may_try(user: User, item: Intervention) -> bool:
    """Whether the page offers it: the question is decided, not one of fact, and they may operate its run."""
    if item.status != InterventionStatus.DECIDED or item.kind == Kind.UNKNOWN_OUTCOME:
        return False
    try:
        access.require_operator(user, item.run)
    except PermissionDenied:
        return False
    return True


def _edit(item: Intervention, decision: Decision | None) -> diff.Comparison | None:
    if decision is None or decision.verdict != Verdict.EDIT:
        return None
    return diff.Comparison(item.proposal, decision.replacement)


def _paused_by(item: Intervention) -> str:
    """Who asked the run to pause; empty where it is not paused and not about to be."""
    if not item.run.hold or item.run.ended:
        return ""
    asked = item.run.events.filter(kind__in=("run.pause_requested", "run.paused"), actor_type=ActorType.USER).last()
    return names_of([asked.actor]).get(asked.actor, asked.actor) if asked else "somebody"


def _question(item: Intervention) -> str:
    asked = item.proposal.get("question") if isinstance(item.proposal, dict) else None
    return str(asked or item.title)


def _prose(item: Intervention) -> str:
    """The final output, where it is text to be read as such."""
    output = item.proposal.get("output") if item.kind == Kind.FINAL_OUTPUT else None
    return output if isinstance(output, str) else ""


def _shown(value: Any, place: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float) and isinstance(place, dict) and place.get("type") == "number":
        return show(value)  # as in the title
    return "none" if value is None else texts.written(value, indent=2)


def _rights(user: User, item: Intervention) -> dict[str, Any]:
    has_seat = access.can_work_on(user, item)
    is_mine = item.claimed_by_id == user.pk
    holder = questions.holder_of(item)  # the page and the verb must agree on whose claim counts
    is_free = holder is None or is_mine
    why_not = eligibility.why_not(user, item) if item.is_open and has_seat else ""
    may = item.is_open and has_seat and not why_not
    manages = has_seat and not is_free and access.manages(user, item.queue_id)
    return {
        "may_try": may_try(user, item),
        "is_mine": is_mine,
        "has_seat": has_seat,
        "why_not": why_not,
        "may_decide": may and is_free,
        "may_claim": may and holder is None,
        "may_release": item.is_open and (is_mine or manages),
    }


def _neighbours(user: User, item: Intervention, chosen: Filter) -> dict[str, Intervention | None]:
    rows = chosen.applied(access.visible_interventions(user).open(), user).exclude(pk=item.pk)  # type: ignore[attr-defined]
    here = [item.priority, item.due_at, item.risk, item.created_at, item.pk]
    later = rows.filter(keyset.beyond(ORDER, here)).order_by(*ORDER).first()
    backwards = [name[1:] if name.startswith("-") else f"-{name}" for name in ORDER]
    return {
        "next": later or (None if item.is_open else rows.order_by(*ORDER).first()),
        "previous": rows.filter(keyset.beyond(backwards, here)).order_by(*backwards).first(),
    }
