"""From a committed change to the browser, against a raw Channels event through the same daphne; what idle ones weigh.

python -m benchmarks.live --browsers 1 100 500 --rounds 3
"""

from __future__ import annotations

import argparse
import random
import socket
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

from redis import Redis

from benchmarks.report import Gate, Line, judged, ninety_fifth, table
from benchmarks.rivals import Kind, Peer
from benchmarks.services import OURS, Services
from hitl_site.supervisor import parts, probes
from hitl_site.supervisor.process import Process

RINGER = Kind("ringer", "ringer", OURS, is_foreign=False)
BROWSERS = Kind("browsers", "browsers", OURS, is_foreign=False)
PATHS = {"raw": "/ws/raw/", "ours": "/ws/inbox/"}
HOST = "127.0.0.1"
PATIENCE = 60.0
NEAR, MANY = Gate(1.5, 1.2), Gate(0.7, 0.85, least=True)
BLAST = 200


@dataclass
class Heard:
    """What one block of events came to: seconds from event to browser, and browsers reached per second."""

    took: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    lost: int = 0


class Stage:
    """A web server, somebody who rings, and browsers who listen."""

    def __init__(self) -> None:
        self.services = Services()
        self.services.migrate()
        self.web, self.port = self.serve()
        self.ringer = Peer(RINGER, self.services)
        self.browsers = Peer(BROWSERS, self.services)
        self.cookies: list[str] = self.ringer.ask("cookies")

    def serve(self) -> tuple[Process, int]:
        """daphne as the supervisor starts it, with the raw floor beside the product."""
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = probe.getsockname()[1]
        part = parts.web(HOST, port)
        argv = tuple(
            "benchmarks.desk.asgi:application" if word.startswith("hitl_site.asgi") else word for word in part.argv
        )
        web = self.services.start(replace(part, argv=argv), "web")
        while not probes.web_answers(HOST, port):
            if web.exit_code is not None:
                raise RuntimeError(f"the web server ended:\n{self.services.logged()}")
            time.sleep(0.05)
        return web, port

    def open(self, kind: str, count: int) -> None:
        """So many browsers, each of which has heard of an event."""
        cookies = self.cookies if kind == "ours" else []
        self.browsers.ask("open", url=f"ws://{HOST}:{self.port}{PATHS[kind]}", cookies=cookies, count=count)
        self.event(kind)

    def event(self, kind: str) -> tuple[float, list[float | None]]:
        """Ring once; when it was, and when each browser heard."""
        rung = self.ringer.ask(kind)
        return rung["at"], self.browsers.ask("wait", seq=rung["seq"], seconds=PATIENCE)

    def block(self, kind: str, count: int, events: int) -> Heard:
        """Open browsers, ring a few times, and close them."""
        self.open(kind, count)
        heard = Heard()
        for _ in range(events):
            at, moments = self.event(kind)
            reached = [moment for moment in moments if moment is not None]
            heard.lost += len(moments) - len(reached)
            heard.took += [PATIENCE if moment is None else moment - at for moment in moments]  # lost: at least that
            heard.rates.append(len(reached) / (max(reached, default=at + PATIENCE) - at))
            self.browsers.ask("forget")
        self.browsers.ask("close")
        return heard

    def blast(self, count: int) -> int:
        """Ring as fast as it goes; how many browsers never came to the newest change."""
        self.open("ours", count)
        rung = [self.ringer.ask("ours") for _ in range(BLAST)][-1]
        heard = self.browsers.ask("wait", seq=rung["seq"], seconds=PATIENCE)
        return sum(moment is None for moment in heard)

    def ghosts(self) -> int:
        """Close every browser at once; the groups that the server still listens to a while later."""
        self.browsers.ask("close")
        with Redis.from_url(self.services.redis_url) as redis:
            deadline = time.monotonic() + 20
            while (left := len(redis.pubsub_channels("foureyes__group__*"))) and time.monotonic() < deadline:
                time.sleep(0.1)
        return left

    def weight(self, kind: str, count: int) -> float:
        """KiB of the server per idle browser: the second half of so many, on a fresh server."""
        self.services.stop(self.web)
        self.web, self.port = self.serve()
        self.open(kind, count // 2)
        half = resident(self.web.pid)
        self.open(kind, count - count // 2)
        grown = resident(self.web.pid) - half
        self.browsers.ask("close")
        return grown / (count - count // 2)


def resident(pid: int) -> int:
    """KiB of memory that the process holds."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def speed(found: dict[tuple[str, int], list[Heard]], counts: list[int]) -> list[Line]:
    """Ours over raw, block by block."""
    lines = []
    for count in counts:
        pairs = list(zip(found["ours", count], found["raw", count], strict=True))
        near = [median(ours.took) / median(raw.took) for ours, raw in pairs]
        lines.append(Line(f"event → browser p50 ÷ raw Channels, {count} open", near, NEAR, " ×"))
        if count == 100:
            rates = [median(ours.rates) / median(raw.rates) for ours, raw in pairs]
            lines.append(Line(f"deliveries/s ÷ raw Channels, {count} open", rates, MANY, " ×"))
    return lines


def milliseconds(found: dict[tuple[str, int], list[Heard]]) -> str:
    """What it took here and now."""
    rows = []
    for (kind, count), blocks in sorted(found.items(), key=lambda one: (one[0][1], one[0][0])):
        took = [1000 * seconds for heard in blocks for seconds in heard.took]
        rates = [rate for heard in blocks for rate in heard.rates]
        lost = sum(heard.lost for heard in blocks)
        cells = [f"{median(took):.1f}", f"{ninety_fifth(took):.1f}", f"{median(rates):,.0f}", str(lost)]
        rows.append([f"{'Foureyes inbox' if kind == 'ours' else 'raw Channels'}, {count} open", *cells])
    return table(["daphne, PubSub layer", "p50 ms", "p95 ms", "deliveries/s", "lost"], rows)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--browsers", type=int, nargs="+", default=[1, 100, 500])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--events", type=int, default=10)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    asked = options.parse_args()
    chance, stage, most = random.Random(asked.seed), Stage(), max(asked.browsers)
    found: dict[tuple[str, int], list[Heard]] = {}
    for count in asked.browsers:
        for _ in range(asked.rounds):
            for kind in chance.sample(sorted(PATHS), 2):
                found.setdefault((kind, count), []).append(stage.block(kind, count, asked.events))
    lines = speed(found, asked.browsers)
    lost = stage.blast(min(most, 100))
    lines.append(Line(f"browsers that missed the end of {BLAST} quick changes", [lost], Gate(0)))
    stage.open("ours", most)
    lines.append(Line(f"groups left after {most} and more closed at once", [stage.ghosts()], Gate(0)))
    weights = {kind: stage.weight(kind, most) for kind in PATHS}
    lines.append(Line("memory per idle browser", [weights["ours"]], Gate(80, 45), " KiB"))
    print(judged("Event → browser", lines))
    print(milliseconds(found))
    print(
        f"An idle raw socket weighs {weights['raw']:.0f} KiB. {asked.rounds} rounds of {asked.events} events, ", end=""
    )
    print(f"seed {asked.seed}; {', '.join(f'{name} {number}' for name, number in stage.ringer.versions.items())}.\n")


if __name__ == "__main__":
    sys.exit(main())
