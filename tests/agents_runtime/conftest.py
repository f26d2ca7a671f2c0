"""The stage on which the runtime's tests play."""

from collections.abc import Generator

import pytest
from django.contrib.auth.models import User

from agents_runtime import llm, registry
from agents_runtime.heartbeat import heartbeat
from agents_runtime.sdk import bridge
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


@pytest.fixture(autouse=True)
def no_heartbeat(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a test never commits, the heartbeat's own connection sees none of its runs and takes them for lost."""
    if "transactional_db" not in request.fixturenames:
        monkeypatch.setattr(heartbeat, "beat", lambda: None)


@pytest.fixture(autouse=True)
def fresh_clients() -> Generator[None]:
    """Let go of the clients of a test: they speak to the server that its environment named."""
    yield
    if llm._provider.cache_info().currsize:
        for use_responses in (True, False):
            bridge.run(llm._provider(use_responses=use_responses).aclose())
        llm._provider.cache_clear()
