"""The forms of what is told to whom: one's own choice, the addresses of a queue, and the filters of the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.db.models import QuerySet

from reviews.models import Digest, Endpoint, Notice, NoticeSettings, Queue
from reviews.notices import guard
from reviews.states import CHOSEN_NOTICES, NoticeChannel, NoticeStatus

KINDS = [(kind.value, kind.label) for kind in CHOSEN_NOTICES]
CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
DESK = "desk"
"""The choice that stands for all queues."""


@cache
def zones() -> list[tuple[str, str]]:
    """The time zones by name, as a menu."""
    named = sorted(
        zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix", "SystemV"))
    )
    return [(zone, zone.replace("_", " ")) for zone in ("UTC", *named)]


class SettingsForm(forms.Form):
    """What one person is told, where and when."""

    email = forms.MultipleChoiceField(required=False, choices=KINDS, widget=forms.CheckboxSelectMultiple)
    page = forms.MultipleChoiceField(required=False, choices=KINDS, widget=forms.CheckboxSelectMultiple)
    zone = forms.ChoiceField(label="Time zone", choices=zones)
    quiet_from = forms.TimeField(required=False, label="Quiet from", widget=CLOCK)
    quiet_to = forms.TimeField(required=False, label="Quiet until", widget=CLOCK)
    digest = forms.ChoiceField(label="Mail that can wait", choices=Digest.choices)
    digest_at = forms.TimeField(required=False, label="Time of the daily mail", widget=CLOCK)

    def __init__(self, chosen: NoticeSettings, data: Any = None) -> None:
        names = ("email", "page", "zone", "quiet_from", "quiet_to", "digest", "digest_at")
        super().__init__(data, initial={name: getattr(chosen, name) for name in names})

    @property
    def matrix(self) -> list[tuple[str, str, bool, bool]]:
        """The kinds with their ticks: mail, bell."""
        email, page = (set(self[name].value() or ()) for name in ("email", "page"))
        return [(kind, label, kind in email, kind in page) for kind, label in KINDS]

    def clean(self) -> dict[str, Any]:
        """Quiet hours with both ends, or none."""
        chosen = self.cleaned_data
        begins, ends = chosen.get("quiet_from"), chosen.get("quiet_to")
        if (begins is None) != (ends is None) and not {"quiet_from", "quiet_to"} & set(self.errors):
            self.add_error("quiet_to" if ends is None else "quiet_from", "Enter both ends of the quiet hours, or none.")
        chosen["digest_at"] = chosen.get("digest_at") or time(8)
        return chosen


INSIDE = (
    "To reach a program inside your own network, whoever runs the desk names that network in FOUREYES_WEBHOOK_ALLOW; "
    "there http:// is enough, too."
)


class EndpointForm(forms.Form):
    """An address that messages of a queue go to."""

    queue = forms.ChoiceField(label="Queue")
    channel = forms.ChoiceField(label="Type", choices=Endpoint.CHANNELS)
    name = forms.CharField(label="Name", max_length=100)
    url = forms.CharField(
        label="Address",
        max_length=guard.LONGEST_URL,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "url", "spellcheck": "false"}),
    )
    kinds = forms.MultipleChoiceField(
        required=False, choices=KINDS, widget=forms.CheckboxSelectMultiple, label="Tell it of"
    )
    is_active = forms.BooleanField(required=False, initial=True, label="Send messages to it")

    def __init__(self, queues: Sequence[Queue], data: Any = None, *, desk: bool = False, **initial: Any) -> None:
        super().__init__(data, initial=initial)
        field = self.fields["queue"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(str(queue.pk), queue.name) for queue in queues] + ([(DESK, "All queues")] if desk else [])

    def clean_url(self) -> str:
        """An address of a shape that can be sent to; what its host means is looked up when it is."""
        url = str(self.cleaned_data["url"]).strip()
        try:
            scheme, host, *_ = guard.parse(url) if url else ("https", "")
        except guard.Refused as refused:
            raise forms.ValidationError(str(refused)) from None
        if scheme != "https" and not guard.allows_any():
            raise forms.ValidationError(f"Enter an address that begins with https://. {INSIDE}")
        if host and guard.is_inside(host):
            raise forms.ValidationError(f"{host} is an address of a private network. {INSIDE}")
        self.host = host
        return url


class ChangeForm(EndpointForm):
    """The same for one that is there: its address stays unless another is entered."""

    def __init__(self, endpoint: Endpoint, data: Any = None) -> None:
        super().__init__([], data, kinds=endpoint.kinds, is_active=endpoint.is_active)
        for name in ("queue", "channel", "name"):
            del self.fields[name]
        self.fields["url"].required = False
        self.fields["url"].label = "New address"
        self.fields["url"].help_text = f"Leave it empty to keep the address at {endpoint.host}, which is never shown."


class OutboxFilter(forms.Form):
    """Which messages: how they stand, by what way, of which queue."""

    status = forms.ChoiceField(required=False, choices=[("", "Any state"), *NoticeStatus.choices], label="State")
    channel = forms.ChoiceField(
        required=False,
        choices=[("", "Any way"), *((one.value, one.label) for one in NoticeChannel if one != NoticeChannel.PAGE)],
        label="Way",
    )
    kind = forms.ChoiceField(required=False, choices=[("", "Any kind"), *KINDS, ("test", "Test message")], label="Kind")
    queue = forms.ChoiceField(required=False, label="Queue")

    def __init__(self, data: Any, queues: Sequence[Queue]) -> None:
        super().__init__(data)
        field = self.fields["queue"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "Any queue"), *((queue.slug, queue.name) for queue in queues)]

    def apply(self, rows: QuerySet[Notice]) -> QuerySet[Notice]:
        """The rows that pass; none at all where a filter makes no sense."""
        if not self.is_valid():
            return rows.none()
        lookups = {"status": "status", "channel": "channel", "kind": "kind", "queue": "queue__slug"}
        return rows.filter(**{lookups[name]: value for name, value in self.cleaned_data.items() if value})
