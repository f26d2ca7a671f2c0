"""Two people, or two processes, at one policy."""

from functools import partial

import pytest
from django.core.exceptions import PermissionDenied

from reviews import access
from reviews.actions import Conflict, policy_defaults, review_policies, time_limits
from reviews.models import ReviewPolicy
from reviews.policies import Rule
from tests import factories
from tests.races.conftest import race, split

RULES = [{"tool": "pay", "when": "amount > 200"}]


@pytest.fixture
def nina(queue):
    return factories.user("nina", access.MANAGER)


@pytest.mark.both
class TestTwoPeople:
    @pytest.mark.parametrize("_", range(5))
    def test_who_activate_one_version_put_it_in_force_once(self, mara, nina, admin, _):
        made = review_policies.draft("payments", by=mara, body={"rules": RULES})

        won, lost = split(race(*(partial(review_policies.activate, made.pk, by=one) for one in (nina, admin))))

        assert (len(won), len(lost)) == (1, 1)
        assert isinstance(lost[0], Conflict) and won[0].activated_by.username in str(lost[0])

    @pytest.mark.parametrize("_", range(5))
    def test_who_activate_two_versions_leave_one_in_force(self, mara, nina, _):
        first = review_policies.draft("payments", by=mara, body={"rules": RULES})
        review_policies.start_shadow(first.pk, by=mara)
        second = review_policies.draft("payments", by=mara)

        results = race(
            partial(review_policies.activate, first.pk, by=nina), partial(review_policies.activate, second.pk, by=nina)
        )

        assert split(results)[1] in ([], [results[0]])  # the older may come too late: it was not retired meanwhile
        assert ReviewPolicy.objects.active().count() == 1

    @pytest.mark.parametrize("_", range(5))
    def test_who_draft_one_policy_make_one_draft(self, mara, nina, _):
        won, lost = split(race(*(partial(review_policies.draft, "payments", by=one) for one in (mara, nina))))

        assert (len(won), len(lost), ReviewPolicy.objects.count()) == (1, 1, 1)
        assert isinstance(lost[0], Conflict)

    @pytest.mark.parametrize("_", range(5))
    def test_of_whom_one_edits_while_the_other_activates_never_pass_the_second_person(self, mara, nina, _):
        made = review_policies.draft("payments", by=mara, body={"rules": RULES})

        saved, activated = race(
            partial(review_policies.save, made.pk, by=nina, body={"rules": []}),
            partial(review_policies.activate, made.pk, by=nina, seen=made.digest),
        )

        row = ReviewPolicy.objects.get()
        if isinstance(activated, Exception):
            assert isinstance(activated, Conflict | PermissionDenied)
            assert (row.status, row.edited_by) == ("draft", nina)
        else:
            assert isinstance(saved, Conflict) and (row.status, row.edited_by) == ("active", mara)


class TestOneWhoChangesTimeLimits:
    """While a second person puts the first rule in force that names them."""

    BODY = {"clock": "wall", "respond_within": 3600, "expires_after": 14400, "final": {"do": "reject"}}

    @pytest.mark.parametrize("_", range(3))
    def test_never_writes_alone(self, mara, nina, _):
        time_limits.write("slow", by=mara, body=self.BODY, seen=0)
        made = review_policies.draft("payments", by=mara, body={"rules": [{"tool": "pay", "escalation": "slow"}]})
        won, lost = split(
            race(
                partial(review_policies.activate, made.pk, by=nina),
                partial(time_limits.write, "slow", by=mara, body={**self.BODY, "respond_within": 7200}, seen=1),
            )
        )
        assert not lost and won[1].standing == "proposed"


@pytest.mark.both
class TestTwoProcesses:
    @pytest.mark.parametrize("_", range(5))
    def test_that_meet_one_agent_make_its_first_version_once(self, _):
        rules = tuple(Rule.from_dict(rule) for rule in RULES)

        results = race(*[partial(policy_defaults.meet, "refunds", "Refunds", rules)] * 3)

        assert sorted(results) == [False, False, True]
        assert ReviewPolicy.objects.get().status == "active"

    @pytest.mark.parametrize("_", range(5))
    def test_that_start_at_once_make_the_starter_set_once(self, _):
        assert split(race(*[policy_defaults.begin] * 3))[1] == []
        assert ReviewPolicy.objects.count() == len(policy_defaults.STARTERS)
