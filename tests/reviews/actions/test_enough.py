"""A warning where too few people could decide what the rules of a policy ask."""

import pytest
from django.contrib.auth.models import Group

from reviews.actions import Invalid, enough, review_policies
from reviews.models import EscalationPolicy
from reviews.states import Standing
from tests import factories


def drafted(by, **rule):
    return review_policies.draft("payments", by=by, body={"rules": [{"tool": "pay", "name": "Big", **rule}]})


@pytest.fixture
def board(alice, charlie):
    """A group of two, of whom one has a seat."""
    made = Group.objects.create(name="board")
    made.user_set.add(alice, charlie)


class TestTooFew:
    @pytest.mark.parametrize(
        ("rule", "said"),
        [
            ({}, ""),
            ({"approvals": 3}, ""),
            ({"approvals": 4}, "“Big” needs 4 to approve, and 3 people have a seat in any queue."),
            ({"groups": ["board"]}, ""),
            (
                {"groups": ["board"], "approvals": 2},
                "“Big” needs 2 to approve, and 1 person has a seat in any queue and belongs to board.",
            ),
            ({"queue": "legal"}, "“Big” needs 1 to approve, and nobody has a seat in the queue legal."),
            ({"groups": ["support"], "queue": "support", "approvals": 3}, ""),
            ({"approvals": 9, "ruling": "refuse"}, ""),
        ],
    )
    def test_says_which_rule_nobody_could_decide(self, board, alice, bob, mara, rule, said):
        factories.queue("legal")
        assert enough.too_few(drafted(mara, **rule)) == ([said] if said else [])

    def test_counts_nobody_who_has_left(self, board, alice, mara):
        row = drafted(mara, groups=["board"])
        alice.is_active = False
        alice.save()
        assert len(enough.too_few(row)) == 1


class TestNames:
    def test_of_groups_may_be_those_of_queues(self, mara):
        assert drafted(mara, groups=["support", "manager"]).version == 1

    def test_of_time_limits_that_only_wait_are_refused(self, mara):
        at = "2026-01-01T00:00Z"
        EscalationPolicy.objects.create(slug="slow", body={}, created_at=at, standing=Standing.PROPOSED)
        with pytest.raises(Invalid) as refused:
            drafted(mara, escalation="slow")
        assert refused.value.errors.keys() == {"rules.0.escalation"}
