"""The steps of a question: which of those due together are done, who hears of them, and what follows if nobody does."""

from collections import Counter

import pytest

from reviews.actions import holding, interventions
from reviews.models import Intervention, Notice, Timer
from reviews.states import NoticeKind
from tests import factories
from tests.reviews.actions.conftest import book
from tests.reviews.actions.time_travel import DAY, HOUR, MINUTE, NOON, ask, policy, results, step


@pytest.fixture(autouse=True)
def still(clock):
    """Nothing passes by itself."""


def told(kind):
    """Who was sent a message of that kind, in order."""
    owed = Notice.objects.filter(kind=kind, user__isnull=False).order_by("id")
    return list(owed.values_list("user__username", flat=True))


def came_of(question):
    """What came of each step that has had its moment."""
    return [(no, result) for kind, no, result in results(question) if kind == "step" and result != "waits"]


@pytest.fixture
def helper(db):
    return factories.user("helper")


class TestStepsDueTogether:
    def test_reach_the_level_below_where_the_highest_is_not_called_for(self, clock, alice, mara):
        steps = [step("30 min", "escalate", level=2), step("50 min", "escalate", level=3, only_if="unclaimed")]
        policy(expires_after="9h", steps=steps)
        question = ask()
        clock.stand_still(minutes=55)
        interventions.claim(question.pk, by=alice)
        clock.sweep()

        question.refresh_from_db()
        assert question.level == 2
        assert came_of(question) == [(1, "fired"), (2, "skipped")]

    def test_reach_the_level_below_where_nobody_is_at_the_highest(self, clock, alice, mara, admin):
        steps = [step("30 min", "escalate", level=2), step("50 min", "escalate", level=3, to="group:none")]
        policy(expires_after="9h", steps=steps)
        question = ask()
        clock.stand_still(minutes=55)
        clock.sweep()

        question.refresh_from_db()
        assert question.level == 2
        assert came_of(question) == [(1, "fired"), (2, "no_target")]
        assert told(NoticeKind.WATCHDOG) == ["admin"]  # who is missing at the top is missing all the same

    def test_pass_over_the_levels_below_one_that_was_reached(self, clock, alice, mara):
        policy(expires_after="9h", steps=[step("30 min", "escalate", level=2), step("50 min", "escalate", level=3)])
        question = ask()
        clock.stand_still(minutes=55)
        clock.sweep()

        question.refresh_from_db()
        assert question.level == 3
        assert came_of(question) == [(1, "collapsed"), (2, "fired")]

    def test_are_done_once_whatever_their_repetitions(self, clock, alice, mara):
        policy(expires_after="9h", steps=[step("10 min", "raise_priority")], repeat=3)
        question = ask()
        clock.stand_still(minutes=55)
        clock.sweep()

        question.refresh_from_db()
        assert question.priority == 1
        assert Counter(result for _, result in came_of(question)) == {"fired": 1, "collapsed": 3}

    def test_tell_nobody_twice_whatever_the_message_is(self, clock, alice, mara, helper):
        steps = [
            step("10 min", "notify", to=["managers", "user:helper"]),
            step("20 min", "escalate", level=2, to=["managers", "user:helper"]),
            step("30 min", "add_reviewers", to="user:helper"),
            step("40 min", "remind"),
        ]
        policy(respond_within="1h", expires_after="9h", steps=steps)
        ask()
        clock.stand_still(hours=2)
        clock.sweep()

        heard = Notice.objects.filter(user__isnull=False).values_list("user__username", "channel")
        assert max(Counter(heard).values()) == 1
        assert {name for name, _ in heard} == {"alice", "helper", "mara"}

    def test_count_only_who_was_given_it_as_having_heard(self, clock, alice, bob, mara):
        policy(
            expires_after="9h",
            steps=[step("10 min", "reassign", to="reviewers"), step("20 min", "notify", to="reviewers")],
        )
        question = ask()
        clock.stand_still(minutes=25)
        clock.sweep()

        question.refresh_from_db()
        others = {"alice", "bob", "mara"} - {question.assignee.username}
        assert told(NoticeKind.ASSIGNED) == [question.assignee.username]
        assert set(told(NoticeKind.REMINDER)) == others


class TestNobodyThere:
    def test_is_not_hidden_by_a_reminder_that_somebody_got(self, clock, alice, admin):
        policy(expires_after="9h", steps=[step("50%", "remind"), step("50%", "escalate", level=2)])
        question = ask()
        clock.pass_by(minutes=31)

        assert came_of(question) == [(1, "fired"), (2, "no_target")]
        assert told(NoticeKind.WATCHDOG) == ["admin"]

    def test_brings_the_next_step_forward_also_beside_a_reminder(self, clock, alice, admin, helper):
        steps = [step("50%", "remind"), step("50%", "escalate", level=2), step("3h", "add_reviewers", to="user:helper")]
        policy(expires_after="9h", steps=steps)
        question = ask()
        clock.pass_by(minutes=31)

        assert came_of(question) == [(1, "fired"), (2, "no_target"), (3, "fired")]
        assert told(NoticeKind.WATCHDOG) == []

    def test_asks_for_nothing_more_where_a_later_step_of_the_round_called_somebody_in(
        self, clock, alice, admin, helper
    ):
        steps = [step("10 min", "escalate", level=2), step("20 min", "add_reviewers", to="user:helper")]
        policy(expires_after="9h", steps=steps)
        question = ask()
        clock.stand_still(minutes=25)
        clock.sweep()

        assert came_of(question) == [(1, "no_target"), (2, "fired")]
        assert told(NoticeKind.WATCHDOG) == []

    def test_leaves_a_step_that_is_not_called_for_yet_its_own_moment(self, clock, alice, mara, admin):
        steps = [step("10 min", "notify", to="group:none"), step("1h", "escalate", level=2, only_if="unclaimed")]
        policy(respond_within="2h", expires_after="9h", steps=steps)
        question = ask()
        interventions.claim(question.pk, by=alice)
        clock.pass_by(minutes=11)
        assert came_of(question) == [(1, "no_target")]

        interventions.release(question.pk, by=alice)
        clock.pass_by(minutes=50)
        question.refresh_from_db()
        assert question.level == 2

    def test_moves_no_step_that_a_claim_holds_up(self, clock, alice, mara, admin):
        steps = [step("10 min", "notify", to="group:none"), step("4h", "escalate", level=2)]
        policy(respond_within="5h", expires_after="9h", claim_pauses=True, steps=steps)
        question = ask()
        clock.pass_by(minutes=9)
        interventions.claim(question.pk, by=alice)
        clock.pass_by(minutes=2)

        assert question.timers.get(step_no=2).due_at == NOON + 4 * HOUR
        assert told(NoticeKind.WATCHDOG) == ["admin"]

    def test_leaves_what_reaches_nobody_new_and_what_reaches_nobody_at_all_for_later(self, clock, alice, admin):
        steps = [
            step("50%", "remind"),
            step("50%", "escalate", level=2),
            step("80%", "remind"),
            step("90%", "raise_priority"),
        ]
        policy(expires_after="9h", steps=steps)
        question = ask()
        clock.pass_by(minutes=31)
        assert came_of(question) == [(1, "fired"), (2, "no_target")]

        clock.pass_by(minutes=25)
        assert came_of(question)[2:] == [(3, "fired"), (4, "fired")]
        assert told(NoticeKind.REMINDER) == ["alice", "alice"]


class TestAClaimThatPauses:
    @pytest.fixture
    def question(self, alice, mara):
        policy(expires_after="9h", steps=[step("10 min", "escalate", level=2)], claim_pauses=True)
        return ask()

    def test_made_again_and_again_holds_the_step_up_no_longer_than_the_first(self, clock, question, alice):
        interventions.claim(question.pk, by=alice)
        clock.pass_by(minutes=12)
        interventions.release(question.pk, by=alice)
        interventions.claim(question.pk, by=alice)
        clock.pass_by(minutes=4)

        question.refresh_from_db()
        assert (question.level, question.claimed_by) == (2, alice)

    def test_and_is_renewed_goes_on_holding_it_up(self, clock, question, alice):
        interventions.claim(question.pk, by=alice)
        clock.pass_by(minutes=14)
        holding.renew(question.pk, by=alice)
        clock.pass_by(minutes=10)
        question.refresh_from_db()
        assert question.level == 0

        clock.pass_by(minutes=5)
        question.refresh_from_db()
        assert question.level == 2

    def test_made_after_the_step_should_have_come_holds_nothing_up(self, clock, question, alice):
        clock.stand_still(minutes=11)
        interventions.claim(question.pk, by=alice)
        clock.sweep()

        question.refresh_from_db()
        assert question.level == 2


class TestTellLate:
    def test_is_heard_a_second_time_where_it_is_late_a_second_time(self, clock, alice, mara):
        policy(respond_within="1h", expires_after="9h")
        question = ask()
        clock.pass_by(minutes=61)
        first = told(NoticeKind.OVERDUE)
        holding.extend(question.pk, seconds=3600, reason="The bank is closed.", by=alice)
        clock.pass_by(minutes=61)

        assert book().count("intervention.overdue") == 2
        assert told(NoticeKind.OVERDUE) == first + first != []

    def test_says_nothing_to_who_has_just_heard_of_a_step(self, clock, alice, mara):
        policy(respond_within="1h", expires_after="9h", steps=[step("100%", "escalate", level=2)])
        ask()
        clock.pass_by(hours=1)

        assert (told(NoticeKind.ESCALATED), told(NoticeKind.OVERDUE)) == (["mara"], ["alice"])
        assert Intervention.objects.get().overdue

    def test_goes_on_where_the_steps_of_a_question_cannot_be_read(self, clock, alice, mara):
        policy(respond_within="1h", expires_after="9h")
        question = ask()
        Intervention.objects.filter(pk=question.pk).update(policy={"time": {"body": {"clock": "sundial"}}})
        clock.pass_by(minutes=61)

        assert "alice" in told(NoticeKind.OVERDUE)


class TestOneThatWaitsForEver:
    @pytest.mark.parametrize("expires_after", [None, "2h"])
    def test_can_be_given_more_time_and_its_later_steps_still_come(self, clock, alice, mara, expires_after):
        policy(expires_after=expires_after, steps=[], final={"do": "keep_waiting"})
        question = ask()
        clock.pass_by(minutes=121)
        holding.extend(question.pk, seconds=2 * 3600, reason="It takes longer.", by=alice)
        clock.pass_by(hours=3)

        assert book().count("intervention.overdue") == 2
        assert not Timer.objects.due(clock.now).exists()
        assert question.timers.waiting().get().kind == "nag"

    def test_is_told_of_each_week_and_no_oftener(self, clock, alice, mara):
        policy(expires_after=None, final={"do": "keep_waiting"})
        question = ask()
        clock.pass_by(minutes=61)
        holding.extend(question.pk, seconds=3600, reason="It takes longer.", by=alice)
        clock.pass_by(hours=3)
        before = len(told(NoticeKind.OVERDUE))
        for _ in range(3):
            clock.stand_still(days=7)
            clock.sweep()

        assert len(told(NoticeKind.OVERDUE)) == before + 3 * 2  # alice and mara
        assert sorted(question.timers.filter(kind="nag").values_list("repeat_no", flat=True)) == [1, 2, 3, 4]
        assert question.timers.waiting().get().due_at > clock.now + 7 * DAY - MINUTE
