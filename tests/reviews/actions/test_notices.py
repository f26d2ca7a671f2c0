"""What is owed to people and programs outside."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reviews.actions import Conflict, interventions, notices, outbox, runs
from reviews.models import Endpoint, Notice, NoticeSettings, Queue
from reviews.states import NoticeChannel, NoticeKind, NoticeStatus, Risk, Verdict
from tests import factories
from tests.reviews.actions.conftest import book, history


@pytest.fixture(autouse=True)
def mail(settings, alice, bob, mara):
    """A desk that sends mail, to people who have an address."""
    settings.FOUREYES_SMTP = {**settings.FOUREYES_SMTP, "host": "mail.example.org"}
    for person in (alice, bob, mara):
        person.email = f"{person.username}@example.org"
        person.save()


def room(queue, by, *kinds, name="Room", **changes):
    """A chat room that listens for these kinds."""
    return Endpoint.objects.create(
        **{"queue": queue, "channel": NoticeChannel.SLACK, "name": name, "host": "hooks.example.org"}
        | {"sealed_url": b"x", "kinds": list(kinds), "opened": "opened" in kinds, "created_by": by}
        | {"created_at": timezone.now()}
        | changes
    )


def owed(**filters):
    """To whom and how, in order."""
    return list(Notice.objects.filter(**filters).order_by("id").values_list("channel", "recipient", "status"))


class TestOwe:
    def test_tells_each_person_by_bell_and_by_mail(self, refund, alice, bob):
        notices.owe(refund, NoticeKind.REMINDER, [alice, bob], key="remind:1")
        assert owed() == [
            ("page", "alice", "sent"),
            ("email", "alice@example.org", "owed"),
            ("page", "bob", "sent"),
            ("email", "bob@example.org", "owed"),
        ]

    def test_owes_a_key_once(self, refund, alice):
        for _ in range(2):
            notices.owe(refund, NoticeKind.REMINDER, [alice, alice], key="remind:1")
        notices.owe(refund, NoticeKind.REMINDER, [alice], key="remind:2")
        assert Notice.objects.filter(channel="email").count() == 2

    def test_keeps_nothing_that_the_agent_proposed(self, refund, alice):
        notices.owe(refund, NoticeKind.ESCALATED, [alice], key="k", says="Level 2.")
        payload = Notice.objects.first().payload
        assert payload["tool"] == "issue_refund" and payload["says"] == "Level 2."
        assert "4820" not in str(payload) and "C-88213" not in str(payload) and refund.title not in str(payload)

    def test_leaves_out_who_left_or_has_no_address_or_does_not_want_it(self, refund, alice, bob, mara):
        alice.is_active, bob.email = False, ""
        NoticeSettings.objects.create(user=mara, email=["escalated"], page=[])
        notices.owe(refund, NoticeKind.REMINDER, [alice, bob, mara], key="k")
        assert owed() == [("page", "bob", "sent")]

    def test_owes_no_mail_where_the_desk_has_no_server(self, refund, alice, settings):
        settings.FOUREYES_SMTP = {**settings.FOUREYES_SMTP, "host": ""}
        notices.owe(refund, NoticeKind.REMINDER, [alice], key="k")
        assert owed() == [("page", "alice", "sent")]

    def test_tells_the_rooms_of_the_queue_that_listen(self, refund, queue, mara):
        room(queue, mara, "reminder", name="Mine")
        room(None, mara, "reminder", name="Everybody's")
        room(queue, mara, "escalated", name="Another kind")
        room(queue, mara, "reminder", name="Off", is_active=False)
        room(factories.queue("legal"), mara, "reminder", name="Elsewhere")
        notices.owe(refund, NoticeKind.REMINDER, [], key="k")
        assert [recipient for _channel, recipient, _status in owed()] == ["Mine", "Everybody's"]

    def test_can_leave_the_rooms_out(self, refund, queue, mara):
        room(queue, mara, "assigned")
        notices.owe(refund, NoticeKind.ASSIGNED, [], key="k", team=False)
        assert owed() == []

    def test_of_the_desk_itself_needs_no_item(self, admin, mara):
        admin.email = "admin@example.org"
        room(None, mara, "watchdog", name="Alarms")
        notices.owe(None, NoticeKind.WATCHDOG, [admin], key="clock", says="The clock is silent.")
        assert [channel for channel, *_ in owed()] == ["page", "email", "slack"]
        assert Notice.objects.filter(urgent=True, run=None).count() == 3

    def test_holds_mail_back_in_quiet_hours_unless_the_risk_is_critical(self, refund, run, alice, bob):
        now = timezone.now()
        around = {"quiet_from": (now - timedelta(hours=1)).time(), "quiet_to": (now + timedelta(hours=1)).time()}
        NoticeSettings.objects.create(user=alice, **around)
        notices.owe(refund, NoticeKind.REMINDER, [alice], key="k")
        refund.risk = Risk.CRITICAL
        notices.owe(refund, NoticeKind.REMINDER, [alice], key="critical")
        held, urgent = Notice.objects.filter(channel="email").order_by("id")
        assert held.next_at > now + timedelta(minutes=59) and not held.urgent
        assert urgent.next_at < now + timedelta(minutes=1) and urgent.urgent

    def test_lets_a_digest_wait_for_what_can_wait(self, refund, alice):
        NoticeSettings.objects.create(user=alice, digest="hourly")
        for kind in (NoticeKind.REMINDER, NoticeKind.ASSIGNED):
            notices.owe(refund, kind, [alice], key=kind)
        waits, at_once = Notice.objects.filter(channel="email").order_by("id")
        assert (waits.merges, at_once.merges) == (True, False)
        assert (waits.next_at.minute, waits.next_at.second) == (0, 0)
        assert at_once.next_at <= timezone.now()


class TestOweWebhook:
    def test_tells_those_that_listen_and_what_it_says(self, refund, queue, mara):
        room(queue, mara, name="Pager")
        room(queue, mara, "escalated", name="Room")
        assert notices.owe_webhook(refund, NoticeKind.ESCALATED, key="step:1", says="Still open.") == 1
        assert owed() == [("slack", "Room", "owed")]
        assert Notice.objects.get().payload["says"] == "Still open."

    def test_is_owed_to_nobody_where_none_listens(self, refund, queue, mara):
        room(queue, mara, name="Pager")
        assert notices.owe_webhook(refund, NoticeKind.ESCALATED, key="step:1") == 0
        assert owed() == []


class TestOpened:
    def test_tells_nobody_who_did_not_ask(self, run, alice, mara, queue):
        room(queue, mara, "reminder")
        factories.question(run)
        assert owed() == []

    def test_tells_members_and_rooms_that_asked(self, run, alice, bob, charlie, mara, queue):
        for person in (alice, charlie):
            NoticeSettings.objects.create(user=person, email=["opened"], page=[], opened=True)
        room(queue, mara, "opened")
        factories.question(run)
        assert owed() == [("email", "alice@example.org", "owed"), ("slack", "Room", "owed")]


class TestCancel:
    @pytest.fixture
    def told(self, refund, alice, bob, queue, mara):
        room(queue, mara, "reminder")
        notices.owe(refund, NoticeKind.REMINDER, [alice, bob], key="k")

    @pytest.mark.parametrize(
        "act",
        [
            lambda item, by: interventions.claim(item.pk, by=by),
            lambda item, by: interventions.decide(item.pk, by=by, verdict=Verdict.APPROVE),
            lambda item, by: runs.stop(item.run_id, by=by),
        ],
        ids=["a claim", "a decision", "the end of the run"],
    )
    def test_comes_with(self, act, told, refund, alice):
        act(refund, alice)
        assert {status for *_, status in owed()} == {"cancelled"}
        assert not Notice.objects.unread(alice.pk).exists()

    def test_leaves_what_was_read_or_sent(self, told, refund, alice, bob):
        notices.read(alice)
        Notice.objects.filter(channel="email", user=bob).update(status="sent", sent_at=timezone.now())
        notices.cancel(refund)
        assert Notice.objects.filter(status="sent").count() == 2

    def test_leaves_what_asks_for_no_decision(self, refund, alice):
        notices.owe(refund, NoticeKind.EXPIRED, [alice], key="expired")
        notices.cancel(refund)
        assert [status for *_, status in owed()] == ["sent", "owed"]

    def test_costs_nothing_where_nothing_was_owed(self, refund):
        with CaptureQueriesContext(connection) as made:
            notices.cancel(refund)
        assert not made

    def test_leaves_the_other_items_alone(self, told, run):
        other = factories.question(factories.leased())
        other.told = True
        notices.cancel(other)
        assert not Notice.objects.filter(status="cancelled").exists()


class TestRead:
    def test_empties_ones_own_bell(self, refund, alice, bob):
        notices.owe(refund, NoticeKind.REMINDER, [alice, bob], key="k")
        assert notices.read(alice) == 1
        assert (Notice.objects.unread(alice.pk).count(), Notice.objects.unread(bob.pk).count()) == (0, 1)

    def test_takes_off_one_of_ones_own_only(self, refund, alice, bob):
        notices.owe(refund, NoticeKind.REMINDER, [alice, bob], key="k")
        theirs = Notice.objects.unread(bob.pk).get()
        assert notices.read(alice, [theirs.pk]) == 0


class TestSendAgain:
    @pytest.fixture
    def dead(self, refund, alice):
        notices.owe(refund, NoticeKind.REMINDER, [alice], key="k")
        parcel = outbox.take(timezone.now())
        outbox.failed(parcel, "550 no such mailbox", for_good=True)
        return parcel.first

    def test_owes_it_anew_under_the_same_id(self, dead, mara):
        again = notices.send_again(dead.pk, by=mara)
        assert (again.status, again.attempts, again.message) == (NoticeStatus.OWED, 0, dead.message)
        assert outbox.take(timezone.now()).first.pk == dead.pk

    def test_stands_in_the_book_and_in_the_history(self, dead, run, mara):
        notices.send_again(dead.pk, by=mara)
        assert book()[-2:] == history(run)[-2:] == ["notice.given_up", "notice.sent_again"]

    def test_is_for_managers_of_the_queue_and_admins(self, dead, alice, otto, charlie, admin):
        for person in (alice, otto, charlie):
            with pytest.raises(PermissionDenied):
                notices.send_again(dead.pk, by=person)
        assert notices.send_again(dead.pk, by=admin).status == NoticeStatus.OWED

    def test_refuses_what_is_not_given_up(self, dead, mara):
        notices.send_again(dead.pk, by=mara)
        with pytest.raises(Conflict, match="it is owed"):
            notices.send_again(dead.pk, by=mara)

    def test_refuses_what_is_not_there(self, admin):
        with pytest.raises(PermissionDenied):
            notices.send_again(404, by=admin)


class TestManagedQueues:
    def test_are_those_one_manages_and_all_for_admins(self, mara, alice, admin):
        factories.queue("legal")
        assert [queue.slug for queue in notices.managed_queues(mara)] == ["support"]
        assert notices.managed_queues(alice) == []
        assert len(notices.managed_queues(admin)) == Queue.objects.count() == 2
