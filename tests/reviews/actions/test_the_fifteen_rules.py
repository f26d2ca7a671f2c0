"""What holds whenever time acts on a question, rule by rule (docs/reference/escalation.md)."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from reviews import audit
from reviews.actions import adopting, firing, fleet, interventions, leases, silence, watchdog
from reviews.actions.errors import Conflict
from reviews.escalations import plan
from reviews.models import Absence, AuditEntry, Calendar, EscalationPolicy, Finding, Intervention, Notice, Timer
from reviews.models.finding import Alarm
from reviews.states import InterventionStatus, NoticeKind, Risk, RunStatus, Verdict
from tests import factories
from tests.reviews.actions.conftest import book
from tests.reviews.actions.time_travel import HOUR, MINUTE, NOON, ask, policy, results, step


@pytest.fixture(autouse=True)
def still(clock):
    """Nothing passes by itself."""


def told(kind):
    """Who was sent a message of that kind, in order."""
    owed = Notice.objects.filter(kind=kind, user__isnull=False).order_by("id")
    return list(owed.values_list("user__username", flat=True))


def open_alarms():
    """What the watchdog has found and not cleared."""
    return list(Finding.objects.open().order_by("kind", "subject").values_list("kind", "subject"))


def acts(action):
    """What the book says of each act of that name: the sort of actor, and its data."""
    return [(entry.actor_type, entry.data) for entry in AuditEntry.objects.filter(action=action).order_by("seq")]


class TestRule1AnswerFirst:
    def test_a_timer_does_nothing_to_a_question_that_was_answered_before_it_fired(self, clock, alice):
        policy(steps=[step("30 min", "remind")])
        question = ask()
        interventions.decide(question.pk, by=alice, verdict=Verdict.APPROVE)
        Timer.objects.update(cancelled_at=None)  # as if the answer had come between the list and the lock
        clock.pass_by(hours=5)

        question.refresh_from_db()
        assert [result for _, _, result in results(question)] == ["skipped", "cancelled", "cancelled"]
        assert (question.status, question.outcome) == ("decided", "approved")
        assert told(NoticeKind.REMINDER) == []


class TestRule2ExactlyOnce:
    def test_a_second_clock_finds_nothing_left_to_fire(self, clock, alice):
        policy(steps=[step("30 min", "remind")])
        ask()
        clock.stand_still(minutes=31)

        assert [clock.sweep(), clock.sweep()] == [1, 0]
        assert book().count("intervention.reminded") == 1
        assert told(NoticeKind.REMINDER) == ["alice"]

    def test_what_came_of_it_the_entry_and_the_messages_stand_or_fall_together(self, clock, alice, monkeypatch):
        policy(steps=[step("30 min", "remind")])
        question = ask()
        clock.stand_still(minutes=31)
        with monkeypatch.context() as broken:
            broken.setattr(audit, "record", lambda *acts: 1 / 0)
            assert clock.sweep() == 0

        assert told(NoticeKind.REMINDER) == []
        assert ("step", 1, "waits") in results(question)
        assert clock.sweep() == 1

    def test_one_question_that_cannot_be_dealt_with_does_not_hold_up_the_others(self, clock, alice):
        policy(steps=[step("30 min", "remind")])
        broken, sound = ask(), ask()
        Intervention.objects.filter(pk=broken.pk).update(policy={"time": {"body": {"clock": "sundial"}}})
        clock.stand_still(minutes=31)

        assert clock.sweep() == 1
        assert ("step", 1, "fired") in results(sound)
        assert ("step", 1, "waits") in results(broken)


class TestRule3CatchUp:
    @pytest.fixture
    def question(self, alice, mara):
        policy(
            respond_within="1h",
            expires_after="100 min",
            steps=[
                step("20 min", "remind"),
                step("30 min", "notify", to="reviewers"),
                step("40 min", "escalate", level=2),
                step("50 min", "escalate", level=3),
                step("1h", "remind"),
            ],
        )
        return ask()

    def test_after_two_hours_everybody_hears_of_it_once_and_it_stands_at_the_highest_level(self, clock, question):
        clock.stand_still(hours=2)
        clock.sweep()

        question.refresh_from_db()
        assert question.level == 3
        heard = Notice.objects.filter(user__isnull=False, channel="page").values_list("user__username", flat=True)
        assert sorted(heard) == ["alice", "mara"]  # of whatever kind
        assert question.overdue
        assert ("step", 3, "collapsed") in results(question)

    def test_nobody_is_robbed_of_their_time(self, clock, question):
        clock.stand_still(hours=2)
        clock.sweep()

        question.refresh_from_db()
        assert question.is_open
        assert question.expires_at == clock.now + 15 * MINUTE
        clock.pass_by(minutes=14)
        question.refresh_from_db()
        assert question.is_open
        clock.pass_by(minutes=1)
        question.refresh_from_db()
        assert question.status == InterventionStatus.EXPIRED

    def test_what_was_meant_when_is_kept(self, clock, question):
        clock.stand_still(hours=2)
        clock.sweep()

        meant = set(question.timers.values_list("kind", "intended_at"))
        assert ("expire", NOON + 100 * MINUTE) in meant
        assert ("step", NOON + 20 * MINUTE) in meant

    def test_nothing_fires_a_second_time_when_the_clock_is_back(self, clock, question):
        clock.stand_still(hours=2)
        clock.sweep()
        before = book()
        clock.pass_by(minutes=10)

        assert book() == before

    def test_the_grace_may_be_none(self, clock, question, settings):
        settings.FOUREYES_EXPIRY_GRACE = 0
        clock.stand_still(hours=2)
        clock.sweep()

        question.refresh_from_db()
        assert question.status == InterventionStatus.EXPIRED
        assert told(NoticeKind.REMINDER) == []

    def test_a_clock_that_works_takes_nobody_by_surprise_and_gives_no_grace(self, clock, question):
        clock.pass_by(minutes=101)

        question.refresh_from_db()
        assert question.decided_at == NOON + 100 * MINUTE
        assert "intervention.expiry_postponed" not in book()


class TestRule4NobodyThere:
    def test_where_a_step_finds_nobody_the_next_one_is_done_at_once(self, clock, alice, mara):
        policy(steps=[step("10 min", "notify", to="group:nobody"), step("50 min", "escalate", level=2)])
        question = ask()
        clock.pass_by(minutes=11)

        question.refresh_from_db()
        assert results(question)[:2] == [("step", 1, "no_target"), ("step", 2, "fired")]
        assert question.level == 2
        assert "escalation.no_target" in book()

    def test_after_the_last_step_the_admins_hear_of_it_and_the_end_stays_in_force(self, clock, admin):
        policy(steps=[step("10 min", "escalate", level=2), step("50 min", "remind")])
        question = ask()
        clock.pass_by(minutes=11)

        assert [result for _, _, result in results(question)[:2]] == ["no_target", "no_target"]
        assert told(NoticeKind.WATCHDOG) == ["admin"]
        clock.pass_by(hours=4)
        question.refresh_from_db()
        assert question.status == InterventionStatus.EXPIRED

    @pytest.mark.parametrize("why", ["gone", "barred"])
    def test_who_may_not_decide_does_not_count_as_there(self, clock, mara, why):
        policy(steps=[step("10 min", "notify", to="managers")])
        run = factories.leased(factories.run(by=mara))
        question = ask(on=run, judgement={"not_by": ("requester",) if why == "barred" else ()})
        if why == "gone":
            type(mara).objects.filter(pk=mara.pk).update(is_active=False)
        clock.pass_by(minutes=11)

        assert results(question)[0] == ("step", 1, "no_target")


class TestRule5EscalatingAdds:
    @pytest.fixture
    def helper(self, db):
        """Somebody without a seat in the queue."""
        return factories.user("helper")

    def test_who_was_called_in_may_decide_and_so_may_those_who_could_before(self, clock, alice, helper):
        policy(steps=[step("10 min", "escalate", level=2, to="user:helper")])
        questions = [ask(), ask()]
        clock.pass_by(minutes=11)

        for question, who in zip(questions, (alice, helper), strict=True):
            interventions.decide(question.pk, by=who, verdict=Verdict.APPROVE)

    def test_the_level_only_grows(self, clock, mara):
        policy(steps=[step("10 min", "escalate", level=2)], repeat=3)
        question = ask()
        Intervention.objects.update(level=5)
        clock.pass_by(minutes=41)

        question.refresh_from_db()
        assert question.level == 5

    def test_adding_reviewers_leaves_the_level_alone(self, clock, helper):
        policy(steps=[step("10 min", "add_reviewers", to="user:helper")])
        question = ask()
        clock.pass_by(minutes=11)

        question.refresh_from_db()
        assert question.level == 0
        assert book()[-1] == "intervention.reviewers_added"
        interventions.decide(question.pk, by=helper, verdict=Verdict.APPROVE)

    def test_reassigning_moves_it(self, clock, alice, bob):
        policy(steps=[step("10 min", "reassign", to="user:bob")])
        question = ask()
        interventions.claim(question.pk, by=alice)
        clock.pass_by(minutes=11)

        question.refresh_from_db()
        assert (question.assignee, question.claimed_by) == (bob, None)
        assert told(NoticeKind.ASSIGNED) == ["bob"]


class TestRule6ClaimLease:
    def test_a_claim_does_not_stop_the_escalation(self, clock, alice, mara):
        policy(steps=[step("10 min", "escalate", level=2)])
        question = ask()
        interventions.claim(question.pk, by=alice)
        clock.pass_by(minutes=11)

        question.refresh_from_db()
        assert question.level == 2

    def test_where_the_policy_says_so_it_waits_for_the_end_of_the_claim_and_no_longer(self, clock, alice, mara):
        policy(steps=[step("10 min", "escalate", level=2)], claim_pauses=True)
        question = ask()
        interventions.claim(question.pk, by=alice)
        clock.pass_by(minutes=14)
        question.refresh_from_db()
        assert question.level == 0
        clock.pass_by(minutes=1)

        question.refresh_from_db()
        assert question.level == 2
        assert question.timers.get(kind="step").intended_at == NOON + 10 * MINUTE

    def test_what_waits_for_a_claim_is_done_only_where_there_is_none(self, clock, alice, mara):
        policy(steps=[step("10 min", "notify", to="managers", only_if="unclaimed")])
        claimed, free = ask(), ask()
        interventions.claim(claimed.pk, by=alice)
        clock.pass_by(minutes=11)

        assert (results(claimed)[0], results(free)[0]) == (("step", 1, "skipped"), ("step", 1, "fired"))


class TestRule7StopOnDecision:
    def test_a_decision_cancels_the_timers_and_the_messages_not_sent_yet(self, clock, alice, bob):
        policy(steps=[step("10 min", "remind"), step("50 min", "remind")])
        question = ask()
        clock.pass_by(minutes=11)
        interventions.decide(question.pk, by=alice, verdict=Verdict.APPROVE)
        before = book()
        clock.pass_by(hours=5)

        assert [result for _, _, result in results(question)] == ["fired", "cancelled", "cancelled", "cancelled"]
        assert set(Notice.objects.values_list("status", flat=True)) == {"cancelled"}
        assert book() == before


class TestRule8QuorumAtExpiry:
    @pytest.mark.parametrize("final", [{"do": "reject"}, {"do": "approve"}])
    def test_some_of_the_approvals_never_approve(self, clock, alice, bob, final):
        policy(final=final, written_by=alice, enabled_by=bob)
        question = ask(judgement={"risk": 1, "approvals": 2})
        Intervention.objects.filter(pk=question.pk).update(votes=1)
        clock.pass_by(hours=4)

        question.refresh_from_db()
        assert (question.status, question.outcome) == ("expired", "")
        assert question.tool_call.status == "refused"

    def test_a_step_for_a_missing_approval_waits_for_the_first_one(self, clock, alice):
        policy(steps=[step("10 min", "remind", only_if="short_of_quorum")])
        none, one = (ask(judgement={"approvals": 2}) for _ in range(2))
        Intervention.objects.filter(pk=one.pk).update(votes=1)
        clock.pass_by(minutes=11)

        assert (results(none)[0], results(one)[0]) == (("step", 1, "skipped"), ("step", 1, "fired"))


class TestRule9LateDecision:
    @pytest.fixture
    def expired(self, clock):
        policy()
        question = ask()
        clock.pass_by(hours=4)
        return question

    def test_is_refused_with_what_really_happened(self, expired, alice):
        with pytest.raises(Conflict, match="Nobody decided this item within 4 hours.*rejected with a message"):
            interventions.decide(expired.pk, by=alice, verdict=Verdict.APPROVE)

    def test_is_kept_in_the_book_word_for_word(self, expired, alice):
        with pytest.raises(Conflict):
            interventions.decide(
                expired.pk, by=alice, verdict=Verdict.EDIT, note="Half of it", replacement={"amount": 10}
            )

        ((who, data),) = acts("decision.late")
        assert who == "user"
        assert '"note":"Half of it"' in data and '"replacement":{"amount":10}' in data and '"verdict":"edit"' in data
        assert '"status":"expired"' in data

    def test_after_a_colleague_counts_as_late_too(self, alice, bob):
        policy()
        question = ask()
        interventions.decide(question.pk, by=alice, verdict=Verdict.REJECT)
        with pytest.raises(Conflict, match="alice rejected"):
            interventions.decide(question.pk, by=bob, verdict=Verdict.APPROVE)

        assert book()[-1] == "decision.late"

    def test_of_somebody_without_a_seat_leaves_no_trace(self, expired, charlie):
        before = book()
        with pytest.raises(Exception, match="charlie"):
            interventions.decide(expired.pk, by=charlie, verdict=Verdict.APPROVE)

        assert book() == before

    def test_bounds_what_it_keeps(self, expired, alice):
        deep = []
        for _ in range(100):
            deep = [deep]
        with pytest.raises(Conflict):
            interventions.decide(expired.pk, by=alice, verdict=Verdict.EDIT, note="x" * 30_000, replacement=deep)

        ((_, data),) = acts("decision.late")
        assert "(nested too deeply)" in data and len(data) < 25_000


class TestRule10Repeat:
    def test_the_steps_come_again_as_often_as_the_policy_says_and_no_more(self, clock, alice):
        policy(steps=[step("10 min", "remind"), step("20 min", "escalate", level=2)], repeat=2)
        ask()
        clock.pass_by(hours=3)

        assert book().count("intervention.reminded") == 3
        assert Timer.objects.filter(kind="step").count() == 6

    def test_each_repetition_is_a_row_of_its_own(self, clock, alice):
        policy(steps=[step("10 min", "remind")], repeat=5)
        ask()

        assert list(Timer.objects.filter(kind="step").order_by("due_at").values_list("repeat_no", "due_at")) == [
            (again, NOON + (again + 1) * 10 * MINUTE) for again in range(6)
        ]


class TestRule11UndeliveredIsNotUndecided:
    @pytest.fixture
    def decided(self, clock, alice):
        policy()
        question = ask()
        interventions.decide(question.pk, by=alice, verdict=Verdict.APPROVE)
        return question

    def test_a_verdict_the_agent_has_not_heard_yet_is_sent_again_and_never_opened_again(self, clock, decided, heard):
        clock.stand_still(hours=5)
        firing.fire_due(clock.now)

        assert leases.announce_waiting() == 1
        decided.refresh_from_db()
        assert (decided.status, decided.run.status) == ("decided", RunStatus.QUEUED)

    def test_it_is_sent_again_at_a_distance_and_not_in_every_round(self, clock, decided):
        sent = []
        for _ in range(24):  # two minutes of rounds
            clock.stand_still(seconds=5)
            sent.append(leases.announce_waiting())

        assert sum(sent) == 4
        assert all(sent[nth] + sent[nth + 1] < 2 for nth in range(23))

    def test_workers_that_die_on_it_are_counted_and_the_question_stays_decided(self, clock, decided):
        for _ in range(leases.MAX_LOSSES):
            assert leases.take(decided.run_id, worker="one that dies")
            clock.stand_still(minutes=5)
            assert leases.reclaim_lost() == 1

        decided.refresh_from_db()
        assert (decided.status, decided.outcome) == ("decided", "approved")
        assert (decided.run.status, decided.run.error_code) == (RunStatus.FAILED, "workers_lost")
        assert not decided.timers.waiting().exists()

    def test_it_has_an_alarm_of_its_own_that_ends_with_the_delivery(self, clock, decided, admin):
        clock.stand_still(minutes=6)
        run = decided.run
        fleet.announce("waits", 1, fleet.Abilities({run.agent: "1"}, frozenset({factories.STATE_SCHEMA})))
        watchdog.go_round()
        assert open_alarms() == [(Alarm.STUCK_RUN, f"run:{decided.run_id}")]
        assert told(NoticeKind.WATCHDOG) == ["admin"]

        assert leases.take(decided.run_id, worker="waits")
        watchdog.go_round()
        assert open_alarms() == []


class TestRule12Watchdog:
    def test_each_open_question_has_a_moment_to_come_until_it_is_closed(self, clock, alice, mara):
        policy(steps=[step("10 min", "remind")], final={"do": "keep_waiting"})
        question = ask()
        for _ in range(40):
            clock.pass_by(hours=6)
            assert question.timers.waiting().filter(due_at__gt=clock.now).exists()

        interventions.decide(question.pk, by=alice, verdict=Verdict.APPROVE)
        assert not question.timers.waiting().exists()

    def test_a_question_without_a_moment_to_come_is_found_and_healed(self, clock, alice, admin):
        policy()
        question = ask()
        question.timers.all().delete()
        watchdog.go_round()
        assert open_alarms() == [(Alarm.NO_TIMER, f"intervention:{question.pk}")]
        assert told(NoticeKind.WATCHDOG) == ["admin"]

        adopting.adopt()
        watchdog.go_round()
        assert open_alarms() == []

    def test_a_timer_that_should_have_fired_is_found_after_two_minutes_and_not_before(self, clock, alice, admin):
        policy(steps=[step("30 min", "remind")])
        question = ask()
        clock.stand_still(minutes=31, seconds=59)
        watchdog.go_round()
        assert open_alarms() == []
        clock.stand_still(seconds=2)
        watchdog.go_round()
        assert open_alarms() == [(Alarm.LATE_TIMER, f"intervention:{question.pk}")]

        clock.sweep()
        watchdog.go_round()
        assert open_alarms() == []


class TestRule13Zones:
    def test_a_step_over_the_change_of_clocks_comes_at_the_wall_time_of_its_calendar(self, clock, alice):
        week = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
        Calendar.objects.create(
            slug="berlin", zone="Europe/Berlin", hours=week, holidays=["2026-10-26"], created_at=clock.now
        )
        policy(clock="business", calendar="berlin", respond_within="2h", expires_after="5 days")
        clock.now = datetime(2026, 10, 23, 14, tzinfo=UTC)  # Friday, four in the afternoon in summer time

        assert ask().due_at == datetime(2026, 10, 27, 9, tzinfo=UTC)  # Tuesday at ten, in winter time


class TestRule14Fairness:
    @pytest.fixture
    def away(self, alice, bob, mara):
        """Three people, of whom one is away."""
        Absence.objects.create(user=mara, starts_at=NOON - HOUR, ends_at=NOON + 10 * HOUR, set_by=mara, created_at=NOON)
        policy(steps=[step("10 min", "reassign", to="reviewers")])
        return mara

    def given(self, clock, number):
        """Who is given each of so many questions, one after the other."""
        names = []
        for _ in range(number):
            question = ask()
            clock.stand_still(minutes=11)
            clock.sweep()
            question.refresh_from_db()
            names.append(question.assignee.username)
        return names

    def test_reassigning_takes_the_least_loaded_and_passes_over_who_is_away(self, clock, away, bob):
        for _ in range(2):
            interventions.claim(factories.question().pk, by=bob)

        assert self.given(clock, 4)[:2] == ["alice", "alice"]
        assert away.username not in self.given(clock, 2)

    def test_among_equals_it_takes_turns_and_remembers_who_was_last(self, clock, away):
        names = []
        for _ in range(4):
            names += self.given(clock, 1)
            Intervention.objects.update(assignee=None)  # nobody has any more than another

        assert names in (["alice", "bob"] * 2, ["bob", "alice"] * 2)

    def test_questions_of_one_round_are_shared_out(self, clock, away):
        questions = [ask() for _ in range(4)]
        clock.pass_by(minutes=11)

        whose = Intervention.objects.filter(pk__in=[one.pk for one in questions])
        assert sorted(whose.values_list("assignee__username", flat=True)) == ["alice", "alice", "bob", "bob"]


class TestSilenceApprovesByTwo:
    @pytest.mark.parametrize(
        ("first", "second", "allowed"), [("alice", "bob", True), ("alice", None, False), (None, None, False)]
    )
    def test_only_where_one_wrote_it_and_another_enabled_it(self, request, clock, first, second, allowed):
        people = {"written_by": first, "enabled_by": second}
        policy(
            final={"do": "approve"},
            **{role: name and request.getfixturevalue(name) for role, name in people.items()},
        )
        question = ask(judgement={"risk": Risk.LOW})
        clock.pass_by(hours=4)

        question.refresh_from_db()
        assert question.tool_call.status == ("approved" if allowed else "refused")

    @pytest.mark.parametrize("first", [None, "mara"])
    def test_one_person_alone_can_neither_enable_it_nor_store_that_they_did(self, request, clock, mara, first):
        row = policy(final={"do": "approve"}, written_by=first and request.getfixturevalue(first))
        with pytest.raises(Conflict):
            silence.enable(row.pk, by=mara)
        with pytest.raises(IntegrityError), transaction.atomic():
            EscalationPolicy.objects.update(enabled_by=mara)

        question = ask(judgement={"risk": Risk.LOW})
        clock.pass_by(hours=4)
        question.refresh_from_db()
        assert question.tool_call.status == "refused"


class TestRule15Preview:
    def test_shows_the_very_moments_that_the_rows_will_have(self, clock):
        steps = [step("50%", "remind"), step("1h", "escalate", level=2)]
        made = policy(steps=steps, clock="business", repeat=1, expires_after="4 days")
        question = ask()

        dated = {(one.kind, one.step_no, one.repeat_no, one.at) for one in plan(made.body, None, NOON, question.risk)}
        assert dated == set(question.timers.values_list("kind", "step_no", "repeat_no", "due_at"))
