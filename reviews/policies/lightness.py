"""In what a question would be put more lightly than it was, or to other people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reviews.states import Risk

Asked = Mapping[str, Any]
"""How something is asked: a judgement's fields, or the frozen copy that an intervention keeps."""


def lighter(before: Asked, after: Asked, queue: str = "") -> str:
    """What is less than before, such as “approvals 2 → 1; risk high → low”; empty where nothing is.

    Another queue counts as well; ``queue`` is the run's own, which is asked where none is named.
    """
    return "; ".join(_said(before, after, queue))


def _said(before: Asked, after: Asked, queue: str) -> Iterator[str]:
    was, now = (max(1, int(asked.get("approvals") or 1)) for asked in (before, after))
    if now < was:
        yield f"approvals {was} → {now}"
    was, now = (int(asked.get("risk") or Risk.MEDIUM) for asked in (before, after))
    if now < was:
        yield f"risk {Risk(was).label.lower()} → {Risk(now).label.lower()}"
    of, of_now = (set(asked.get("groups") or ()) for asked in (before, after))
    if of and not (of_now and of_now <= of):
        yield f"approvals of {', '.join(sorted(of))} → of {', '.join(sorted(of_now)) or 'anybody in the queue'}"
    if let_in := [word for word in before.get("not_by") or () if word not in (after.get("not_by") or ())]:
        yield f"no longer barred: {', '.join(word.replace('_', ' ') for word in let_in)}"
    if after.get("rejecting") == "majority" != before.get("rejecting", "any"):
        yield "one rejection no longer rejects"
    if before.get("reason_required") and not after.get("reason_required"):
        yield "no reason required"
    where, where_now = (asked.get("queue") or queue for asked in (before, after))
    if where != where_now:
        yield f"queue {where or 'of the run'} → {where_now or 'of the run'}"
