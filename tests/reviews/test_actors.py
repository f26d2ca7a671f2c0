"""Who did something."""

from dataclasses import FrozenInstanceError

import pytest
from django.contrib.auth.models import User

from reviews.actors import CLOCK, POLICY, SYSTEM, WORKER, Actor, ActorType


class TestActor:
    def test_of_an_account_is_its_username_which_outlives_it(self):
        assert Actor.of(User(username="alice", first_name="Alice")) == Actor(ActorType.USER, "alice")

    def test_cannot_be_altered(self):
        with pytest.raises(FrozenInstanceError):
            SYSTEM.name = "alice"

    @pytest.mark.parametrize("actor", [SYSTEM, WORKER, CLOCK, POLICY])
    def test_that_is_a_program_is_never_a_person(self, actor):
        assert actor.type in (ActorType.SYSTEM, ActorType.POLICY)
