"""manage.py assign, escalate, snooze and extend: the verbs of the board, in a terminal."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from reviews.management.cli import Misused, Refused
from reviews.models import AuditEntry, Intervention
from tests import factories
from tests.reviews.management.shell import call, told

WHY = ("--reason", "The customer is on the phone.")


@pytest.fixture
def refund(alice, bob, mara):
    return factories.question()


def refusal(*words):
    before = AuditEntry.objects.count()
    with pytest.raises(Refused) as refused:
        call(*words)
    assert AuditEntry.objects.count() == before
    return refused.value


class TestAssign:
    def test_gives_moves_and_takes_back(self, refund):
        given = [told("assign", refund.pk, to, "--as", "mara")["assignee"] for to in ("alice", "bob", "-")]
        assert given == ["alice", "bob", None]

    def test_shows_the_question_to_people(self, refund):
        assert "Assigned to  alice" in call("assign", refund.pk, "alice", "--as", "mara")

    def test_is_refused_as_on_the_page(self, refund, charlie):
        assert refusal("assign", refund.pk, "bob", "--as", "alice").code == "permission"
        assert refusal("assign", refund.pk, "charlie", "--as", "mara").code == "invalid"
        assert refusal("assign", refund.pk, "nobody", "--as", "mara").code == "permission"
        assert refusal("assign", refund.pk, "alice", "--as", "charlie").code == "not_found"


class TestEscalate:
    def test_goes_up_and_down(self, refund):
        assert told("escalate", refund.pk, "--as", "alice", *WHY)["level"] == 1
        assert refusal("escalate", refund.pk, "--as", "alice", "--down", *WHY).code == "permission"
        assert told("escalate", refund.pk, "--as", "mara", "--down", *WHY)["level"] == 0

    def test_needs_a_reason(self, refund):
        assert refusal("escalate", refund.pk, "--as", "alice", "--reason", " ").code == "invalid"


class TestSnooze:
    def test_puts_aside_and_brings_back(self, refund):
        Intervention.objects.filter(pk=refund.pk).update(due_at=timezone.now() + timedelta(hours=2))
        aside = told("snooze", refund.pk, 30, "--as", "alice")
        left = datetime.fromisoformat(aside["snoozed_until"]) - timezone.now()
        assert timedelta(minutes=29) < left < timedelta(minutes=31)
        assert told("snooze", refund.pk, 0, "--as", "alice")["snoozed_until"] is None

    def test_cannot_pass_the_due_time(self, refund):
        assert refusal("snooze", refund.pk, 99_999, "--as", "alice").code == "invalid"

    @pytest.mark.parametrize("minutes", [-1, 10**9])
    def test_of_nonsense_is_misuse(self, refund, minutes):
        with pytest.raises(Misused):
            call("snooze", refund.pk, "--as", "alice", "--", minutes)


class TestExtend:
    def test_puts_off_the_due_time(self, refund):
        more = told("extend", refund.pk, 30, "--as", "alice", *WHY)
        assert datetime.fromisoformat(more["due_at"]) == refund.due_at + timedelta(minutes=30)
        assert more["extended"] == 1

    def test_has_an_end(self, refund):
        assert refusal("extend", refund.pk, 99_999, "--as", "alice", *WHY).code == "invalid"
