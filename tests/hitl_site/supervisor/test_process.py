"""One child process."""

import os
import signal
import sys
import time

import pytest

from hitl_site.supervisor.process import LAST_LINES, Part, Process

IGNORE = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


@pytest.fixture
def said():
    """The lines the processes printed."""
    return []


@pytest.fixture
def run(said):
    """Start a Python snippet as a part; all are killed after the test."""
    started = []

    def start(code: str, **changes) -> Process:
        part = Part("sample", (sys.executable, "-c", code), **changes)
        started.append(Process(part, os.environ, lambda name, line: said.append((name, line))))
        return started[-1]

    yield start
    for process in started:
        process.kill()


def until(condition, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


class TestProcess:
    def test_passes_on_what_the_part_prints_errors_too(self, run, said):
        process = run("import sys; print('out'); print('err', file=sys.stderr)")
        until(lambda: len(said) == 2)

        assert sorted(said) == [("sample", "err"), ("sample", "out")]
        assert sorted(process.lines) == ["err", "out"]

    def test_keeps_only_the_last_lines(self, run, said):
        process = run(f"for n in range({LAST_LINES + 10}): print(n)")
        until(lambda: len(said) == LAST_LINES + 10)

        assert process.lines[0] == "10"

    def test_prepares_before_each_start(self, run, tmp_path):
        mark = tmp_path / "mark"
        process = run(f"import os; assert os.path.exists({str(mark)!r})", prepare=mark.touch)
        process.wait()

        assert process.exit_code == 0

    def test_tells_how_it_ended(self, run):
        process = run("raise SystemExit(7)")
        assert process.wait() and process.exit_code == 7

    def test_stops_by_the_parts_own_signal(self, run, said):
        process = run("import time; print('up'); time.sleep(60)", stop_signal=signal.SIGINT)
        until(lambda: said)  # Python may swallow an interrupt while it starts
        process.ask_to_stop()

        assert process.wait()

    def test_gives_up_waiting_after_its_grace(self, run, said):
        process = run(IGNORE, grace=0.3)
        until(lambda: said)
        process.ask_to_stop()

        assert not process.wait()
        process.kill()
        assert process.exit_code == -signal.SIGKILL

    def test_gives_up_waiting_early_in_a_hurry(self, run, said):
        process = run(IGNORE, grace=60)
        until(lambda: said)
        process.ask_to_stop()

        assert not process.wait(hurry=lambda: True)

    def test_kills_what_the_part_started_as_well(self, run, said):
        process = run(
            "import subprocess, time; child = subprocess.Popen(['sleep', '60']); "
            "print(child.pid, flush=True); time.sleep(60)"
        )
        until(lambda: said)
        grandchild = int(said[0][1])
        process.kill()

        until(lambda: not alive(grandchild))

    def test_runs_in_a_session_of_its_own(self, run, said):
        run("import os, time; print(os.getsid(0), os.getpid(), flush=True); time.sleep(60)")
        until(lambda: said)
        session, pid = said[0][1].split()

        assert session == pid, (
            "else Ctrl-C in the terminal would reach it before the supervisor could say in which order"
        )

    def test_does_not_hand_its_tie_to_grandchildren(self, run, said):
        run("import os; print(sorted(set(os.environ) & {'SUPERVISOR_PID', 'DEATH_SIGNAL'}))")
        until(lambda: said)

        assert said == [("sample", "[]")]


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
