"""The moments of a question: frozen and made with it, moved with it, cancelled with it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviews.actions import gates, interventions, runs, timers
from reviews.businesstime import DAYS
from reviews.models import AuditEntry, Calendar, EscalationPolicy, Intervention, Timer
from reviews.states import Kind, Risk, Verdict
from tests import factories
from tests.reviews.actions.conftest import book
from tests.reviews.actions.time_travel import DAY, HOUR, MINUTE, NOON, ask, final_of, policy, results, step
from tests.reviews.test_businesstime import CALENDARS, MOMENTS

WAITS = {"do": "keep_waiting"}


@pytest.fixture(autouse=True)
def still(clock):
    """Nothing passes by itself."""


class TestSchedule:
    def test_makes_a_row_for_each_moment_to_come(self):
        policy(steps=[step("30 min", "remind"), step("1h", "escalate", level=2)])
        question = ask()

        rows = Timer.objects.order_by("due_at", "kind").values_list("kind", "step_no", "due_at")
        assert list(rows) == [
            ("step", 1, NOON + HOUR / 2),
            ("due", 0, NOON + HOUR),
            ("step", 2, NOON + HOUR),
            ("expire", 0, NOON + 4 * HOUR),
        ]
        assert (question.due_at, question.expires_at) == (NOON + HOUR, NOON + 4 * HOUR)

    def test_takes_the_policy_of_the_risk_where_none_is_named(self):
        question = factories.question(judgement={"risk": Risk.HIGH, "due_in": 3600})

        assert (question.due_at, question.expires_at) == (NOON + HOUR, NOON + DAY)
        assert Timer.objects.filter(kind="step").count() == 5

    def test_means_the_time_of_a_rule_by_the_wall(self):
        question = factories.question(judgement={"risk": Risk.LOW, "due_in": 60})

        assert question.due_at == NOON + MINUTE

    def test_counts_business_hours_in_the_calendar_of_the_policy(self, clock):
        Calendar.objects.create(
            slug="tokyo", zone="Asia/Tokyo", hours={day: [["09:00", "17:00"]] for day in DAYS[:5]}, created_at=clock.now
        )
        policy(clock="business", calendar="tokyo", respond_within="1h", expires_after="3 days")

        assert ask().due_at == datetime(2026, 6, 4, 1, tzinfo=UTC)  # ten in the morning there

    def test_counts_in_the_newest_version_of_the_office_where_none_is_named(self, clock):
        for version, opens in ((1, "09:00"), (2, "15:00")):
            hours = {day: [[opens, "17:00"]] for day in DAYS}
            Calendar.objects.create(slug="office", version=version, zone="UTC", hours=hours, created_at=clock.now)
        policy(clock="business", respond_within="1h", expires_after="3 days")

        assert ask().due_at == NOON + 4 * HOUR
        assert factories.question(judgement={"due_in": 4 * 3600}).due_at == NOON + DAY + 5 * HOUR

    def test_keeps_its_own_version_while_the_policy_goes_on(self):
        policy(steps=[step("30 min", "remind")])
        old = ask()
        policy(version=2, respond_within="2h", final={"do": "fail_run"})
        new = ask()

        old.refresh_from_db()
        assert (old.policy["time"]["version"], new.policy["time"]["version"]) == (1, 2)
        assert (final_of(old).do, final_of(new).do) == ("reject", "fail_run")
        assert (old.due_at, new.due_at) == (NOON + HOUR, NOON + 2 * HOUR)

    @pytest.mark.parametrize("body", [None, {"clock": "sundial"}])
    def test_falls_back_to_the_risk_and_says_so_where_a_policy_cannot_be_used(self, body):
        if body is not None:
            EscalationPolicy.objects.create(slug="test", body=body, created_at=NOON)
        question = ask(judgement={"risk": Risk.HIGH, "due_in": 3600})

        assert question.expires_at == NOON + DAY
        assert book()[-1] == "escalation.replaced"

    @pytest.mark.parametrize(
        ("final", "changes", "expected"),
        [
            ("approve", {"judgement": {"risk": Risk.LOW}}, "approve"),
            ("approve", {"judgement": {"risk": Risk.MEDIUM}}, "reject"),
            ("approve", {"judgement": {"risk": Risk.LOW, "approvals": 2}}, "reject"),
            ("approve", {"judgement": {"risk": Risk.LOW}, "kind": Kind.QUESTION}, "reject"),
            ("continue_with_default", {"judgement": {"risk": Risk.LOW}}, "continue_with_default"),
            ("continue_with_default", {"judgement": {"risk": Risk.HIGH}}, "reject"),
            (
                "continue_with_default",  # the call runs at the model provider: nobody can give its output
                {"judgement": {"risk": Risk.LOW, "verdicts": (Verdict.APPROVE, Verdict.REJECT)}},
                "reject",
            ),
            ("fail_run", {"judgement": {"risk": Risk.LOW}}, "fail_run"),
        ],
    )
    def test_rejects_where_the_end_it_names_is_not_allowed(self, alice, bob, final, changes, expected):
        said = {"do": final} | ({"value": "none"} if final == "continue_with_default" else {})
        policy(final=said, written_by=alice, enabled_by=bob)

        assert final_of(ask(**changes)).do == expected

    def test_lets_silence_approve_only_where_two_people_said_so(self, alice):
        policy(final={"do": "approve"}, written_by=alice)

        assert final_of(ask(judgement={"risk": Risk.LOW})).do == "reject"

    def test_refuses_one_person_as_both_of_the_two(self, alice):
        with pytest.raises(IntegrityError), transaction.atomic():
            policy(final={"do": "approve"}, written_by=alice, enabled_by=alice)

    def test_leaves_out_what_would_come_when_the_time_is_over(self, clock):
        policy(clock="business", respond_within="30h", expires_after="1h")

        assert results(ask()) == [("expire", 0, "waits")]


class TestCancel:
    def test_stops_every_timer_with_the_decision(self, alice):
        policy(steps=[step("30 min", "remind")])
        question = ask()
        interventions.decide(question.pk, by=alice, verdict=Verdict.APPROVE)

        assert {result for _, _, result in results(question)} == {"cancelled"}

    def test_stops_every_timer_with_the_run(self, mara):
        policy(steps=[step("30 min", "remind")])
        question = ask()
        runs.stop(question.run_id, by=mara)

        assert {result for _, _, result in results(question)} == {"cancelled"}

    def test_spares_the_timers_of_other_questions(self, alice):
        policy()
        run = factories.leased()
        asked = [factories.proposal(judgement={"escalation": "test"}) for _ in range(2)]
        gates.park(run, factories.state(), asked)
        first, second = Intervention.objects.order_by("created_at", "id")
        interventions.decide(first.pk, by=alice, verdict=Verdict.APPROVE)

        assert {result for _, _, result in results(second)} == {"waits"}


class TestReschedule:
    @pytest.fixture
    def question(self):
        policy(steps=[step("30 min", "remind"), step("3h", "escalate", level=2)])
        return ask()

    def test_moves_the_answer_and_the_steps_and_never_the_end(self, question, clock):
        timers.reschedule(question, clock.now, later=1800)

        assert (question.due_at, question.expires_at) == (NOON + 1.5 * HOUR, NOON + 4 * HOUR)
        assert list(Timer.objects.order_by("due_at", "kind").values_list("kind", "due_at")) == [
            ("step", NOON + HOUR),
            ("due", NOON + 1.5 * HOUR),
            ("step", NOON + 3.5 * HOUR),
            ("expire", NOON + 4 * HOUR),
        ]

    def test_lets_nothing_come_after_the_end(self, question, clock):
        timers.reschedule(question, clock.now, later=3 * 3600)

        assert question.due_at == question.expires_at
        assert ("step", 2, "cancelled") in results(question)

    def test_counts_a_pause_on_the_clock_of_the_question(self, clock):
        policy("paused", clock="business", respond_within="4h", expires_after="5 days")
        question = ask(judgement={"escalation": "paused"})
        since = clock.now + HOUR
        clock.stand_still(days=1)  # from Wednesday 13:00 to Thursday 12:00, seven hours of business
        timers.reschedule(question, clock.now, since=since)

        assert question.due_at == datetime(2026, 6, 4, 15, tzinfo=UTC)

    def test_tells_again_of_an_answer_that_is_late_once_more(self, question, clock):
        clock.pass_by(hours=1, minutes=1)
        assert question.timers.get(kind="due").result == "fired"

        question.refresh_from_db()
        timers.reschedule(question, clock.now, later=3600)
        assert not question.overdue
        clock.pass_by(hours=1)

        question.refresh_from_db()
        assert question.overdue
        assert book().count("intervention.overdue") == 2

    @settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(CALENDARS, MOMENTS, st.lists(st.integers(60, 30 * 3600), min_size=1, max_size=3))
    def test_leaves_every_moment_where_it_would_be_had_it_all_begun_later(self, clock, calendar, opened, extensions):
        """However often it is put off: as if the policy had given more time, and never outside business hours."""
        with transaction.atomic():
            clock.now = opened
            row = Calendar.objects.create(slug="any", created_at=opened, **calendar.snapshot())
            said = {"clock": "business", "calendar": "any", "respond_within": "10h", "expires_after": None}
            made = policy("any", **said, steps=[step("50%", "remind"), step("20h", "remind")], final=WAITS)
            question = ask(judgement={"escalation": "any"})
            for seconds in extensions:
                timers.reschedule(question, clock.now, later=seconds)

            kept = sorted(question.timers.values_list("kind", "step_no", "due_at"))
            more = sum(extensions)
            hours = {("due", 0): 10, ("step", 1): 5, ("step", 2): 20}
            assert kept == [(*which, calendar.add(opened, at * 3600 + more)) for which, at in sorted(hours.items())]
            assert question.due_at == calendar.add(opened, 36_000 + more)
            assert all(calendar.is_open(at) for _, _, at in kept)
            question.run.interventions.all().delete()
            made.delete(), row.delete()

    def test_leaves_a_question_alone_that_was_not_put_off(self, question, clock):
        timers.reschedule(question, clock.now, later=0)

        assert question.due_at == NOON + HOUR


class TestClockOf:
    def test_reads_the_calendar_that_was_frozen(self, clock):
        row = Calendar.objects.create(
            slug="office", zone="UTC", hours={"wed": [["12:00", "13:00"]]}, created_at=clock.now
        )
        policy(clock="business", respond_within="1h", expires_after="30 days")
        question = ask()
        Calendar.objects.filter(pk=row.pk).delete()

        assert timers.clock_of(question).add(NOON, 7200) == NOON + timedelta(days=7, hours=1)

    def test_knows_questions_from_before_there_were_policies_of_time(self):
        old = Intervention(policy={}, risk=Risk.CRITICAL)

        assert timers.escalation_of(old).respond_within == 900


class TestOneTimerOfAMoment:
    def test_is_held_by_the_database(self):
        policy()
        question = ask()
        twin = question.timers.get(kind="due")
        twin.pk = None

        with pytest.raises(IntegrityError), transaction.atomic():
            twin.save(force_insert=True)

    def test_tells_the_book_nothing_beside_the_question(self):
        policy()
        before = AuditEntry.objects.count()
        ask()

        assert book()[before:] == ["run.submitted", "run.started", "run.checkpoint_saved", "intervention.opened"]
