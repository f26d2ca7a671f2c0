"""Mail: text and HTML, over one connection per round."""

from __future__ import annotations

import smtplib
from contextlib import suppress
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend
from django.template.loader import render_to_string
from django.urls import reverse

from reviews.actions.outbox import Parcel
from reviews.models import NoticeSettings
from reviews.notices import wording
from reviews.notices.failed import Failed
from reviews.notices.post import cut_off
from reviews.notices.span import Span


class Postman:
    """Carries the mail of one round; close it at the end."""

    def __init__(self) -> None:
        self._line: EmailBackend | None = None

    def send(self, parcel: Parcel, span: Span) -> None:
        """Hand the message to the mail server. Raises Failed."""
        message = letter(parcel)
        try:
            line = self._connected(span)
            if span.too_late:
                raise Failed("The mail server took too long to answer.")
            with cut_off(line.connection.sock if line.connection else None, span.act):
                line.send_messages([message])
        except smtplib.SMTPException as error:
            self.close()
            raise _refusal(error) from None
        except OSError as error:
            self.close()
            raise Failed(f"The mail server cannot be reached: {error.strerror or type(error).__name__}.") from None

    def close(self) -> None:
        """Hang up."""
        line, self._line = self._line, None
        if line is not None:
            with suppress(OSError, smtplib.SMTPException):
                line.close()

    def _connected(self, span: Span) -> EmailBackend:
        if self._line is None:
            self._line = EmailBackend(**settings.FOUREYES_SMTP, timeout=span.step, fail_silently=False)
            self._line.open()  # known already: where we are not let in, there is a line to hang up
        return self._line


def letter(parcel: Parcel) -> EmailMultiAlternatives:
    """The message; each try makes the same, under the same Message-ID."""
    first = parcel.first
    wishes = NoticeSettings.objects.filter(user=first.user).first()
    said = wording.lines(parcel.notices, wishes.zone if wishes else "UTC")
    context: dict[str, Any] = {
        "lines": said,
        "foot": wording.FOOT,
        "settings_link": wording.origin() + reverse("reviews:notice_settings"),
    }
    subject = said[0].subject if len(said) == 1 else f"{len(said)} items of the review desk"
    domain = urlsplit(wording.origin()).hostname or "foureyes.invalid"
    headers = {
        "Message-ID": f"<{first.message.hex}@{domain}>",
        "Date": format_datetime(first.created_at),
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    if first.intervention_id and len(said) == 1:
        headers["References"] = f"<item-{first.intervention_id.hex}@{domain}>"
    text = "\n\n".join(
        [*map(_plain, said), wording.FOOT, f"What you are told, where and when: {context['settings_link']}"]
    )
    message = EmailMultiAlternatives(subject, text, settings.DEFAULT_FROM_EMAIL, [first.recipient], headers=headers)
    message.attach_alternative(render_to_string("reviews/notices/mail.html", context), "text/html")
    return message


def _plain(line: wording.Line) -> str:
    facts = [f"{name}: {value}" for name, value in line.facts]
    return "\n".join(filter(None, [line.subject, line.says, *facts, line.link]))


def _refusal(error: smtplib.SMTPException) -> Failed:
    """What the server's refusal means: of this message, or of all."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
        return Failed(_said(code, text), for_good=code >= 500, lane=False)
    if isinstance(error, smtplib.SMTPDataError):
        return Failed(_said(error.smtp_code, error.smtp_error), for_good=error.smtp_code >= 500, lane=False)
    if isinstance(error, smtplib.SMTPResponseException):
        return Failed(_said(error.smtp_code, error.smtp_error))
    return Failed(f"The mail server broke off: {type(error).__name__}.")


def _said(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"The mail server said {code} {' '.join(words.split())}"[:400]
