"""The first policies of a database: what the agents' code says, and the starter set of a fresh install."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from reviews import audit, catalog
from reviews.actions import policy_bodies, review_policies, rulebook
from reviews.actions.errors import Conflict
from reviews.actors import SYSTEM
from reviews.audit import Act
from reviews.models import PolicyMark, ReviewPolicy, ToolCall
from reviews.policies import Rule
from reviews.policies.book import USUAL
from reviews.states import PolicyStatus

logger = logging.getLogger(__name__)
LAST = 900
"""The position of the starter set: it speaks about what no agent's own policy speaks of."""
MONEY = "call.tool matches (?i)(^|[_-])(pay|payment|payments|payout|transfer|wire|charge|withdraw)([_-]|$)"
DELETION = "call.tool matches (?i)(^|[_-])(delete|drop|purge|destroy|wipe|erase|terminate)([_-]|$)"
MESSAGES = "call.tool matches (?i)(^|[_-])(send|post|publish|tweet|notify)([_-]|$)"
STARTERS: tuple[dict[str, Any], ...] = (
    {
        "slug": "house-critical-tools",
        "title": "Payments and deletions, in every agent",
        "note": "Part of the starter set. Asks about tools that move money or delete, by their names, where no other "
        "policy has spoken. Adapt it to your tools.",
        "status": PolicyStatus.ACTIVE,
        "rules": [
            {"tool": "*", "ruling": "ask", "when": MONEY, "name": "Moves money", "risk": "critical"},
            {"tool": "*", "ruling": "ask", "when": DELETION, "name": "Deletes something", "risk": "critical"},
        ],
    },
    {
        "slug": "house-messages",
        "title": "Messages to the outside, in every agent",
        "note": "Part of the starter set, in shadow: it has no effect, and shows what it would have asked about.",
        "status": PolicyStatus.SHADOW,
        "rules": [{"tool": "*", "ruling": "ask", "when": MESSAGES, "name": "Sends a message", "risk": "medium"}],
    },
)


def meet_all() -> None:
    """Make the first policies of this database and of every agent that this process knows, where they are missing."""
    begin()
    for card in catalog.all_cards():
        meet(card.slug, card.title, [Rule.from_code(rule) for rule in card.review])


def begin() -> None:
    """Make the starter set, once in the life of a database, and only where no call has been judged yet."""
    if PolicyMark.objects.filter(begun_at__isnull=False).exists():
        return
    with transaction.atomic():
        mark, _ = PolicyMark.objects.select_for_update(no_key=True).get_or_create(pk=1)
        if mark.begun_at is not None:
            return
        mark.begun_at = timezone.now()
        mark.save(update_fields=["begun_at"])
        if ToolCall.objects.exists():
            return
        acts = [_start(starter) for starter in STARTERS if not _is_known(str(starter["slug"]))]
        if acts:
            review_policies.touch()
            audit.record(*acts)


def meet(agent: str, title: str, rules: Sequence[Rule]) -> bool:
    """Put what an agent's code says in force where no version of its policy ever was, beside whatever is drafted there.

    Where it has changed since, it is proposed as a draft. Returns whether anything was made. Nothing is proposed twice,
    over somebody's draft, or ever put in force instead of what is. Safe to call in several processes at once.
    """
    code = rulebook.digest_of_rules(tuple(rules))
    if _is_met(agent, rules, code):
        return False
    try:
        with transaction.atomic():
            return _meet(agent, title, rules, code)
    except IntegrityError:  # another process was faster
        return False
    except Conflict as waits:
        logger.warning("the code of the agent %s says other rules than before, but %s", agent, waits)
        return False


def _is_met(agent: str, rules: Sequence[Rule], code: str) -> bool:
    """Whether nothing is to be made: its code says nothing and never did, or a version came from what it says."""
    versions = ReviewPolicy.objects.of(agent)
    return versions.filter(code=code).exists() or not (rules or versions.exclude(activated_at=None).exists())


def _meet(agent: str, title: str, rules: Sequence[Rule], code: str) -> bool:
    said = {"agent": agent, "rules": [rule.to_dict() for rule in rules]}
    list(ReviewPolicy.objects.select_for_update(no_key=True).filter(slug=agent).order_by("id").values_list("pk"))
    if _is_met(agent, rules, code):  # another process was faster
        return False
    if not ReviewPolicy.objects.of(agent).exclude(activated_at=None).exists():
        body = {"slug": agent, "title": title[:200], "position": USUAL, "note": "", **said}
        made = review_policies.begun(agent, body, by=None, source="code", code=code, in_force=True)
        review_policies.touch()
        audit.record(Act("policy.activated", SYSTEM, data=review_policies.told(made, rules=made.rules)))
        return True
    acts = _superseded(agent)
    note = "The agent's code says this now. It has no effect until somebody puts it in force."
    made = review_policies.begun(agent, said | {"note": note}, by=None, source="code", code=code)
    review_policies.touch()
    audit.record(*acts, Act("policy.proposed", SYSTEM, data=review_policies.told(made, rules=made.rules)))
    logger.warning(
        "the code of the agent %s says other rules than before: %s waits for somebody to activate it", agent, made
    )
    return True


def _superseded(agent: str) -> list[Act]:
    """Give up an older proposal that no person has touched."""
    acts = []
    for old in ReviewPolicy.objects.of(agent).filter(status=PolicyStatus.DRAFT, edited_by=None).exclude(code=""):
        old.move_to(PolicyStatus.RETIRED, retired_at=timezone.now())
        acts.append(Act("policy.discarded", SYSTEM, data=review_policies.told(old)))
    return acts


def _start(starter: dict[str, Any]) -> Act:
    body = {key: value for key, value in starter.items() if key != "status"}
    body["rules"] = policy_bodies.written(starter["rules"])
    made = review_policies.begun(body["slug"], body | {"position": LAST}, by=None, source="code")
    status = starter["status"]
    made.move_to(status, **{"activated_at" if status == PolicyStatus.ACTIVE else "shadowed_at": made.created_at})
    return Act(
        "policy.activated" if status == PolicyStatus.ACTIVE else "policy.shadowed",
        SYSTEM,
        data=review_policies.told(made, rules=made.rules),
    )


def _is_known(slug: str) -> bool:
    return ReviewPolicy.objects.of(slug).exists()
