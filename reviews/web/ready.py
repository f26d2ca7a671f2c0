"""The ready reasons of a rule: chosen in a menu, and kept as if they had been typed."""

from __future__ import annotations

from django.http import QueryDict

from reviews.models import Intervention
from reviews.web import texts

CHOSEN = "ready"


def reasons(item: Intervention) -> list[str]:
    """Those that the rule which stopped it offers."""
    return [str(one) for one in item.policy.get("presets") or ()]


def filled(data: QueryDict, item: Intervention) -> QueryDict:
    """What was sent, with the chosen reason in the field of reasons, before what was typed there."""
    offered, chosen = reasons(item), str(data.get(CHOSEN, ""))
    at = texts.number(chosen) if chosen else len(offered)
    if at >= len(offered):
        return data
    whole = data.copy()
    del whole[CHOSEN]
    whole["reason"] = "\n".join(text for text in (offered[at], str(data.get("reason", ""))) if text.strip())
    return whole
