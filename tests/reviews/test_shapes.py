"""The JSON shapes: what they hold, and that every key is documented."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from reviews import shapes
from reviews.actions import interventions, runs
from reviews.models import Intervention, Run
from reviews.states import Risk, Verdict
from tests import factories

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "json.md"


@pytest.fixture
def decided(alice):
    question = factories.question(judgement={"risk": Risk.CRITICAL, "reason_required": True})
    interventions.decide(question.pk, by=alice, verdict=Verdict.APPROVE, reason="Checked by phone.")
    return Intervention.objects.get(pk=question.pk)


def documented(title):
    """The keys in the first column of the table under that title."""
    part = PAGE.read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    return {key for row in rows for key in re.findall(r"`(\w+)`", row)}


class TestDocumentation:
    def test_names_every_key_of_a_run_and_what_is_in_it(self, decided):
        run = shapes.run_in_full(decided.run)

        assert set(run) == documented("Run")
        assert set(run["tool_calls"][0]) == documented("Tool call")
        assert set(run["interventions"][0]["decisions"][0]) == documented("Decision")
        assert set(run["events"][0]) == documented("Event")

    def test_names_every_key_of_an_intervention(self, decided):
        assert set(shapes.intervention_in_full(decided)) == documented("Intervention")

    def test_names_every_key_of_an_agent(self):
        assert set(shapes.agent(factories.card())) == documented("Agent")


class TestRun:
    def test_is_json(self, decided):
        assert json.loads(json.dumps(shapes.run_in_full(decided.run)))["left_out"]["events"] == 0

    def test_names_the_run_it_repeats(self, decided, alice):
        runs.stop(decided.run_id, by=alice)
        again = runs.retry(decided.run_id, by=alice)

        assert shapes.run(again)["retry_of"] == str(decided.run_id)

    def test_costs_the_same_for_many_questions(self, alice, django_assert_num_queries):
        run = factories.leased()
        factories.gates.park(run, factories.state(), [factories.proposal() for _ in range(5)])
        run = Run.objects.select_related("queue", "started_by").get()

        with django_assert_num_queries(7):  # forks, checkpoints, calls, who wrote outputs, questions, decisions, events
            assert len(shapes.run_in_full(run)["interventions"]) == 5


class TestIntervention:
    def test_writes_the_risk_as_a_word(self, decided):
        assert shapes.intervention(decided)["risk"] == "critical"

    def test_asks_for_a_reason_where_the_rule_does(self, decided):
        assert shapes.intervention(decided)["reason_required"] is True

    def test_takes_no_verdict_any_more_once_it_is_closed(self, decided):
        assert shapes.intervention(decided)["verdicts"] == []


class TestMoment:
    def test_is_utc_with_a_z_and_microseconds(self):
        assert shapes.moment(datetime(2026, 3, 1, 9, 30, tzinfo=UTC)) == "2026-03-01T09:30:00.000000Z"

    def test_converts_other_zones(self):
        berlin = timezone(timedelta(hours=1))
        assert shapes.moment(datetime(2026, 3, 1, 10, 30, tzinfo=berlin)) == "2026-03-01T09:30:00.000000Z"

    def test_is_null_where_there_is_none(self):
        assert shapes.moment(None) is None
