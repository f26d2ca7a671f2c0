"""The people every test knows: alice and bob review, charlie must see nothing, mara manages, otto audits."""

import pytest
from django.contrib.auth.models import User

from reviews.access import ADMIN, AUDITOR, MANAGER, REVIEWER
from reviews.models import Membership, Queue
from tests import factories


@pytest.fixture
def queue(db: None) -> Queue:
    """The queue alice, bob and mara work in."""
    return factories.queue("support")


@pytest.fixture
def alice(queue: Queue) -> User:
    """A reviewer."""
    return _seated("alice", REVIEWER, queue)


@pytest.fixture
def bob(queue: Queue) -> User:
    """Another reviewer of the same queue."""
    return _seated("bob", REVIEWER, queue)


@pytest.fixture
def mara(queue: Queue) -> User:
    """The manager of the queue."""
    person = factories.user("mara", MANAGER)
    factories.seat(person, queue, Membership.Role.MANAGER)
    return person


@pytest.fixture
def charlie(queue: Queue) -> User:
    """Signed in, and in no queue."""
    return factories.user("charlie")


@pytest.fixture
def otto(queue: Queue) -> User:
    """An auditor: reads everything, decides nothing."""
    return factories.user("otto", AUDITOR)


@pytest.fixture
def admin(queue: Queue) -> User:
    """The superuser."""
    return factories.user("admin", ADMIN, is_superuser=True)


def _seated(username: str, role: str, queue: Queue) -> User:
    person = factories.user(username, role)
    factories.seat(person, queue)
    return person
