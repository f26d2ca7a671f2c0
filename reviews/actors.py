"""Who did something: a person, a program, a policy, the clock, or the system itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser, User
from django.db import models


class ActorType(models.TextChoices):
    """The five sorts of actors; a timeout or a policy never carries a person's name."""

    USER = "user", "Person"
    API_CLIENT = "api_client", "API client"
    POLICY = "policy", "Policy"
    TIMEOUT = "timeout", "Timeout"
    SYSTEM = "system", "System"


@dataclass(frozen=True)
class Actor:
    """The author of an act, as text that outlives the account."""

    type: ActorType
    name: str

    @classmethod
    def of(cls, user: AbstractBaseUser) -> Actor:
        """The person behind a signed-in account."""
        return cls(ActorType.USER, user.get_username())


SYSTEM = Actor(ActorType.SYSTEM, "system")
WORKER = Actor(ActorType.SYSTEM, "worker")
CLOCK = Actor(ActorType.SYSTEM, "clock")
TIMEOUT = Actor(ActorType.TIMEOUT, "timeout")
POLICY = Actor(ActorType.POLICY, "policy")
TIMEOUT = Actor(ActorType.TIMEOUT, "timeout")


def name_of(user: User) -> str:
    """What the desk calls a person: the full name, or the user name where there is none."""
    return user.get_full_name() or user.get_username()


def names_of(usernames: Iterable[str]) -> dict[str, str]:
    """What the desk calls the people behind these user names; an account that is gone is left out. One query."""
    return {person.get_username(): name_of(person) for person in User.objects.filter(username__in=set(usernames))}


def listed(people: Iterable[User]) -> str:
    """What the desk calls several people at once: "Alice, Bob and Carol"."""
    *first, last = map(name_of, people)
    return f"{', '.join(first)} and {last}" if first else last
