"""What the watchdog asserts, each on a desk that is well and on one that is not."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reviews import audit
from reviews.actions import assertions, fleet, interventions, notices, outbox
from reviews.actions.assertions import book, fault, questions
from reviews.actions.fleet import Abilities
from reviews.actors import SYSTEM
from reviews.audit import Act, triggers
from reviews.models import AuditEntry, AuditHead, Intervention, Notice, Run, Timer, Worker
from reviews.models.finding import Alarm
from reviews.states import NoticeKind, NoticeStatus, Verdict
from tests import factories

pytestmark = pytest.mark.django_db


def found(*known):
    return assertions.faults(timezone.now(), known)


def subjects(kind, *known):
    return [one.subject for one in found(*((kind, subject) for subject in known)) if one.kind == kind]


def announce(name="worker-1", *, places=4, agents=None, schemas=(factories.STATE_SCHEMA,)):
    fleet.announce(name, places, Abilities(agents or {factories.AGENT: "1"}, frozenset(schemas), schemas[0], "0.24.0"))


def age(run, **span):
    Run.objects.filter(pk=run.pk).update(queued_at=timezone.now() - timedelta(**span))
    return run


def write(number):
    with transaction.atomic():
        audit.record(*(Act("a.b", SYSTEM, data={"number": nth}) for nth in range(number)))


class TestAll:
    def test_hold_on_an_empty_desk(self):
        assert found() == []

    def test_hold_on_a_desk_at_work(self, alice):
        announce()
        factories.run(by=alice)
        factories.leased()

        assert found() == []

    def test_cost_the_same_however_much_there_is(self):
        announce()
        costs = []
        for _ in range(2):
            for _ in range(8):
                age(factories.run(), minutes=9)
            with CaptureQueriesContext(connection) as queries:
                found()
            costs.append(len(queries))

        assert costs[0] == costs[1] <= 16


class TestStuckRuns:
    def test_are_those_that_a_worker_with_room_has_left_lying(self):
        announce()
        run = age(factories.run(), minutes=6)

        [one] = found()

        assert (one.kind, one.subject) == (Alarm.STUCK_RUN, f"run:{run.pk}")
        assert "Queued since" in one.said

    def test_are_not_those_queued_a_moment_ago(self):
        announce()
        age(factories.run(), minutes=4)

        assert found() == []

    def test_are_not_those_for_which_no_worker_is_up(self):
        age(factories.run(), minutes=60)
        assert found() == []

        announce()
        Worker.objects.update(seen_at=timezone.now() - timedelta(minutes=5))
        assert found() == []

    def test_are_not_those_that_no_worker_knows(self):
        announce(agents={"another": "1"})
        age(factories.run(), minutes=60)

        assert found() == []

    def test_are_not_those_whose_state_no_worker_reads(self, alice):
        run = factories.leased()
        factories.question(run)
        Run.objects.filter(pk=run.pk).update(status="queued")
        age(run, minutes=60)
        announce(schemas=("0.1",))
        assert found() == []

        announce()
        assert subjects(Alarm.STUCK_RUN) == [f"run:{run.pk}"]

    def test_are_not_those_that_wait_behind_others(self):
        announce(places=2)
        for _ in range(2):
            factories.leased()
        age(factories.run(), minutes=60)

        assert found() == []

    def test_are_found_where_one_of_two_sorts_of_workers_has_room(self):
        announce("busy", places=1)
        factories.leased(worker="busy")
        announce("idle", places=1, agents={"other": "1"})
        age(factories.run(), minutes=60)
        assert found() == []

        run = age(factories.run(agent="other"), minutes=60)
        assert subjects(Alarm.STUCK_RUN) == [f"run:{run.pk}"]

    def test_are_named_up_to_a_limit_longest_first(self, monkeypatch):
        monkeypatch.setattr(fault, "LIMIT", 2)
        announce()
        runs = [age(factories.run(), minutes=minutes) for minutes in (10, 30, 20)]

        assert set(subjects(Alarm.STUCK_RUN)) == {f"run:{runs[1].pk}", f"run:{runs[2].pk}"}

    def test_stay_found_although_others_come_before_them(self, monkeypatch):
        monkeypatch.setattr(fault, "LIMIT", 2)
        announce()
        known = age(factories.run(), minutes=10)
        oldest = age(factories.run(), minutes=40)
        age(factories.run(), minutes=30)

        assert set(subjects(Alarm.STUCK_RUN, f"run:{known.pk}")) == {f"run:{known.pk}", f"run:{oldest.pk}"}


class TestLostLeases:
    def lose(self, **span):
        run = factories.leased()
        Run.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(**span))
        return run

    def test_are_those_that_no_sweep_has_taken_back(self):
        run = self.lose(minutes=3)

        [one] = found()

        assert (one.kind, one.subject) == (Alarm.LOST_LEASE, f"run:{run.pk}")
        assert "worker-1 fell silent" in one.said

    def test_are_not_those_that_the_next_sweep_takes_back(self):
        self.lose(seconds=30)

        assert found() == []


class TestBrokenBook:
    @pytest.fixture(autouse=True)
    def open_book(self):
        """Ten entries, which somebody with the database's own rights can alter."""
        write(10)
        triggers.drop(connection)

    def test_holds_as_it_was_written(self):
        assert found() == []

    def test_is_found_where_an_entry_was_altered(self):
        AuditEntry.objects.filter(seq=7).update(actor="mallory")

        [one] = found()

        assert (one.kind, one.subject) == (Alarm.BROKEN_BOOK, "entry:7")
        assert one.said == "The text of entry 7 (a.b) was altered"

    def test_is_found_where_the_end_was_cut_off(self):
        AuditEntry.objects.filter(seq__gt=8).delete()

        assert subjects(Alarm.BROKEN_BOOK) == ["entry:9"]

    def test_is_read_from_its_end_only(self, monkeypatch):
        monkeypatch.setattr(book, "NEWEST", 5)
        AuditEntry.objects.filter(seq=2).update(actor="mallory")

        assert found() == []

    def test_does_not_heal_by_growing(self, monkeypatch):
        monkeypatch.setattr(book, "NEWEST", 5)
        AuditEntry.objects.filter(seq=7).update(actor="mallory")
        assert subjects(Alarm.BROKEN_BOOK) == ["entry:7"]
        write(20)

        assert subjects(Alarm.BROKEN_BOOK) == []
        assert subjects(Alarm.BROKEN_BOOK, "entry:7") == ["entry:7"]

    def test_is_in_order_again_once_the_old_text_is_back(self):
        AuditEntry.objects.filter(seq=7).update(actor="mallory")
        AuditEntry.objects.filter(seq=7).update(actor="system")

        assert subjects(Alarm.BROKEN_BOOK, "entry:7") == []

    def test_is_found_where_its_head_was_set_back(self):
        AuditHead.objects.update(seq=5)

        assert subjects(Alarm.BROKEN_BOOK)


class TestDeadNotices:
    def owe(self, admin, **changes):
        with transaction.atomic():
            notices.owe(None, NoticeKind.WATCHDOG, [admin], key="a", says="Something is wrong.")
        Notice.objects.update(**{"status": NoticeStatus.DEAD} | changes)

    def test_are_one_finding_whose_sentence_names_no_recipient(self, admin):
        self.owe(admin)

        [one] = found()

        assert (one.kind, one.subject) == (Alarm.DEAD_NOTICE, "notices:dead")
        assert "Alarm of the desk" in one.said
        assert "admin" not in one.said

    def test_are_not_those_that_are_tried_again(self, admin):
        self.owe(admin, status=NoticeStatus.FAILED)

        assert found() == []

    def test_are_forgotten_after_a_day(self, admin):
        self.owe(admin, next_at=timezone.now() - timedelta(hours=25))

        assert found() == []

    def test_count_from_when_they_were_given_up_however_long_they_were_owed(self, alice, settings):
        """A digest of a day is a day old before it is tried for the first time."""
        settings.FOUREYES_SMTP = {**settings.FOUREYES_SMTP, "host": "mail.example.org"}
        alice.email = "alice@example.org"
        alice.save()
        notices.owe(factories.question(), NoticeKind.REMINDER, [alice], key="k")
        begun = timezone.now() - timedelta(hours=30)
        Notice.objects.update(created_at=begun, next_at=begun)
        outbox.failed(outbox.take(timezone.now()), "no such mailbox", for_good=True)

        assert subjects(Alarm.DEAD_NOTICE) == ["notices:dead"]


class TestForgottenQuestions:
    def test_are_those_without_a_timer_to_come(self):
        kept, item = factories.question(), factories.question()
        Timer.objects.filter(intervention=item).update(fired_at=timezone.now())

        [one] = found()

        assert (one.kind, one.subject) == (Alarm.NO_TIMER, f"intervention:{item.pk}")
        assert f"intervention:{kept.pk}" not in subjects(Alarm.NO_TIMER)

    @pytest.mark.parametrize("how", ["fired_at", "cancelled_at"])
    def test_are_found_whether_their_timers_fired_or_were_cancelled(self, how):
        item = factories.question()
        Timer.objects.filter(intervention=item).update(**{how: timezone.now()})

        assert subjects(Alarm.NO_TIMER) == [f"intervention:{item.pk}"]

    def test_are_not_those_that_their_policy_keeps_waiting(self):
        item = factories.question()
        Timer.objects.filter(intervention=item).delete()
        body = {**item.policy["time"], "body": {**item.policy["time"]["body"], "final": {"do": "keep_waiting"}}}
        Intervention.objects.filter(pk=item.pk).update(expires_at=None, policy={**item.policy, "time": body})
        assert found() == []

        Intervention.objects.filter(pk=item.pk).update(expires_at=timezone.now())
        assert subjects(Alarm.NO_TIMER) == [f"intervention:{item.pk}"]

    def test_are_found_without_any_policy_of_time(self):
        item = factories.question()
        Timer.objects.filter(intervention=item).delete()
        Intervention.objects.filter(pk=item.pk).update(expires_at=None, policy={})

        assert subjects(Alarm.NO_TIMER) == [f"intervention:{item.pk}"]

    def test_are_not_those_that_are_closed(self, alice):
        item = factories.question()
        Timer.objects.filter(intervention=item).delete()
        interventions.decide(item.pk, by=alice, verdict=Verdict.APPROVE)

        assert subjects(Alarm.NO_TIMER) == []


class TestTurns:
    @pytest.fixture
    def many(self, monkeypatch):
        """Five questions without a timer, due one after the other, of which a round looks at two."""
        monkeypatch.setattr(questions, "AT_ONCE", 2)
        items = [factories.question() for _ in range(5)]
        Timer.objects.all().delete()
        for number, item in enumerate(items):
            Intervention.objects.filter(pk=item.pk).update(due_at=timezone.now() + timedelta(minutes=number))
        return [f"intervention:{item.pk}" for item in items]

    def test_lead_through_all_questions_and_begin_again(self, many):
        rounds = [set(subjects(Alarm.NO_TIMER)) for _ in range(4)]

        assert rounds == [set(many[:3]), set(many[2:]), set(many[4:]), set(many[:3])]

    def test_keep_what_is_known_whosever_turn_it_is(self, many):
        subjects(Alarm.NO_TIMER)

        assert many[0] in subjects(Alarm.NO_TIMER, many[0])

    def test_begin_again_when_their_place_is_forgotten(self, many):
        subjects(Alarm.NO_TIMER)
        cache.delete(questions.PLACE)

        assert set(subjects(Alarm.NO_TIMER)) == set(many[:3])

    def test_do_not_stop_at_questions_due_at_one_moment(self, many):
        later = Intervention.objects.get(pk=many[4].partition(":")[2])
        Intervention.objects.exclude(pk=later.pk).update(due_at=timezone.now())
        rounds = [set(subjects(Alarm.NO_TIMER)) for _ in range(3)]

        assert rounds == [set(many[:4]), set(many), set(many[:4])]


class TestLateTimers:
    def delay(self, item, **span):
        timers = Timer.objects.filter(intervention=item, kind=Timer.Kind.EXPIRE)
        assert timers.update(due_at=timezone.now() - timedelta(**span)) == 1

    def test_are_told_by_their_question(self):
        item = factories.question()
        factories.question()
        self.delay(item, minutes=3)

        [one] = found()

        assert (one.kind, one.subject) == (Alarm.LATE_TIMER, f"intervention:{item.pk}")

    def test_are_not_those_that_the_next_sweep_fires(self):
        self.delay(factories.question(), seconds=60)

        assert found() == []

    def test_are_not_those_that_have_fired(self):
        item = factories.question()
        self.delay(item, minutes=3)
        Timer.objects.filter(kind=Timer.Kind.EXPIRE).update(fired_at=timezone.now())

        assert subjects(Alarm.LATE_TIMER) == []

    def test_are_one_finding_however_many_a_question_has(self):
        item = factories.question()
        Timer.objects.filter(intervention=item).update(due_at=timezone.now() - timedelta(hours=1))

        assert subjects(Alarm.LATE_TIMER) == [f"intervention:{item.pk}"]

    def test_of_a_question_that_was_asked_back_wait_with_it(self):
        item = factories.question()
        steps = Timer.objects.filter(intervention=item).exclude(kind=Timer.Kind.EXPIRE)
        assert steps.update(due_at=timezone.now() - timedelta(hours=1))
        Intervention.objects.filter(pk=item.pk).update(asked_back_at=timezone.now())

        assert found() == []

    def test_are_looked_at_from_the_longest_overdue_and_known_ones_stay(self, monkeypatch):
        monkeypatch.setattr(questions, "FIRST", 1)
        items = [factories.question() for _ in range(3)]
        for hours, item in enumerate(items, start=1):
            self.delay(item, hours=hours)
        known = f"intervention:{items[0].pk}"

        assert subjects(Alarm.LATE_TIMER) == [f"intervention:{items[2].pk}"]
        assert set(subjects(Alarm.LATE_TIMER, known)) == {known, f"intervention:{items[2].pk}"}
