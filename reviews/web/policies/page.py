"""One version of a policy: what it says, what it changes, and the steps of its life."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from reviews import access
from reviews.actions import Conflict, enough, review_policies, shadows, tested
from reviews.actions.shadows import Judged
from reviews.actors import name_of
from reviews.models import ReviewPolicy
from reviews.states import PolicyStatus
from reviews.web import texts
from reviews.web.diff import Comparison
from reviews.web.http import ReviewRequest
from reviews.web.policies.doors import for_readers, for_writers
from reviews.web.policies.figures import figures_of, released
from reviews.web.policies.order import asked_first
from reviews.web.policies.sentences import sentence
from reviews.web.policies.trials import spoken

LISTED = 20
"""Versions beside a policy; the list of policies has all of them."""
UNREAD = "-"
"""A digest that nothing has: where a form does not say what was read, nothing was."""


@dataclass(frozen=True)
class Step:
    """One thing that can be done to a version; ``done`` is said where it was."""

    act: str
    label: str
    icon: str
    tone: str
    do: Callable[..., ReviewPolicy]
    done: str
    about: str
    guarded: bool = False


STEPS = (
    Step(
        "activate",
        "Put in force",
        "shield-check",
        "go",
        review_policies.activate,
        "{row} is in force from the next gate on.",
        "It rules from the next gate on; what waits already keeps its rule.",
        guarded=True,
    ),
    Step(
        "start_shadow",
        "Try in shadow",
        "flask",
        "",
        review_policies.start_shadow,
        "{row} is asked beside the policies in force, without effect.",
        "It is asked at every gate, without effect; what it would have changed is counted.",
        guarded=True,
    ),
    Step(
        "keep",
        "Keep it in force",
        "arrow-back-up",
        "",
        review_policies.keep,
        "{row} stays in force.",
        "Turns the wish to retire it down.",
    ),
    Step(
        "retire",
        "Retire",
        "ban",
        "bad",
        review_policies.retire,
        "",
        "One person asks for it, a second one confirms; a trial ends at once.",
    ),
    Step(
        "discard",
        "Discard the draft",
        "x",
        "bad",
        review_policies.discard,
        "{row} was discarded.",
        "Its number is not used again.",
    ),
)


@for_readers
@require_safe
def policy(request: ReviewRequest, slug: str, version: int) -> HttpResponse:
    """What the version says, and what differs from another one."""
    return _show(request, find(request.user, slug, version))


@for_writers
@require_POST
def act(request: ReviewRequest, slug: str, version: int) -> HttpResponse:
    """Take the version one step further; a refusal says who must."""
    row = find(request.user, slug, version)
    step = next((step for step in STEPS if step.act == request.POST.get("act")), None)
    if step is None:
        raise Http404("There is no such step.")
    seen = {"seen": request.POST.get("seen") or UNREAD} if step.guarded else {}
    if step.act == "activate":
        seen["known"] = request.POST.get("known", "")
    try:
        done = step.do(row.pk, by=request.user, **seen)
    except (Conflict, PermissionDenied) as refused:
        return _show(request, find(request.user, slug, version), notice=str(refused), status=409)
    messages.success(request, step.done.format(row=done) or _retired(done))
    return redirect("reviews:policy", slug, version)


@for_writers
@require_POST
def begin(request: ReviewRequest, slug: str, version: int) -> HttpResponse:
    """Begin the next version, or lead to the one that somebody has begun."""
    row = find(request.user, slug, version)
    try:
        row = review_policies.draft(slug, by=request.user)
    except Conflict as conflict:
        return _show(request, row, notice=str(conflict), status=409)
    return redirect("reviews:edit_policy", row.slug, row.version)


def find(user: User, slug: str, version: int) -> ReviewPolicy:
    """The version, or 404 for who may not read it."""
    rows = access.visible_policies(user).select_related("created_by", "edited_by", "activated_by", "retiring_by")
    row: ReviewPolicy = get_object_or_404(rows, slug=slug.replace("\x00", ""), version=min(version, 2**31 - 1))
    return row


def said(row: ReviewPolicy) -> dict[str, Any]:
    """What a version says in words, to be compared."""
    rules = "\n".join(sentence(rule).text for rule in row.rules)
    return {"title": row.title, "agents": row.agent, "position": row.position, "rules": rules}


def _show(request: ReviewRequest, row: ReviewPolicy, *, notice: str = "", status: int = 200) -> HttpResponse:
    versions = list(access.visible_policies(request.user).of(row.slug).defer("rules")[: LISTED + 1])  # type: ignore[attr-defined]
    base = _base(row, texts.number(request.GET.get("against", "")))
    context = {
        "section": "policies",
        "row": row,
        "notice": notice,
        "sentences": [sentence(rule) for rule in row.rules],
        "versions": versions[:LISTED],
        "has_more": len(versions) > LISTED,
        "base": base,
        "base_name": f"Version {base.version}" if base else "",
        "row_name": f"Version {row.version}",
        "changes": Comparison(said(base), said(row)) if base else None,
        "rule_lines": Comparison(said(base)["rules"], said(row)["rules"]).lines if base else [],
        **_tried(row, request.user),
        "too_few": enough.too_few(row) if row.status != PolicyStatus.RETIRED else [],
        "steps": _steps(row, request.user),
        "altered": row.digest != row.signature(),
        "must": _who_must(row),
        "writes": access.writes_policies(request.user),
        "draft": ReviewPolicy.objects.of(row.slug).filter(status=PolicyStatus.DRAFT).first(),
    }
    return render(request, "reviews/policies/policy.html", context, status=status)


def _tried(row: ReviewPolicy, user: User) -> dict[str, Any]:
    """What its back-test and its trial have shown, and what would be asked before it."""
    is_new = row.status in (PolicyStatus.DRAFT, PolicyStatus.SHADOW)
    found, tally = tested.of(row) if is_new else None, shadows.tally(row)
    in_use = row.status != PolicyStatus.RETIRED
    return {
        "tested": found,
        "figures": figures_of(found) if found else [],
        "released": released(found, user) if found else [],
        "tally": tally,
        "trial": spoken(tally, shadows.judged([row]).get(row.pk, Judged())),
        "trials": shadows.newest(row, by=user) if row.shadowed_at else [],
        "asked_first": asked_first(row.slug, row.agent, row.position, row.rules) if in_use else [],
    }


def _base(row: ReviewPolicy, asked: int) -> ReviewPolicy | None:
    """The version it is compared with: the one asked for, else that in force, else the one before it."""
    others = ReviewPolicy.objects.of(row.slug).exclude(pk=row.pk)
    if asked:
        return others.filter(version=min(asked, 2**31 - 1)).first()
    is_new = row.status in (PolicyStatus.DRAFT, PolicyStatus.SHADOW)
    in_force = others.filter(status=PolicyStatus.ACTIVE)
    in_force = in_force if is_new else in_force.filter(version__lt=row.version)
    return in_force.first() or others.filter(version__lt=row.version).first()


def _steps(row: ReviewPolicy, user: User) -> list[dict[str, Any]]:
    """The buttons, and why one of them is none; what has nothing to do with the status is left out."""
    possible = {
        PolicyStatus.DRAFT: ("activate", "start_shadow", "discard"),
        PolicyStatus.SHADOW: ("activate", "retire"),
        PolicyStatus.ACTIVE: ("retire", *(("keep",) if row.retiring_by_id else ())),
    }.get(PolicyStatus(row.status), ())
    hindered = review_policies.hindrances(row, user)
    return [{"step": step, "why_not": hindered[step.act]} for step in STEPS if step.act in possible]


def _who_must(row: ReviewPolicy) -> str:
    """Whose turn it is."""
    if row.status in (PolicyStatus.DRAFT, PolicyStatus.SHADOW):
        if row.edited_by is None:
            return "A manager or an admin has to put it in force; the system wrote it."
        others = User.objects.filter(pk__in=row.wrote).exclude(pk=row.edited_by.pk)
        writers = map(name_of, (row.edited_by, *others))
        return f"A manager or an admin other than {' and '.join(writers)} has to put it in force."
    if row.status == PolicyStatus.ACTIVE and row.retiring_by is not None:
        return f"{name_of(row.retiring_by)} asks to retire it; another manager or admin has to confirm that."
    return ""


def _retired(row: ReviewPolicy) -> str:
    if row.status == PolicyStatus.RETIRED:
        return f"{row} is retired."
    return f"{row} stays in force until a second person confirms that it is retired."
