"""One round of sending."""

import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from reviews.actions import notices
from reviews.models import AuditEntry, Notice
from reviews.notices import sending, webhook
from reviews.states import NoticeChannel, NoticeKind
from tests import factories
from tests.reviews.notices.conftest import made
from tests.reviews.notices.servers import Answer, Receiver

pytestmark = pytest.mark.django_db


def states(**filters):
    return sorted(Notice.objects.filter(**filters).exclude(channel="page").values_list("status", flat=True))


class TestSendDue:
    def test_sends_all_that_is_due(self, mailbox, receiver, hook, people, refund):
        notices.owe(refund, NoticeKind.REMINDER, people, key="k")
        assert sending.send_due(timezone.now()) == 4
        assert (len(mailbox.mails), len(receiver.posts)) == (3, 1)
        assert states() == ["sent"] * 4
        assert sending.send_due(timezone.now() + timedelta(days=1)) == 0

    def test_sends_no_more_than_it_may(self, mailbox, people, refund):
        notices.owe(refund, NoticeKind.REMINDER, people, key="k")
        assert sending.send_due(timezone.now(), 2) == 2
        assert states() == ["owed", "sent", "sent"]

    def test_ends_when_it_is_told_to(self, mailbox, people, refund):
        notices.owe(refund, NoticeKind.REMINDER, people, key="k")
        assert sending.send_due(timezone.now(), stop=lambda: len(mailbox.mails) == 1) == 1

    def test_begins_nothing_when_its_time_is_over(self, mailbox, people, refund, monkeypatch):
        monkeypatch.setattr(sending, "SECONDS", -1)
        notices.owe(refund, NoticeKind.REMINDER, people, key="k")
        assert sending.send_due(timezone.now()) == 0

    def test_asks_a_dead_server_once_and_lets_the_others_pass(self, mailbox, receiver, hook, people, refund):
        mailbox.close()
        notices.owe(refund, NoticeKind.REMINDER, people, key="k")
        assert sending.send_due(timezone.now()) == 1
        assert len(receiver.posts) == 1
        mails = Notice.objects.filter(channel="email").order_by("id").values_list("status", "attempts")
        assert list(mails) == [("failed", 1), ("owed", 0), ("owed", 0)]

    def test_asks_a_broken_room_once_and_lets_the_others_pass(self, receiver, hook, admin, queue):
        other = Receiver()
        try:
            made(other.url, admin, queue, NoticeChannel.SLACK, "Room")
            receiver.on_post = lambda posted: Answer(500)
            for item in [factories.question(factories.leased()) for _ in range(3)]:
                notices.owe(item, NoticeKind.REMINDER, [], key=f"k:{item.pk}")
            assert sending.send_due(timezone.now()) == 3
            assert (len(receiver.posts), len(other.posts)) == (1, 3)
        finally:
            other.close()

    def test_is_not_stopped_by_one_reader_who_is_refused(self, mailbox, people, refund):
        mailbox.refuse["alice@example.org"] = "550 no such mailbox"
        notices.owe(refund, NoticeKind.REMINDER, people, key="k")
        assert sending.send_due(timezone.now()) == 2
        assert states() == ["dead", "sent", "sent"]
        assert Notice.objects.get(status="dead").error == "The mail server said 550 no such mailbox"

    def test_is_not_stopped_by_a_message_that_cannot_be_made(self, receiver, hook, people, refund, mailbox):
        notices.owe(refund, NoticeKind.REMINDER, [people[0]], key="k")
        Notice.objects.filter(channel="webhook").update(payload={"asked": "tool_approval", "risk": 99})
        assert sending.send_due(timezone.now()) == 1
        assert Notice.objects.get(channel="webhook").error == "It could not be made: ValueError."

    def test_tries_again_what_failed_and_stops_when_it_arrived(self, receiver, hook, refund):
        answers = iter([Answer(500), Answer(503), Answer(200)])
        receiver.on_post = lambda posted: next(answers)
        notices.owe(refund, NoticeKind.REMINDER, [], key="k")
        sent = [sending.send_due(timezone.now() + timedelta(hours=hour)) for hour in range(5)]
        assert sent == [0, 0, 1, 0, 0]
        assert len(receiver.ids) == 1

    def test_withdraws_what_was_claimed_between_two_tries(self, receiver, hook, refund, people):
        receiver.on_post = lambda posted: Answer(500)
        notices.owe(refund, NoticeKind.REMINDER, [], key="k")
        sending.send_due(timezone.now())
        refund.refresh_from_db()
        notices.cancel(refund)
        assert sending.send_due(timezone.now() + timedelta(hours=1)) == 0
        assert states() == ["cancelled"] and len(receiver.posts) == 1

    def test_holds_no_lock_while_it_talks(self, mailbox, people, refund):
        seen = []
        mailbox.on_mail = lambda mail: seen.append(threading.current_thread().name)
        notices.owe(refund, NoticeKind.REMINDER, [people[0]], key="k")
        sending.send_due(timezone.now())
        assert seen and seen[0] != threading.current_thread().name

    def test_writes_no_secret_into_the_log(self, receiver, hook, refund, caplog):
        receiver.on_post = lambda posted: Answer(500)
        notices.owe(refund, NoticeKind.REMINDER, [], key="k")
        sending.send_due(timezone.now())
        assert "was not sent" in caplog.text
        assert receiver.url not in caplog.text and hook[1] not in caplog.text

    def test_keeps_nothing_of_an_answer_that_repeats_the_address(
        self, receiver, admin, queue, refund, caplog, settings
    ):
        settings.FOUREYES_NOTICE_ATTEMPTS = 1
        made(f"{receiver.url}/services/T0/B0/TOPSECRET?key=HIDDEN", admin, queue)
        receiver.on_post = lambda posted: Answer(404, body=f"<pre>Cannot POST {posted.path}</pre>".encode())
        notices.owe_webhook(refund, NoticeKind.ESCALATED, key="k")

        sending.send_due(timezone.now())

        row, line = Notice.objects.get(channel="webhook"), AuditEntry.objects.get(action="notice.given_up")
        assert row.error == "The answer was 404 Not Found."
        for kept in (row.error, line.data, caplog.text):
            assert "TOPSECRET" not in kept and "HIDDEN" not in kept and "services" not in kept


class TestATestMessage:
    def test_says_that_it_is_one(self, receiver, hook, admin):
        notices.owe_test(hook[0], key="test:1")
        assert sending.send_due(timezone.now()) == 1
        assert b'"type":"desk.test"' in receiver.posts[0].body


class TestBodies:
    def test_are_there_for_every_sort_of_address(self):
        assert set(webhook.BODIES) == {NoticeChannel.SLACK, NoticeChannel.TEAMS, NoticeChannel.WEBHOOK}
