"""One child process: what to run, and a handle on it while it runs."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAST_LINES = 50  # kept to explain a death
Sink = Callable[[str, str], None]  # takes the part's name and one line it printed


@dataclass(frozen=True)
class Part:
    """What to run, and how to ask it to stop. `grace` is how long it may take to, in seconds.

    `death_signal` is what it hears when the supervisor is killed; nobody is left then to lose patience with it.
    """

    name: str
    argv: tuple[str, ...]
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 10.0
    death_signal: signal.Signals = signal.SIGTERM
    on_kill: str = ""  # what to say of that it had to be killed
    stops_early: bool = False  # nobody else needs it in order to stop
    prepare: Callable[[], None] = field(default=lambda: None, repr=False)  # before each start


class Process:
    """A running part in a session of its own, so that Ctrl-C in the terminal reaches only the supervisor."""

    def __init__(self, part: Part, environment: Mapping[str, str], sink: Sink) -> None:
        self.part = part
        self.lines: deque[str] = deque(maxlen=LAST_LINES)
        part.prepare()
        tied = {"SUPERVISOR_PID": str(os.getpid()), "DEATH_SIGNAL": str(int(part.death_signal))}
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "hitl_site.child", *part.argv],
            cwd=ROOT,
            env={**environment, **tied, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(sink,), daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative where a signal ended it."""
        return self._popen.poll()

    def ask_to_stop(self) -> None:
        """Send the part's own stop signal, if it still runs."""
        if self.exit_code is None:
            self._popen.send_signal(self.part.stop_signal)

    def wait(self, hurry: Callable[[], bool] = lambda: False) -> bool:
        """Whether it has ended within its grace; gives up early once `hurry` says so."""
        deadline = time.monotonic() + self.part.grace
        while self.exit_code is None and time.monotonic() < deadline and not hurry():
            time.sleep(0.05)
        return self.exit_code is not None

    def kill(self) -> None:
        """End it and all it started, now."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()
        self._reader.join(1)

    def _read(self, sink: Sink) -> None:
        assert self._popen.stdout is not None
        with self._popen.stdout as said:
            for line in said:
                self.lines.append(line.rstrip("\n"))
                sink(self.part.name, self.lines[-1])
