"""Mail, as a real server takes it."""

import gc
import smtplib
import socket
import threading
import time
import warnings

import pytest
from django.utils import timezone

from reviews.actions import notices, outbox
from reviews.models import Notice, NoticeSettings
from reviews.notices.failed import Failed
from reviews.notices.mail import Postman
from reviews.notices.span import Span
from reviews.states import NoticeKind
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def postman():
    made = Postman()
    yield made
    made.close()


def take():
    parcel = outbox.take(timezone.now())
    assert parcel is not None
    return parcel


@pytest.fixture
def owed(mailbox, people, refund):
    notices.owe(refund, NoticeKind.REMINDER, [people[0]], key="k", says="An hour is left.")
    return Notice.objects.get(channel="email")


class TestALetter:
    def test_says_who_is_asked_what_and_where_to_look(self, owed, postman, mailbox, refund):
        postman.send(take(), Span())
        (mail,) = mailbox.mails
        text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
        assert mail["Subject"] == "Reminder: issue_refund needs approval"
        assert mail["To"] == "alice@example.org"
        for part in (text, html):
            assert f"http://testserver/interventions/{refund.pk}/" in part
            assert "An hour is left." in part and "Support" in part
            assert "Nothing can be decided from this message" in part
            assert "4820" not in part and "C-88213" not in part

    def test_is_the_same_at_each_try(self, owed, postman, mailbox, settings):
        settings.FOUREYES_NOTICE_LEASE = 60
        parcel = take()
        postman.send(parcel, Span())
        postman.send(parcel, Span())
        first, second = mailbox.mails
        assert first["Message-ID"] == second["Message-ID"] == f"<{owed.message.hex}@testserver>"
        assert first["Date"] == second["Date"]

    def test_tells_machines_not_to_answer_and_belongs_to_its_item(self, owed, postman, mailbox, refund):
        postman.send(take(), Span())
        assert mailbox.mails[0]["Auto-Submitted"] == "auto-generated"
        assert refund.pk.hex in mailbox.mails[0]["References"]

    def test_tells_the_time_of_its_reader(self, owed, postman, mailbox, refund, people):
        refund.due_at = refund.due_at.replace(year=2026, month=7, day=1, hour=22, minute=30)
        Notice.objects.update(payload=owed.payload | {"due_at": refund.due_at.isoformat()})
        NoticeSettings.objects.create(user=people[0], zone="Europe/Berlin")
        postman.send(take(), Span())
        assert "Thu 02 Jul 2026, 00:30 (Europe/Berlin)" in mailbox.mails[0].get_body(("plain",)).get_content()

    def test_lets_no_name_break_out_of_its_place(self, owed, postman, mailbox):
        names = {"tool": "pay\r\nBcc: all@example.org", "agent": "<script>alert(1)</script>"}
        Notice.objects.update(payload=owed.payload | names)
        postman.send(take(), Span())
        mail = mailbox.mails[0]
        assert mail["Bcc"] is None
        assert mail["Subject"] == "Reminder: pay Bcc: all@example.org needs approval"
        assert "<script>" not in mail.get_body(("html",)).get_content()

    def test_of_a_digest_lists_its_items(self, mailbox, people, postman):
        NoticeSettings.objects.create(user=people[0], digest="hourly")
        items = [factories.question(factories.leased()) for _ in range(3)]
        for item in items:
            notices.owe(item, NoticeKind.REMINDER, [people[0]], key=f"k:{item.pk}")
        Notice.objects.update(next_at=timezone.now())
        postman.send(take(), Span())
        text = mailbox.mails[0].get_body(("plain",)).get_content()
        assert mailbox.mails[0]["Subject"] == "3 items of the review desk"
        assert all(f"/interventions/{item.pk}/" in text for item in items)


class TestPostman:
    def test_carries_many_over_one_line(self, mailbox, people, refund, postman):
        notices.owe(refund, NoticeKind.REMINDER, people, key="k")
        for _ in people:
            postman.send(take(), Span())
        assert len(mailbox.ids) == 3

    @pytest.mark.parametrize(
        ("answer", "for_good"), [("550 5.1.1 No such mailbox", True), ("451 4.7.1 Greylisted", False)]
    )
    def test_tells_a_refused_reader_from_a_broken_server(self, owed, postman, mailbox, answer, for_good):
        mailbox.refuse["alice@example.org"] = answer
        with pytest.raises(Failed, match=answer[:3]) as failure:
            postman.send(take(), Span())
        assert (failure.value.for_good, failure.value.lane) == (for_good, False)

    def test_tells_a_refused_text(self, owed, postman, mailbox):
        mailbox.on_mail = lambda mail: "554 5.7.1 Looks like spam"
        with pytest.raises(Failed, match="554 5.7.1 Looks like spam") as failure:
            postman.send(take(), Span())
        assert failure.value.for_good

    def test_goes_on_after_a_refusal(self, mailbox, people, refund, postman):
        mailbox.refuse["alice@example.org"] = "550 no"
        notices.owe(refund, NoticeKind.REMINDER, people, key="k")
        with pytest.raises(Failed):
            postman.send(take(), Span())
        for _ in people[1:]:
            postman.send(take(), Span())
        assert len(mailbox.mails) == 2

    def test_says_that_nobody_answers(self, owed, postman, mailbox):
        mailbox.close()
        with pytest.raises(Failed, match="cannot be reached") as failure:
            postman.send(take(), Span())
        assert failure.value.lane and not failure.value.for_good

    def test_says_that_the_server_broke_off(self, owed, postman, settings):
        """It greets, and hangs up at the first word."""
        with socket.create_server(("127.0.0.1", 0)) as server:

            def greet():
                line, _ = server.accept()
                with line:
                    line.sendall(b"220 hello\r\n")
                    line.recv(100)

            threading.Thread(target=greet, daemon=True).start()
            settings.FOUREYES_SMTP |= {"port": server.getsockname()[1]}
            with pytest.raises(Failed, match="broke off|cannot be reached") as failure:
                postman.send(take(), Span())
        assert failure.value.lane and not failure.value.for_good

    def test_gives_a_silent_server_up_and_the_others_of_its_lane(self, owed, postman, settings):
        settings.FOUREYES_NOTICE_LEASE = 3
        with socket.create_server(("127.0.0.1", 0)) as server:
            settings.FOUREYES_SMTP |= {"port": server.getsockname()[1]}
            began = time.monotonic()
            with pytest.raises(Failed) as failure:
                postman.send(take(), Span())
        assert time.monotonic() - began < 2.9
        assert failure.value.lane and not failure.value.for_good

    def test_leaves_a_message_to_another_round_where_finding_the_way_took_too_long(self, owed, postman, mailbox):
        with pytest.raises(Failed, match="too long") as failure:
            postman.send(take(), Span(time.monotonic() - 1000))
        assert mailbox.mails == [] and failure.value.lane and not failure.value.for_good

    def test_never_tells_the_password(self, owed, postman, settings):
        settings.FOUREYES_SMTP |= {"username": "desk", "password": "s3cr3t-w0rd"}
        with pytest.raises(Failed) as failure:
            postman.send(take(), Span())
        assert "s3cr3t" not in str(failure.value) and not failure.value.for_good
        assert isinstance(failure.value.__cause__ or failure.value, Failed | smtplib.SMTPException)

    def test_hangs_up_where_it_is_not_let_in(self, owed, postman, settings):
        settings.FOUREYES_SMTP |= {"username": "desk", "password": "s3cr3t-w0rd"}
        with warnings.catch_warnings(record=True) as left:
            warnings.simplefilter("always", ResourceWarning)
            with pytest.raises(Failed):
                postman.send(take(), Span())
            gc.collect()
        assert not [str(one.message) for one in left if "socket" in str(one.message)]
