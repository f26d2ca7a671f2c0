"""People, queues and first runs for the demo. Their password is published, so only a development machine has them."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from reviews import access, catalog
from reviews.actions import runs
from reviews.models import Membership, Queue, Run

PASSWORD = "four-eyes-demo"
STARTER = "mara"
QUEUES = {
    "support": ("Support", "Refunds and messages to customers"),
    "clinical": ("Clinical", "Questions only a clinician may answer"),
    "legal": ("Legal", "Contracts and letters before they leave the house"),
}


@dataclass(frozen=True)
class Person:
    """One demo account; `seat` is its place in every queue, `about` what the demo prints beside the name."""

    username: str
    first_name: str
    about: str
    group: str = ""
    seat: str = ""
    is_superuser: bool = False


PEOPLE = (
    Person("alice", "Alice", "reviewer of every queue", access.REVIEWER, Membership.Role.REVIEWER),
    Person("bob", "Bob", "reviewer of every queue", access.REVIEWER, Membership.Role.REVIEWER),
    Person("charlie", "Charlie", "in no queue: sees nothing"),
    Person("mara", "Mara", "manager of every queue", access.MANAGER, Membership.Role.MANAGER),
    Person("otto", "Otto", "auditor: reads everything, decides nothing", access.AUDITOR),
    Person("admin", "Ada", "administrator", access.ADMIN, is_superuser=True),
)


@transaction.atomic
def seed() -> None:
    """Make the people and queues of an empty database. Raises ImproperlyConfigured where they do not belong."""
    if not settings.DEVELOPMENT:
        raise ImproperlyConfigured(
            "The demo accounts have a published password: they are made only in development, never with DEBUG=0."
        )
    if User.objects.exists():
        _require_that_we_made_them()
        return
    access.ensure_roles()
    queues = [
        Queue.objects.get_or_create(slug=slug, defaults={"name": name, "description": description})[0]
        for slug, (name, description) in QUEUES.items()
    ]
    for person in PEOPLE:
        _make(person, queues)


def submit_first_runs() -> int:
    """Start every agent that has a sample input, once in the life of the database; returns how many."""
    if Run.objects.exists():
        return 0
    starter = User.objects.get(username=STARTER)
    cards = [card for card in catalog.all_cards() if card.sample_input]
    for card in cards:
        runs.submit(card.slug, card.sample_input, by=starter)
    return len(cards)


def _require_that_we_made_them() -> None:
    if User.objects.filter(username__in=[person.username for person in PEOPLE]).count() < len(PEOPLE):
        raise ImproperlyConfigured("This database has accounts that are not the demo's. Give the demo one of its own.")


def _make(person: Person, queues: list[Queue]) -> None:
    user = User.objects.create_user(
        person.username,
        password=PASSWORD,
        first_name=person.first_name,
        is_superuser=person.is_superuser,
        is_staff=person.is_superuser,
    )
    if person.group:
        user.groups.add(Group.objects.get(name=person.group))
    for queue in queues if person.seat else []:
        Membership.objects.create(user=user, queue=queue, role=person.seat)
