"""The forms of the runs pages: the filters of the list, and what it takes to start a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from reviews import access, catalog
from reviews.catalog import AgentCard
from reviews.models import Run
from reviews.states import RunStatus


class RunFilter(forms.Form):
    """Which runs of those a person may see; used by the page and its refreshes."""

    q = forms.CharField(required=False, max_length=200, label="Search the requests")
    status = forms.MultipleChoiceField(
        required=False, choices=RunStatus.choices, widget=forms.CheckboxSelectMultiple, label="Status"
    )
    agent = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple, label="Agent")
    queue = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple, label="Queue")

    def __init__(self, data: Mapping[str, Any], *, user: User) -> None:
        super().__init__(data)
        queues = dict(access.visible_queues(user).values_list("slug", "name"))
        self.choose("queue", list(queues.items()))
        self.choose("agent", [(card.slug, card.title) for card in catalog.all_cards() if card.queue in queues])

    def choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        """Offer these values and no others."""
        field = self.fields[name]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = choices

    def apply(self, rows: QuerySet[Run]) -> QuerySet[Run]:
        """The rows that pass; none at all where a filter makes no sense, so that nothing is shown by mistake."""
        if not self.is_valid():
            return rows.none()
        chosen = self.cleaned_data
        if chosen["status"]:
            rows = rows.filter(status__in=chosen["status"])
        if chosen["agent"]:
            rows = rows.filter(agent__in=chosen["agent"])
        if chosen["queue"]:
            rows = rows.filter(queue__slug__in=chosen["queue"])
        return rows.filter(_mentions(chosen["q"])) if chosen["q"] else rows


def _mentions(text: str) -> Q:
    try:
        return Q(pk=UUID(text))
    except ValueError:
        return Q(input__icontains=text) | Q(agent__iexact=text)


class StartForm(forms.Form):
    """An agent and what it should do."""

    agent = forms.ChoiceField(
        error_messages={
            "required": "Choose the agent that should do the work.",
            "invalid_choice": "There is no agent “%(value)s” that you may start. Choose one of those below.",
        },
    )
    input = forms.CharField(
        required=False,  # the verb says what is wrong with an empty one, for every door alike
        strip=False,
        label="What should it do?",
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "true"}),
    )

    def __init__(self, *args: Any, cards: list[AgentCard], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["agent"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(card.slug, card.title) for card in cards]

    def complain(self, errors: Mapping[str, str]) -> None:
        """Show what a verb found wrong beside the fields it means."""
        for name, text in errors.items():
            self.add_error(name if name in self.fields else None, text)


def startable(user: User) -> list[AgentCard]:
    """The agents a person may start: those of their queues, or all for an admin."""
    if access.has_role(user, access.ADMIN):
        return catalog.all_cards()
    slugs = set(access.queues_of(user).values_list("slug", flat=True))
    return [card for card in catalog.all_cards() if card.queue in slugs]
