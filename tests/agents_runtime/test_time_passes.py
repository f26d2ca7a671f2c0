"""Time on a real desk: worker, broker and clock are processes of their own, and the limits are seconds."""

import time

import pytest
from django.utils import timezone

from reviews import audit
from reviews.actions import assignments, interventions, review_policies, runs
from reviews.models import AuditEntry, Decision, EscalationPolicy, Event, Intervention, Notice, Run
from reviews.states import RunStatus, Verdict

INPUT = "Customer C-88213 reports a duplicate charge on order O-30912."
LIMITS = {
    "clock": "wall",
    "respond_within": 30,
    "expires_after": 300,
    "steps": [
        {"at": 1, "do": "remind", "only_if": "unclaimed"},
        {"at": 9, "do": "escalate", "level": 2, "only_if": "unclaimed"},
    ],
    "final": {"do": "reject", "message": "Tell the customer that it takes until tomorrow."},
}


def until(true):
    """Wait for it; what it found."""
    deadline = time.monotonic() + 60
    while not (found := true()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


@pytest.fixture
def seconds(live, queue, alice, bob, mara, admin):
    """Have refunds ask, on a desk that is up, under a policy of time of seconds."""

    def ask(**changes):
        EscalationPolicy.objects.create(slug="seconds", body=LIMITS | changes, created_at=timezone.now())
        rules = [{"tool": "issue_refund", "risk": "high", "escalation": "seconds"}]
        body = {"slug": "quick-refunds", "title": "Quick", "agent": "refunds", "position": 0, "rules": rules}
        written = review_policies.draft("quick-refunds", by=mara, body=body)
        review_policies.activate(written.pk, by=admin)

    return ask


def asked(run):
    return until(lambda: Intervention.objects.filter(run=run).first())


def told(run):
    """The run's story since it stopped to ask: what happened, and what sort of actor did it."""
    story = list(Event.objects.filter(run=run).order_by("seq").values_list("kind", "actor_type"))
    return story[story.index(("intervention.opened", "policy")) :]


class TestTimePasses:
    def test_a_question_nobody_takes_is_brought_up_assigned_and_decided(self, seconds, alice, bob, mara):
        seconds()
        run = runs.submit("refunds", INPUT, by=alice)
        question = asked(run)
        until(lambda: Intervention.objects.filter(pk=question.pk, level=2).exists())
        assignments.assign(question.pk, to=bob, by=mara)
        interventions.decide(question.pk, by=bob, verdict=Verdict.APPROVE)
        until(lambda: Run.objects.filter(pk=run.pk, status=RunStatus.COMPLETED).exists())

        acts = [act for act in told(run) if act[0].startswith("intervention.")]
        assert acts == [
            ("intervention.opened", "policy"),
            ("intervention.reminded", "timeout"),
            ("intervention.escalated", "timeout"),
            ("intervention.assigned", "user"),
            ("intervention.approve", "user"),
        ]
        assert isinstance(audit.verify(), audit.Verified)

    def test_a_question_nobody_answers_expires_and_the_agent_is_told_of_a_time_out(self, seconds, alice):
        seconds(respond_within=1, expires_after=3, steps=[])
        run = runs.submit("refunds", INPUT, by=alice)
        question = asked(run)
        run = until(lambda: Run.objects.filter(pk=run.pk, status=RunStatus.COMPLETED).first())

        call = run.tool_calls.get(pk=question.tool_call_id)
        assert (call.status, call.started_at) == ("refused", None)
        assert call.output == (
            "Nobody decided within 3 seconds, so issue_refund was not run. This is a time-out, not a refusal by a "
            "person. Tell the customer that it takes until tomorrow."
        )
        assert Intervention.objects.get(pk=question.pk).status == "expired"
        assert not Decision.objects.exists()
        entry = AuditEntry.objects.get(action="intervention.expired", subject=f"intervention:{question.pk}")
        assert (entry.actor_type, entry.actor) == ("timeout", "timeout")
        assert ("intervention.expired", "timeout") in told(run)
        assert Notice.objects.filter(kind="expired").exists()
