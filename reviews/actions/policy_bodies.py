"""What a version of a policy says, checked key by key before it is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.contrib.auth.models import Group

from reviews.actions.errors import Invalid
from reviews.actions.text import is_deep, storable
from reviews.models import EscalationPolicy, Queue
from reviews.policies import Rule, problems
from reviews.policies.book import FIRST, LAST, USUAL
from reviews.states import Standing

KEYS = ("title", "agent", "position", "note", "rules")
SLUG = re.compile(r"[a-z0-9][a-z0-9-]*")
NAMED = {"queue": "queue", "escalation": "escalation policy in force", "groups": "group or queue"}
LONGEST = {"slug": 100, "title": 200, "agent": 100, "note": 2000}


def errors_in(body: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong, by key: ``title``, ``position``, ``rules``, ``rules.0`` or ``rules.0.when``. Reads no database."""
    if unknown := sorted(map(str, set(body) - {*KEYS, "slug"})):
        return {unknown[0]: f"There is no such key; there is slug, {', '.join(KEYS)}."}
    wrong = {key: said for key in LONGEST if key in body and (said := _wrong_text(key, body[key]))}
    if "slug" in body and "slug" not in wrong and not SLUG.fullmatch(body["slug"]):
        wrong["slug"] = "Write lowercase letters, digits and dashes."
    position = body.get("position", FIRST)
    if isinstance(position, bool) or not isinstance(position, int) or not FIRST <= position <= LAST:
        wrong["position"] = f"Write a whole number from {FIRST} to {LAST}; the lowest is asked first."
    return wrong | (_wrong_rules(body["rules"]) if "rules" in body else {})


def checked(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same keys as they are kept, the rules in one way of writing. Raises Invalid with what is wrong by key."""
    wrong = errors_in(body) or _missing(body)
    if wrong:
        raise Invalid(**wrong)
    rules = {"rules": written(body["rules"])} if "rules" in body else {}
    return {**body, **rules}


def usual(slug: str) -> dict[str, Any]:
    """What a new policy says where nothing else is said."""
    title = slug.replace("-", " ").capitalize()[: LONGEST["title"]]
    return {"title": title, "agent": "*", "position": USUAL, "rules": []}


def written(rules: list[Any]) -> list[dict[str, Any]]:
    """The rules as they are kept and exported. Raises BadRule."""
    return [Rule.from_dict(rule).to_dict() for rule in rules]


def _wrong_text(key: str, value: Any) -> str:
    if not isinstance(value, str) or (key != "note" and not value.strip()):
        return "Write a text."
    if len(value) > LONGEST[key]:
        return f"Write at most {LONGEST[key]} characters; there are {len(value)}."
    return "" if storable(value) == value else "There is a character in it that no database can keep."


def _wrong_rules(rules: Any) -> dict[str, str]:
    if is_deep(rules, 20):
        return {"rules": "The rules are nested too deeply."}
    if wrong := problems(rules):
        return wrong
    if idle := dict(found for at, rule in enumerate(rules) for found in _without_effect(at, rule)):
        return idle
    unkept = [at for at, rule in enumerate(rules) if storable(rule) != rule]
    return {f"rules.{at}": "There is a character or number in it that no database can keep." for at in unkept}


def _without_effect(at: int, rule: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    return ((f"rules.{at}.{key}", why) for key, why in Rule.from_dict(rule).without_effect.items())


def _missing(body: Mapping[str, Any]) -> dict[str, str]:
    """The queues, escalation policies and groups that rules name and that are not there; a statement for each shelf."""
    rules = [dict(rule) for rule in body.get("rules", ())]
    queues = Queue.objects.filter(slug__in=_named(rules, "queue", "groups"))
    limits = EscalationPolicy.objects.filter(slug__in=_named(rules, "escalation"), standing=Standing.IN_FORCE)
    groups = Group.objects.filter(name__in=_named(rules, "groups"))
    known = {
        "queue": set(queues.values_list("slug", flat=True)),
        "escalation": set(limits.values_list("slug", flat=True)),
    }
    known["groups"] = known["queue"] | set(groups.values_list("name", flat=True))
    return {
        f"rules.{at}.{key}": f"There is no {what} {name!r}."
        for at, rule in enumerate(rules)
        for key, what in NAMED.items()
        for name in _names(rule, key)
        if name not in known[key]
    }


def _named(rules: Iterable[Mapping[str, Any]], *keys: str) -> set[str]:
    """Every name under these keys; an empty set makes an empty shelf, which no statement is spent on."""
    return {name for rule in rules for key in keys for name in _names(rule, key)}


def _names(rule: Mapping[str, Any], key: str) -> list[str]:
    """The names under one key, as they are kept."""
    said = rule.get(key) or []
    return [said] if isinstance(said, str) else [name.strip() for name in said]
