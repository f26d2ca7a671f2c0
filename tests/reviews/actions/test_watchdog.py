"""What becomes of what the watchdog finds."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from reviews import audit
from reviews.access import ADMIN
from reviews.actions import assertions, watchdog
from reviews.actions.assertions import Fault
from reviews.models import AuditEntry, Finding, Notice
from reviews.models.finding import SEVERE, Alarm
from reviews.states import NoticeChannel, NoticeKind
from tests import factories

pytestmark = pytest.mark.django_db
STUCK = Fault(Alarm.STUCK_RUN, "run:1", "Queued for long")
LOST = Fault(Alarm.LOST_LEASE, "run:2", "Its worker fell silent")


@pytest.fixture
def world(monkeypatch):
    """What is wrong with it; a test says so."""
    wrong: list[Fault] = []
    monkeypatch.setattr(watchdog.assertions, "faults", lambda now, known: sorted(wrong))
    return wrong


def acts():
    entries = AuditEntry.objects.filter(action__startswith="watchdog.").order_by("seq")
    return [(entry.action, json.loads(entry.data)["subject"]) for entry in entries]


class TestGoRound:
    def test_finds_nothing_where_all_is_well(self):
        assert watchdog.go_round() == 0
        assert not Finding.objects.exists()
        assert acts() == []

    def test_opens_a_finding_and_signs_the_book(self, world):
        world.append(STUCK)
        now = timezone.now()

        watchdog.go_round(now)

        finding = Finding.objects.get()
        assert (finding.kind, finding.subject, finding.said) == (STUCK.kind, STUCK.subject, STUCK.said)
        assert (finding.first_seen, finding.last_seen, finding.cleared_at) == (now, now, None)
        entry = AuditEntry.objects.get(action="watchdog.found")
        assert (entry.actor_type, entry.actor) == ("system", "system")
        assert json.loads(entry.data) == {
            "kind": "run.stuck",
            "name": "Run not taken",
            "problem": "Queued for long",
            "subject": "run:1",
        }

    def test_opens_it_once_and_renews_when_it_was_seen(self, world):
        world.append(STUCK)
        first = timezone.now()
        for minutes in (0, 5, 10):
            watchdog.go_round(first + timedelta(minutes=minutes))

        finding = Finding.objects.get()
        assert (finding.first_seen, finding.last_seen) == (first, first + timedelta(minutes=10))
        assert acts() == [("watchdog.found", "run:1")]

    def test_clears_it_once_when_it_is_over(self, world):
        world.append(STUCK)
        watchdog.go_round()
        world.clear()
        over = timezone.now() + timedelta(minutes=5)
        watchdog.go_round(over)
        watchdog.go_round(over + timedelta(minutes=5))

        assert Finding.objects.get().cleared_at == over
        assert acts() == [("watchdog.found", "run:1"), ("watchdog.cleared", "run:1")]

    def test_opens_another_when_it_comes_back(self, world):
        for _ in range(2):
            world.append(STUCK)
            watchdog.go_round()
            world.clear()
            watchdog.go_round()

        assert Finding.objects.count() == 2
        assert len(acts()) == 4

    def test_keeps_what_still_holds_while_another_is_over(self, world):
        world += [STUCK, LOST]
        watchdog.go_round()
        world.remove(LOST)
        watchdog.go_round()

        assert [row.subject for row in Finding.objects.open()] == ["run:1"]

    def test_counts_what_is_severe(self, world):
        world.append(STUCK)
        assert watchdog.go_round() == 0
        world.append(LOST)
        assert watchdog.go_round() == 1

    def test_tells_the_checks_what_is_known(self, monkeypatch):
        told = []
        monkeypatch.setattr(watchdog.assertions, "faults", lambda now, known: told.append(known) or [STUCK])
        watchdog.go_round()
        watchdog.go_round()

        assert told == [set(), {(STUCK.kind, STUCK.subject)}]

    def test_records_nothing_where_the_book_cannot_be_signed(self, world, monkeypatch):
        world.append(STUCK)

        def fail(*acts):
            raise IntegrityError("the disk is full")

        monkeypatch.setattr(audit, "record", fail)
        with pytest.raises(IntegrityError):
            watchdog.go_round()

        assert not Finding.objects.exists()

    def test_tells_of_a_broken_book_that_takes_no_entry(self, caplog):
        with transaction.atomic():
            audit.record(*[audit.Act("a.b", watchdog.SYSTEM)] * 3)
        audit.triggers.drop(connection)
        AuditEntry.objects.filter(seq=3).update(seq=4)  # where the next entry would stand
        audit.triggers.create(connection)

        watchdog.go_round()

        assert [row.kind for row in Finding.objects.open()] == [Alarm.BROKEN_BOOK]
        assert "could not be written into the book" in caplog.text


class TestTelling:
    def test_reaches_every_admin_once_a_round(self, world, admin, alice):
        second = factories.user("root", ADMIN)
        world += [STUCK, LOST, Fault(Alarm.LOST_LEASE, "run:3", "Silent, too")]
        watchdog.go_round()
        watchdog.go_round()

        owed = Notice.objects.filter(channel=NoticeChannel.PAGE)
        assert {notice.user_id for notice in owed} == {admin.pk, second.pk}
        assert owed.count() == 2
        assert owed[0].kind == NoticeKind.WATCHDOG
        assert "Lost run not taken back (2), Run not taken" in json.dumps(owed[0].payload)

    def test_reaches_nobody_whose_account_is_closed(self, world, admin):
        User.objects.update(is_active=False)
        world.append(STUCK)
        watchdog.go_round()

        assert not Notice.objects.exists()

    def test_says_nothing_of_what_is_over(self, world, admin):
        world.append(STUCK)
        watchdog.go_round()
        before = Notice.objects.count()
        world.clear()
        watchdog.go_round()

        assert Notice.objects.count() == before

    def test_comes_again_with_another_finding(self, world, admin):
        for fault in (STUCK, LOST):
            world.append(fault)
            watchdog.go_round()

        assert Notice.objects.filter(channel=NoticeChannel.PAGE).count() == 2


class TestAlarm:
    def test_stops_the_heartbeat_only_where_time_or_the_book_is_in_doubt(self):
        assert set(Alarm) - SEVERE == {Alarm.STUCK_RUN, Alarm.DEAD_NOTICE}

    @pytest.mark.parametrize("kind", list(assertions.CHECKS))
    def test_is_known_for_every_check(self, kind):
        assert kind in Alarm.values
