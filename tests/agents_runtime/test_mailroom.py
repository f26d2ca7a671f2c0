"""The clock's post, beside its other work."""

import threading
import time

import pytest

from agents_runtime import mailroom, tasks
from reviews.notices import sending


@pytest.fixture
def rounds(monkeypatch):
    """Rounds that last until they are let go; the list grows with each that began."""
    began, go = [], threading.Event()

    def send_due(now, **_):
        began.append(now)
        assert go.wait(10)

    monkeypatch.setattr(sending, "send_due", send_due)
    yield began, go
    go.set()


class TestSend:
    def test_makes_the_clock_wait_for_nothing(self, rounds):
        began, go = rounds
        start = time.monotonic()
        tasks.send_notices()
        tasks.send_notices()
        assert time.monotonic() - start < 5, "ten seconds is what the round itself would take"
        go.set()

    def test_begins_no_round_beside_another(self, rounds):
        began, go = rounds
        first = mailroom.send()
        assert mailroom.send() is None
        go.set()
        first.join(10)
        second = mailroom.send()
        second.join(10)
        assert len(began) == 2

    def test_goes_on_after_a_round_that_broke(self, monkeypatch, caplog):
        def breaks(now, **_):
            raise OSError("the database went away")

        monkeypatch.setattr(sending, "send_due", breaks)
        for _ in range(2):
            mailroom.send().join(10)
        assert caplog.text.count("broke off") == 2

    def test_ends_early_when_the_process_leaves(self, monkeypatch):
        asked = []
        monkeypatch.setattr(sending, "send_due", lambda now, stop: asked.append(stop()))
        mailroom.send().join(10)
        assert asked == [False]
