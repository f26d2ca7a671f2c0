"""Chat rooms and programs: what is posted to them, and how it is signed."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from standardwebhooks import Webhook

from reviews.actions import endpoints
from reviews.actions.outbox import Parcel
from reviews.models import Notice
from reviews.notices import guard, wording
from reviews.notices.failed import Failed
from reviews.notices.post import Answer, post
from reviews.notices.span import Span
from reviews.sealing import Unsealable
from reviews.states import NoticeChannel, NoticeKind, Risk

GONE = 410
AGENT = "Foureyes-Notices/1"


def send(parcel: Parcel, span: Span) -> None:
    """Post the message to its address. Raises Failed."""
    notice = parcel.first
    if notice.endpoint is None or notice.endpoint.removed_at:
        raise Failed("Its address was removed.", for_good=True)
    try:
        target = guard.check(endpoints.address(notice.endpoint))
        body, headers = packed(notice, datetime.now(UTC))
        if span.too_late:
            raise Failed(f"Finding {target.host} took too long.")
        answer = post(target, body, headers, connect=span.step, seconds=span.act)
    except (guard.Refused, Unsealable) as error:
        raise Failed(str(error), for_good=True) from None
    except (OSError, http.client.HTTPException) as error:
        raise Failed(f"{notice.endpoint.host} cannot be reached: {_why(error)}.") from None
    _heed(answer)


def packed(notice: Notice, now: datetime) -> tuple[bytes, dict[str, str]]:
    """The body, and the headers that go with it. Raises Unsealable."""
    assert notice.endpoint is not None
    body = json.dumps(BODIES[notice.channel](notice), ensure_ascii=False, separators=(",", ":"))
    headers = {"Content-Type": "application/json", "User-Agent": AGENT}
    if notice.channel == NoticeChannel.WEBHOOK:
        headers |= signature(str(notice.message), body, endpoints.secrets_of(notice.endpoint, now), now)
    return body.encode(), headers


def signature(message: str, body: str, secrets: list[str], now: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks: one signature per secret that is in force."""
    signed = [Webhook(secret).sign(f"msg_{message}", now, body) for secret in secrets]
    return {
        "webhook-id": f"msg_{message}",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signed),
    }


def event(notice: Notice) -> dict[str, Any]:
    """What a program reads: a type, a time, and names and numbers of the item."""
    about = {NoticeKind.WATCHDOG: "desk.watchdog", NoticeKind.TEST: "desk.test"}
    said = dict(notice.payload)
    if "risk" in said:
        said["risk"] = Risk(said["risk"]).name.lower()
    ids = {"intervention": notice.intervention_id, "run": notice.run_id}
    return {
        "type": about.get(NoticeKind(notice.kind), f"intervention.{notice.kind}"),
        "timestamp": notice.created_at.isoformat(),
        "data": {name: str(value) for name, value in ids.items() if value} | said | {"url": wording.link_to(notice)},
    }


def slack(notice: Notice) -> dict[str, Any]:
    """A Slack message; plain text where names stand, so that none of them formats or calls anybody."""
    line = wording.line(notice)
    text = "\n".join([line.says, *(f"{name}: {value}" for name, value in line.facts)]).strip()
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "plain_text", "text": told, "emoji": False}}
        for told in (line.subject, text)
        if told
    ]
    link = {"type": "section", "text": {"type": "mrkdwn", "text": f"<{line.link}|Open it at the desk>"}}
    plain = line.subject.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": plain, "blocks": [*blocks, link]}


def teams(notice: Notice) -> dict[str, Any]:
    """An adaptive card for a Teams workflow; text runs, which know no formatting."""
    line = wording.line(notice)
    texts = [line.subject, line.says, *(f"{name}: {value}" for name, value in line.facts)]
    body = [
        {
            "type": "RichTextBlock",
            "inlines": [{"type": "TextRun", "text": text, "weight": "bolder" if not n else "default"}],
        }
        for n, text in enumerate(texts)
        if text
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": "Open it at the desk", "url": line.link}],
    }
    content_type = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": content_type, "content": card}]}


BODIES: dict[str, Callable[[Notice], dict[str, Any]]] = {
    NoticeChannel.SLACK: slack,
    NoticeChannel.TEAMS: teams,
    NoticeChannel.WEBHOOK: event,
}


def _heed(answer: Answer) -> None:
    """Raises Failed for any answer but a yes."""
    if 200 <= answer.status < 300:
        return
    if 300 <= answer.status < 400:
        raise Failed(f"The answer {answer.status} leads elsewhere; redirects are not followed.", for_good=True)
    # not a word of it: many servers answer with the path they were asked for, and that lets people in
    raise Failed(f"The answer was {_named(answer.status)}.", for_good=answer.status == GONE, wait=answer.wait)


def _named(status: int) -> str:
    """The number with its usual name; the server's own name for it is the server's words."""
    return f"{status} {HTTPStatus(status).phrase}" if status in set(HTTPStatus) else str(status)


def _why(error: Exception) -> str:
    """What kind of failure: the words of an exception may repeat the address."""
    return (error.strerror if isinstance(error, OSError) and error.strerror else "") or type(error).__name__
