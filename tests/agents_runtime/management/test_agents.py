"""manage.py agents: what may be started."""

from reviews import catalog
from tests import factories
from tests.reviews.management.shell import call, told


class TestAgents:
    def test_tells_programs_every_documented_key(self):
        factories.card("clerk", tools=("issue_refund",), review_output=True, sample_input="Refund O-1.")

        (clerk,) = (agent for agent in told("agents") if agent["agent"] == "clerk")

        assert clerk == {
            "agent": "clerk",
            "title": "Clerk",
            "description": "",
            "queue": "support",
            "version": "1",
            "tools": ["issue_refund"],
            "review_output": True,
            "scripted": False,
            "sample_input": "Refund O-1.",
        }

    def test_is_a_table_for_people(self):
        factories.card("clerk", tools=("issue_refund", "lookup_order"))

        page = call("agents")

        assert page.splitlines()[0].split() == ["AGENT", "VERSION", "QUEUE", "TOOLS", "TITLE"]
        assert "issue_refund, lookup_order" in page

    def test_says_that_there_is_none(self):
        for card in catalog.all_cards():
            catalog.withdraw(card.slug)

        assert call("agents") == "No agent is registered.\n"
        assert told("agents") == []
