"""`manage.py workers`."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from reviews.actions import fleet
from reviews.actions.fleet import Abilities

pytestmark = pytest.mark.django_db


def told(*words: str) -> str:
    out = StringIO()
    call_command("workers", *words, stdout=out)
    return out.getvalue()


@pytest.fixture
def worker():
    able = Abilities({"refunds": "2", "triage": "1"}, frozenset({"1.21"}), "1.21", "0.24.0")
    fleet.announce("host:7", 50, able)


class TestWorkers:
    def test_names_each_with_what_it_can_run(self, worker):
        assert told().strip() == "host:7  50 places  SDK 0.24.0 (schema 1.21)  refunds 2, triage 1"

    def test_says_so_where_there_is_none(self):
        assert told().strip() == "No worker is up."

    def test_tells_programs_the_same(self, worker):
        (listed,) = json.loads(told("--json"))

        assert (listed["name"], listed["places"], listed["agents"]) == ("host:7", 50, {"refunds": "2", "triage": "1"})
        assert listed["seen_at"]
