"""The life of a desk: parts start in order, the dead are replaced, and the last to start is the first to stop."""

import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

from hitl_site.supervisor.guards import Refused
from hitl_site.supervisor.process import Part, Process, Sink

DEATHS_PER_MINUTE = 5  # more, and something is broken that a restart does not mend


class House:
    """Keeps processes. Signals only set a flag here: whoever is at work notices and winds up."""

    def __init__(self, say: Sink, environment: dict[str, str]) -> None:
        self._say = say
        self._environment = {**os.environ, **environment}
        self._processes: list[Process] = []
        self._deaths: list[float] = []
        self._leaving = threading.Event()
        self._hurry = False

    @property
    def leaving(self) -> bool:
        """Whether somebody asked to stop."""
        return self._leaving.is_set()

    def heed_signals(self) -> None:
        """Stop on the first Ctrl-C, SIGTERM or hang-up; stop waiting for anybody on the second."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def leave(self) -> None:
        """Ask to stop."""
        self._leaving.set()

    def start(self, part: Part, is_up: Callable[[], bool] | None = None, seconds: float = 30) -> None:
        """Start a part, and where `is_up` is given wait for it to be true; raises Refused where it does not come up."""
        self._processes.append(Process(part, self._environment, self._say))
        if is_up is not None:
            self.wait_until(is_up, part.name, seconds)

    def wait_until(self, is_up: Callable[[], bool], name: str, seconds: float = 30) -> None:
        """Return once it is true, or once somebody asked to stop; raises Refused when a part dies or time is up."""
        deadline = time.monotonic() + seconds
        while not self.leaving and not is_up():
            for process in self._processes:
                if process.exit_code is not None:
                    said = "\n".join(list(process.lines)[-20:])
                    raise Refused(f"{process.part.name} ended with {process.exit_code} while it started:\n{said}")
            if time.monotonic() > deadline:
                raise Refused(f"{name} did not come up within {seconds:.0f} seconds.")
            time.sleep(0.05)

    def watch(self) -> None:
        """Replace what dies, until somebody asks to stop; raises Refused when too much dies."""
        while not self._leaving.wait(0.3):
            for place, process in enumerate(self._processes):
                if process.exit_code is not None:
                    self._processes[place] = self._replace(process)

    def stop(self) -> None:
        """Clock and worker first, the server they all need last. A second signal ends the patience."""
        self._leaving.set()
        if not self._processes:
            return
        patience = max(process.part.grace for process in self._processes)
        self._say("demo", f"stopping … what an agent is doing has {patience:.0f} s to end; Ctrl-C again stops at once")
        for process in self._processes:
            if process.part.stops_early:
                process.ask_to_stop()
        for process in reversed(self._processes):
            process.ask_to_stop()
            if not process.wait(lambda: self._hurry) and not self._hurry:
                self._say("demo", f"{process.part.name} did not stop within {process.part.grace:.0f} s; killing it")
                if process.part.on_kill:
                    self._say("demo", process.part.on_kill)
        for process in reversed(self._processes):
            process.kill()
        self._say("demo", "stopped")

    def _replace(self, process: Process) -> Process:
        now = time.monotonic()
        self._deaths = [moment for moment in self._deaths if now - moment < 60] + [now]
        process.kill()  # pool processes of a dead worker must not work beside the new ones
        name, code = process.part.name, process.exit_code
        if len(self._deaths) > DEATHS_PER_MINUTE:
            raise Refused(f"{name} ended with {code}, death number {len(self._deaths)} within a minute; giving up.")
        self._say("demo", f"{name} ended with {code}; starting it again")
        return Process(process.part, self._environment, self._say)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._hurry = self.leaving
        self._leaving.set()
