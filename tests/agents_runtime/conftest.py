"""The stage on which the runtime's tests play."""

from collections.abc import Generator

import pytest
from django.contrib.auth.models import User

from agents_runtime import registry
from tests.agents_runtime.stage import Stage
from tests.agents_runtime.traces import recorded


@pytest.fixture
def stage(alice: User) -> Generator[Stage]:
    """Alice reviews what the agents of this test ask; spans stay in memory, and the agents are withdrawn after it."""
    before = dict(registry._entries)
    with recorded():
        yield Stage(alice)
    registry._entries.clear()
    registry._entries.update(before)
