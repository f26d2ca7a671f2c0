"""People with addresses, and servers that take what is sent to them."""

import ipaddress
from collections.abc import Generator

import pytest

from reviews.actions import endpoints
from reviews.states import CHOSEN_NOTICES, NoticeChannel, NoticeKind
from tests import factories
from tests.reviews.notices.servers import HOST, Mailbox, Receiver

KEY = b"k" * 32
ALL = [kind.value for kind in CHOSEN_NOTICES if kind != NoticeKind.OPENED]


@pytest.fixture
def mailbox(settings) -> Generator[Mailbox]:
    """A mail server, which the desk uses."""
    made = Mailbox()
    settings.FOUREYES_SMTP = made.settings()
    yield made
    made.close()


@pytest.fixture
def receiver(settings) -> Generator[Receiver]:
    """A receiver of webhooks on this machine, to which messages may go."""
    made = Receiver()
    settings.FOUREYES_SEAL_KEYS = [KEY]
    settings.FOUREYES_WEBHOOK_ALLOW = [ipaddress.ip_network("127.0.0.0/8")]
    yield made
    made.close()


@pytest.fixture
def people(alice, bob, mara):
    """Those who get mail."""
    for person in (alice, bob, mara):
        person.email = f"{person.username}@example.org"
        person.save()
    return alice, bob, mara


@pytest.fixture
def refund(queue):
    """An open question: may 4820 be refunded?"""
    return factories.question(factories.leased())


@pytest.fixture
def hook(receiver, admin, queue):
    """The receiver as an address of the queue, with its secret."""
    return made(receiver.url, admin, queue)


def made(url, by, queue, channel=NoticeChannel.WEBHOOK, name="Hook", kinds=ALL):
    """An address that listens for everything, and its secret."""
    return endpoints.add(by=by, queue=queue, channel=channel, name=name, url=url, host=HOST, kinds=kinds)
