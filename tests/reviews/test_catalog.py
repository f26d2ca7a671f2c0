"""What this process knows of its agents."""

import pytest

from reviews import catalog
from reviews.catalog import AgentCard, UnknownAgent


@pytest.fixture(autouse=True)
def empty(monkeypatch):
    """No agent is known."""
    monkeypatch.setattr(catalog, "_cards", {})


def card(slug, **changes):
    return AgentCard(**{"slug": slug, "title": slug.title(), "queue": "support", "version": "1"} | changes)


class TestCatalog:
    def test_gives_the_card_that_was_declared(self):
        catalog.declare(card("refunds", version="3"))
        assert catalog.get("refunds").version == "3"

    def test_keeps_the_last_card_of_a_slug(self):
        catalog.declare(card("refunds", version="3"))
        catalog.declare(card("refunds", version="4"))
        assert [one.version for one in catalog.all_cards()] == ["4"]

    def test_lists_all_by_slug(self):
        for slug in ("triage", "contracts", "refunds"):
            catalog.declare(card(slug))
        assert [one.slug for one in catalog.all_cards()] == ["contracts", "refunds", "triage"]

    def test_names_the_known_agents_when_asked_for_another(self):
        catalog.declare(card("triage"))
        catalog.declare(card("refunds"))
        with pytest.raises(UnknownAgent, match="'refnds'. Registered agents: refunds, triage."):
            catalog.get("refnds")

    def test_says_so_when_it_knows_none(self):
        with pytest.raises(UnknownAgent, match="Registered agents: none"):
            catalog.get("refunds")

    def test_forgets_what_is_withdrawn_and_takes_twice_for_once(self):
        catalog.declare(card("refunds"))
        catalog.withdraw("refunds")
        catalog.withdraw("refunds")
        assert catalog.all_cards() == []
