"""A sender that is killed at any moment: each owed message reaches its receiver, and under one id only.

Between the moment at which the other side has accepted a message and the moment at which our row says so, nobody can
know whether it arrived. There it goes out again, as the same message: same Message-ID, same webhook-id. A mail store or
a receiver that keeps to its protocol shows it once. At every other moment it goes out once, counted on the wire.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
from django.utils import timezone

from reviews.actions import notices
from reviews.models import Notice
from reviews.states import NoticeKind, NoticeStatus
from tests import factories
from tests.reviews.notices.conftest import KEY
from tests.reviews.notices.servers import Answer
from tests.services import ROOT
from tests.stack import _test_database_url

pytestmark = pytest.mark.django_db(transaction=True)
LEASE = 3
PATIENCE = 90


class Sender:
    """One process that sends; killed with -9, and another started in its place."""

    def __init__(self, nursery, mailbox) -> None:
        self._nursery = nursery
        self._told = json.dumps({"smtp": mailbox.settings(), "key": KEY.decode(), "lease": LEASE})
        self.kills = 0
        self.start()

    def start(self):
        self._nursery.stdin.write(f"{self._told}\n")
        self._nursery.stdin.flush()
        self.pid = int(self._nursery.stdout.readline())

    def kill(self):
        """From any thread, also that of the server it talks to."""
        self.kills += 1
        os.kill(self.pid, signal.SIGKILL)
        while self.is_alive:
            time.sleep(0.001)

    @property
    def is_alive(self):
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def revive(self):
        if not self.is_alive:
            self.start()


@pytest.fixture(scope="module")
def nursery(django_db_setup, django_db_blocker):
    """Where senders come from; on the test database."""
    with django_db_blocker.unblock():
        url = _test_database_url()
    names = {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "hitl_site.settings", "SITE_ORIGINS": "http://testserver"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.reviews.notices.sender"],
        cwd=ROOT,
        env={**os.environ, **names},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


@pytest.fixture
def sender(nursery, mailbox, receiver):
    made = Sender(nursery, mailbox)
    yield made
    if made.is_alive:
        made.kill()


def owe(people, items):
    """A mail to each person and a webhook for each item."""
    for item in items:
        notices.owe(item, NoticeKind.REMINDER, people, key=f"k:{item.pk}")


def outside():
    return Notice.objects.filter(channel__in=("email", "webhook"))


def drain(sender):
    """Revive the sender until nothing is owed."""
    deadline = time.monotonic() + PATIENCE
    while outside().exclude(status=NoticeStatus.SENT).exists():
        assert time.monotonic() < deadline, list(outside().values_list("status", "error", "attempts"))
        sender.revive()
        # those that failed would wait for their pause, which is not what is tested here
        Notice.objects.filter(status=NoticeStatus.FAILED).update(next_at=timezone.now())
        time.sleep(0.02)


class Once:
    """Does something the first time it is asked for each message."""

    def __init__(self, act):
        self.act, self.done = act, set()

    def __call__(self, message):
        if message in self.done:
            return False
        self.done.add(message)
        self.act()
        return True


class TestAMessage:
    def test_that_the_server_had_not_accepted_arrives_once(self, sender, mailbox, people, refund):
        once = Once(sender.kill)
        mailbox.on_mail = lambda mail: "451 lost" if once(mail["Message-ID"]) else None
        owe([people[0]], [refund])
        drain(sender)
        assert sender.kills == 1
        assert list(mailbox.ids.values()) == [1]

    def test_that_the_receiver_had_not_read_arrives_once_more_under_its_id(self, sender, receiver, hook, refund):
        once = Once(sender.kill)
        receiver.on_post = lambda posted: Answer() if not once(posted.headers["webhook-id"]) else Answer(500)
        owe([], [refund])
        drain(sender)
        assert sender.kills == 1
        assert list(receiver.ids.values()) == [2], "one request was refused, or not: the same id tells the receiver"

    def test_accepted_before_the_sender_could_say_so_comes_again_as_the_same_message(
        self, sender, mailbox, people, refund
    ):
        once = Once(sender.kill)

        def keep(mail):
            mailbox.mails.append(mail)
            return "250 kept" if once(mail["Message-ID"]) else "250 again"

        mailbox.on_mail = keep
        owe([people[0]], [refund])
        drain(sender)
        (notice,) = outside()
        assert dict(mailbox.ids) == {f"<{notice.message.hex}@testserver>": 2}
        first, second = mailbox.mails
        assert first.items()[1:] == second.items()[1:], "all but the mark between its parts, which is new each time"
        assert first.get_body().get_content() == second.get_body().get_content()


class TestManyMessages:
    def test_each_arrive_under_one_id_while_the_sender_is_killed_at_any_moment(
        self, sender, mailbox, receiver, hook, people, capsys
    ):
        chance = random.Random(8)
        items = [factories.question(factories.leased()) for _ in range(12)]
        owe(people, items)
        deadline = time.monotonic() + PATIENCE
        while sender.kills < 12 and outside().exclude(status=NoticeStatus.SENT).exists():
            assert time.monotonic() < deadline
            time.sleep(chance.uniform(0, 0.15))  # any moment
            sender.kill()
            sender.start()
        drain(sender)

        owed = {f"<{pk.hex}@testserver>" for pk in outside().filter(channel="email").values_list("message", flat=True)}
        hooked = {f"msg_{pk}" for pk in outside().filter(channel="webhook").values_list("message", flat=True)}
        assert (len(owed), len(hooked)) == (36, 12)
        assert set(mailbox.ids) == owed and set(receiver.ids) == hooked, "exactly one message per owed notice"
        again = sum(mailbox.ids.values()) - 36 + sum(receiver.ids.values()) - 12
        assert again <= sender.kills, "at most the one message that was in hand comes again"
        with capsys.disabled():
            print(f"\n48 messages, {sender.kills} kills: 48 ids arrived, {again} of them twice on the wire")

    def test_are_sent_once_by_two_senders_at_a_time(self, sender, nursery, mailbox, receiver, hook, people):
        other = Sender(nursery, mailbox)
        try:
            owe(people, [factories.question(factories.leased()) for _ in range(10)])
            drain(sender)
        finally:
            other.kill()
        assert set(mailbox.ids.values()) == set(receiver.ids.values()) == {1}
        assert (len(mailbox.ids), len(receiver.ids)) == (30, 10)
