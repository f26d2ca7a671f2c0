"""What a test leaves in the memory of the process, the next one does not meet."""

from uuid import uuid4

import pytest

from reviews.actions import rulebook, runs, surroundings
from reviews.actions.rulebook import Rulebook
from reviews.actions.surroundings import Place


@pytest.mark.parametrize("_", range(2))  # each finds what the other would have left, in whatever order they run
def test_knows_nothing_of_the_database_of_another(_):
    place = Place(1, frozenset())

    assert rulebook._shelf.book is None
    assert surroundings.recalled(place) is None
    assert not runs._queues

    rulebook._shelf.book = Rulebook(uuid4(), (), (), frozenset())
    surroundings.remember(place, [{"pk": 1}])
    runs._queues["support"] = 1
