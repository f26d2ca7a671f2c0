"""The life of a desk, with small parts in place of the real ones."""

import os
import signal
import sys
import threading
import time

import pytest

from hitl_site.supervisor import house as module
from hitl_site.supervisor.guards import Refused
from hitl_site.supervisor.house import House
from hitl_site.supervisor.process import Part

SLEEP = "import time; print('up', flush=True); time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


@pytest.fixture
def said():
    """What the house and its parts said."""
    return []


@pytest.fixture
def house(said):
    """A house that is stopped after the test; the test's own signal handlers come back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    made = House(lambda name, line: said.append((name, line)), {"SAMPLE": "given"})
    yield made
    made.stop()
    for number, handler in before.items():
        signal.signal(number, handler)


def part(name: str, code: str = SLEEP, **changes) -> Part:
    return Part(name, (sys.executable, "-c", code), **{"grace": 5.0, **changes})


def soon(action, seconds: float = 0.5) -> None:
    threading.Timer(seconds, action).start()


def up(said, name: str):
    return lambda: (name, "up") in said


class TestStart:
    def test_waits_until_the_part_is_up(self, house, said):
        house.start(part("web"), up(said, "web"))
        assert ("web", "up") in said

    def test_gives_the_parts_the_environment(self, house, said):
        house.start(part("web", "import os; print(os.environ['SAMPLE'])"))
        deadline = time.monotonic() + 10
        while not said and time.monotonic() < deadline:
            time.sleep(0.02)
        assert said == [("web", "given")]

    def test_refuses_with_its_last_words_where_a_part_dies_at_once(self, house):
        with pytest.raises(Refused, match="web ended with 3 while it started:\n(.*\n)*cannot bind"):
            house.start(part("web", "import sys; print('cannot bind'); sys.exit(3)"), lambda: False)

    def test_refuses_where_a_part_does_not_come_up_in_time(self, house):
        with pytest.raises(Refused, match="web did not come up within 0 seconds"):
            house.start(part("web"), lambda: False, seconds=0.2)

    def test_gives_up_waiting_when_asked_to_leave(self, house):
        soon(house.leave, 0.2)
        house.start(part("web"), lambda: False, seconds=30)
        assert house.leaving


class TestWatch:
    def test_replaces_what_dies(self, house, said, tmp_path):
        once = tmp_path / "once"
        code = f"import os, sys\nif not os.path.exists({str(once)!r}):\n open({str(once)!r}, 'w'); sys.exit(9)\n{SLEEP}"
        house.start(part("worker", code))
        soon(house.leave, 2)
        house.watch()

        assert ("demo", "worker ended with 9; starting it again") in said
        assert ("worker", "up") in said

    def test_gives_up_when_a_part_keeps_dying(self, house, monkeypatch):
        monkeypatch.setattr(module, "DEATHS_PER_MINUTE", 2)
        house.start(part("worker", "raise SystemExit(9)"))

        with pytest.raises(Refused, match="worker ended with 9, death number 3 within a minute; giving up"):
            house.watch()

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_ends_at_a_signal(self, house, number):
        house.heed_signals()
        soon(lambda: os.kill(os.getpid(), number))
        house.watch()
        assert house.leaving


class TestStop:
    def test_ends_everything_the_last_part_first(self, house, said):
        report = (
            "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: (print('bye', flush=True), sys.exit()))"
        )
        for name in ("valkey", "web", "worker"):
            house.start(part(name, f"{report}; print('up', flush=True); time.sleep(60)"), up(said, name))
        house.stop()

        assert [name for name, line in said if line == "bye"] == ["worker", "web", "valkey"]

    def test_asks_those_at_once_that_nobody_needs(self, house, said):
        slow = "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.7), sys.exit()))"
        for name in ("worker", "clock"):
            code = f"import signal, sys, time; {slow}; print('up', flush=True); time.sleep(60)"
            house.start(part(name, code, stops_early=True), up(said, name))
        began = time.monotonic()
        house.stop()

        assert time.monotonic() - began < 1.4

    def test_kills_what_does_not_stop_and_says_so(self, house, said):
        house.start(part("web", DEAF, grace=0.3), up(said, "web"))
        house.stop()

        assert ("demo", "web did not stop within 0 s; killing it") in said

    def test_says_how_long_it_may_take_and_what_becomes_of_the_rest(self, house, said):
        house.start(part("web", grace=0.2), up(said, "web"))
        house.start(part("worker", DEAF, grace=1.0, on_kill="its run stays as it is"), up(said, "worker"))
        house.stop()

        told = [line for name, line in said if name == "demo"]
        assert told[0] == "stopping … what an agent is doing has 1 s to end; Ctrl-C again stops at once"
        assert told[1:3] == ["worker did not stop within 1 s; killing it", "its run stays as it is"]

    def test_waits_for_nobody_after_a_second_signal(self, house, said):
        house.heed_signals()
        house.start(part("web", DEAF, grace=60), up(said, "web"))
        house.leave()
        soon(lambda: os.kill(os.getpid(), signal.SIGINT))
        began = time.monotonic()
        house.stop()

        assert time.monotonic() - began < 10
        assert ("demo", "stopped") in said

    def test_is_silent_where_nothing_was_started(self, house, said):
        house.stop()
        assert said == []
