"""The first policies: from the agents' code, and the starter set of a fresh install."""

import pytest

from reviews.actions import policy_defaults, review_policies, rulebook
from reviews.models import PolicyMark, ReviewPolicy
from reviews.policies import Case, Rule
from reviews.states import PolicyStatus, Ruling
from tests import factories
from tests.reviews.actions.conftest import book

OLD = (Rule.from_dict({"tool": "pay", "when": "amount > 200"}),)
NEW = (Rule.from_dict({"tool": "pay", "when": "amount > 50"}),)
NEWEST = (Rule.from_dict({"tool": "pay"}),)


def meet(rules):
    return policy_defaults.meet("refunds", "Refunds", rules)


def versions():
    return list(ReviewPolicy.objects.order_by("version").values_list("version", "status", "source"))


class TestMeet:
    def test_puts_what_the_code_says_in_force_as_the_first_version(self):
        assert meet(OLD) is True

        row = ReviewPolicy.objects.get()
        assert versions() == [(1, "active", "code")]
        assert (row.slug, row.agent, row.created_by, row.activated_by) == ("refunds", "refunds", None, None)
        assert row.read().rules == OLD
        assert book() == ["policy.activated"]

    @pytest.mark.parametrize("given_up", [False, True])
    def test_puts_it_in_force_beside_a_draft_that_was_there_before_it(self, mara, given_up):
        drafted = review_policies.draft("refunds", by=mara, body={"agent": "refunds"})
        if given_up:
            review_policies.discard(drafted.pk, by=mara)

        assert (meet(OLD), meet(OLD)) == (True, False)

        assert versions() == [(1, "retired" if given_up else "draft", "desk"), (2, "active", "code")]
        assert rulebook.current().active[0].rules == OLD
        assert book()[-1] == "policy.activated"

    def test_makes_nothing_of_an_agent_without_rules_that_has_a_draft(self, mara):
        drafted = review_policies.draft("refunds", by=mara)

        assert meet(()) is False
        assert list(ReviewPolicy.objects.all()) == [drafted]

    def test_makes_nothing_twice_nor_for_an_agent_without_rules(self):
        meet(OLD)

        assert (meet(OLD), policy_defaults.meet("triage", "Triage", ())) == (False, False)
        assert versions() == [(1, "active", "code")]

    def test_only_proposes_what_the_code_says_later(self, caplog):
        meet(OLD)

        assert meet(NEW) is True

        assert versions() == [(1, "active", "code"), (2, "draft", "code")]
        assert rulebook.current().active[0].rules == OLD
        assert "refunds version 2 waits for somebody to activate it" in caplog.text
        assert book()[-1] == "policy.proposed"

    def test_proposes_nothing_again_that_a_person_has_turned_down(self, mara):
        meet(OLD)
        meet(NEW)
        review_policies.discard(ReviewPolicy.objects.get(version=2).pk, by=mara)

        assert (meet(NEW), meet(OLD)) == (False, False)

    def test_replaces_its_own_older_proposal(self):
        meet(OLD)
        meet(NEW)
        meet(NEWEST)

        assert versions() == [(1, "active", "code"), (2, "retired", "code"), (3, "draft", "code")]

    def test_leaves_the_draft_of_a_person_alone(self, mara, caplog):
        meet(OLD)
        made = review_policies.draft("refunds", by=mara)

        assert meet(NEW) is False
        assert "mara wrote it last" in caplog.text

        review_policies.discard(made.pk, by=mara)
        assert meet(NEW) is True

    def test_lets_one_person_put_in_force_what_the_code_proposes(self, mara):
        meet(OLD)
        meet(NEW)

        row = review_policies.activate(ReviewPolicy.objects.get(version=2).pk, by=mara)

        assert (row.status, rulebook.current().active[0].rules) == ("active", NEW)

    def test_proposes_that_nothing_is_asked_any_more(self):
        meet(OLD)

        assert meet(()) is True
        assert ReviewPolicy.objects.get(version=2).rules == []


class TestBegin:
    def test_gives_a_fresh_install_its_starter_set_once(self):
        policy_defaults.begin()
        policy_defaults.begin()

        found = dict(ReviewPolicy.objects.values_list("slug", "status"))
        assert found == {"house-critical-tools": "active", "house-messages": "shadow"}
        assert book() == ["policy.activated", "policy.shadowed"]
        assert not any(row.read().unreadable for row in ReviewPolicy.objects.all())

    def test_changes_nothing_where_calls_were_judged_before(self):
        factories.question()

        policy_defaults.begin()

        assert not ReviewPolicy.objects.exists()
        assert PolicyMark.objects.get().begun_at is not None

    def test_does_not_bring_back_what_a_person_has_retired(self, mara, admin):
        policy_defaults.begin()
        row = ReviewPolicy.objects.get(slug="house-critical-tools")
        review_policies.retire(row.pk, by=mara)
        review_policies.retire(row.pk, by=admin)

        policy_defaults.begin()

        assert not ReviewPolicy.objects.active().exists()

    @pytest.mark.parametrize(
        ("tool", "ruling"),
        [
            ("transfer_funds", Ruling.ASKED),
            ("make-payment", Ruling.ASKED),
            ("Delete_User", Ruling.ASKED),
            ("drop", Ruling.ASKED),
            ("lookup_order", Ruling.LET_THROUGH),
            ("paypal_status", Ruling.LET_THROUGH),
            ("send_email", Ruling.LET_THROUGH),
            ("issue_refund", Ruling.LET_THROUGH),
        ],
    )
    def test_asks_about_money_and_deletions_by_the_name_of_the_tool(self, tool, ruling):
        policy_defaults.begin()

        said = rulebook.current().judge(Case(tool, "Clerk", {}), agent="any", author_asks=False)

        assert said.ruling == ruling

    def test_speaks_after_the_agents_own_policies(self):
        policy_defaults.begin()
        meet((Rule.from_dict({"tool": "pay", "ruling": "allow"}),))

        said = rulebook.current().judge(Case("pay", "Clerk", {}), agent="refunds", author_asks=False)

        assert (said.ruling, said.policy) == (Ruling.LET_THROUGH, "refunds")


class TestMeetAll:
    def test_meets_every_agent_that_this_process_knows(self):
        factories.card("refunds", review=({"tool": "pay", "when": "amount > 200"},))

        policy_defaults.meet_all()

        assert ReviewPolicy.objects.filter(slug="refunds", status=PolicyStatus.ACTIVE).exists()
        assert ReviewPolicy.objects.filter(slug="house-critical-tools").exists()
