"""One campaign, from the first process to the last check."""

from __future__ import annotations

import os
import random
import threading
import time
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import Error, connection, connections

from hitl_site.supervisor import parts, probes
from reviews.access import MANAGER, REVIEWER
from reviews.models import Event, Membership, Run
from reviews.states import RUN_ENDED, RunStatus
from tests import factories, services
from tests.chaos import checks, crew, facts, outside, plans
from tests.chaos.crew import Crew
from tests.chaos.people import Customer, Notes, Operator, Person, Reviewer, WebReviewer, patiently, to_decide

AGENTS = ("chaos-desk", "chaos-desk", "chaos-office")
WINDOW = 48
"""Runs under way at once."""
PATIENCE = 150
"""Seconds without anything new in any history, after which what has not come to rest is asleep."""


class Command(BaseCommand):
    """Start everything, kill at random until enough has died, wait until nothing moves, check."""

    help = "Runs under random kills; see python -m tests.chaos --help."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--runs", type=int, required=True)
        parser.add_argument("--kills", type=int, required=True)
        parser.add_argument("--seed", type=int, required=True)

    def handle(self, *args: Any, runs: int, kills: int, seed: int, **options: Any) -> None:
        began, folder = time.monotonic(), Path(os.environ["VAR_DIR"]).parent
        team, notes, leaving = Crew(folder), Notes(), threading.Event()
        try:
            open_up(team, folder)
            people = hire(notes, runs, seed, leaving)
            team.watch()
            self.stdout.write(f"up after {time.monotonic() - began:.0f} s; {runs} runs, {kills} kills, seed {seed}")
            kill_at_random(team, runs, kills, seed, self.stdout.write)
            rested = come_to_rest(people, notes)
            leaving.set()
            for person in people:
                person.join(60)
            found = patiently(lambda: facts.gather(notes))
        finally:
            leaving.set()
            connections.close_all()
            team.leave()
        wrong = checks.violations(found)
        if not rested:
            wrong.append(f"nothing moved for {PATIENCE} s, and not everything had come to rest")
        self.stdout.write(report(found, notes, team, time.monotonic() - began, seed))
        if wrong:
            raise CommandError("\n".join([f"{len(wrong)} violations, logs in {folder}:", *wrong[:50]]))


def open_up(team: Crew, folder: Path) -> None:
    """Servers, database, then web, workers and clock."""
    for name in ("var/run", "outside", "postgres"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    outside.prepare()
    team.start(parts.valkey(settings.VAR), probes.redis_answers)
    if connection.vendor == "postgresql":
        disguise = services._not_root(folder / "postgres")
        team.start(crew.postgres(folder / "postgres", disguise), database_answers)
    call_command("migrate", interactive=False, verbosity=0)
    place = factories.queue("support")
    for name, role in {"alice": REVIEWER, "bob": REVIEWER, "mara": MANAGER}.items():
        factories.seat(factories.user(name, role), place, Membership.Role(role))
    team.start(parts.web(crew.HOST, settings.PORT), lambda: probes.web_answers(crew.HOST, settings.PORT))
    for worker in crew.workers():
        team.start(worker)
    team.start(parts.clock(), lambda: probes.worker_answers() and team.has_children("worker-prefork"))


def database_answers() -> bool:
    """Whether it takes a statement."""
    try:
        connection.ensure_connection()
    except Error:
        connections.close_all()
        return False
    return True


def hire(notes: Notes, runs: int, seed: int, leaving: threading.Event) -> list[Person]:
    """Everybody begins their work."""
    tasks = [(AGENTS[number % len(AGENTS)], plans.task(number, seed)) for number in range(runs)]
    notes.left = frozenset(words for number, (_, words) in enumerate(tasks) if number % 20 == 7)
    people: list[Person] = [
        Customer(tasks, WINDOW, "mara submits", notes, seed, leaving),
        Reviewer("alice decides", notes, seed, leaving),
        Reviewer("bob decides", notes, seed, leaving),
        WebReviewer("alice on the web", notes, seed, leaving),
        WebReviewer("bob on the web", notes, seed, leaving),
        Operator("mara operates", notes, seed, leaving),
    ]
    for person in people:
        person.start()
    return people


def kill_at_random(team: Crew, runs: int, kills: int, seed: int, say: Any) -> None:
    """Spread over the runs' progress, so that whatever dies, something goes on between."""
    dice = random.Random(f"{seed}/killer")
    moments = sorted(dice.uniform(0, 0.9) for _ in range(kills))
    odds = {
        kind: share for kind, share in crew.ODDS.items() if connection.vendor == "postgresql" or "postgres" not in kind
    }
    stalled = time.monotonic() + PATIENCE * 2
    for number, moment in enumerate(moments):
        while patiently(progress) < moment * runs:
            if time.monotonic() > stalled:
                raise_stalled()
            time.sleep(0.1)
        time.sleep(dice.choice((0, dice.random())))  # some die together
        while not team.kill(dice.choices(list(odds), list(odds.values()))[0], dice):
            time.sleep(0.1)
        stalled = time.monotonic() + PATIENCE * 2
        if number % 10 == 9:
            say(f"{number + 1} kills, {patiently(progress)} runs at rest")


def raise_stalled() -> None:
    """Say what hangs."""
    standing = Counter(Run.objects.values_list("status", flat=True))
    raise CommandError(f"nothing goes on: {dict(standing)}")


def progress() -> int:
    """Runs that have ended."""
    return Run.objects.filter(status__in=RUN_ENDED).count()


def come_to_rest(people: list[Person], notes: Notes) -> bool:
    """Wait until nothing moves; False when something should and does not."""
    newest, since = -1, time.monotonic()
    while True:
        tasks, moving, seq = patiently(lambda: still_moving(people, notes))
        if not tasks and not moving:
            return True
        if seq != newest:
            newest, since = seq, time.monotonic()
        if time.monotonic() - since > PATIENCE:
            return False
        time.sleep(0.3)


def still_moving(people: list[Person], notes: Notes) -> tuple[int, int, int]:
    """What is yet to be submitted, what is yet to come to rest, and the newest thing that happened."""
    (customer,) = [person for person in people if isinstance(person, Customer)]
    (operator,) = [person for person in people if isinstance(person, Operator)]
    operator.is_done = not customer.tasks
    moving = Run.objects.filter(status__in=[RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.PAUSED]).count()
    newest = Event.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
    return len(customer.tasks), moving + to_decide(notes).count(), newest


def report(found: facts.Facts, notes: Notes, team: Crew, seconds: float, seed: int) -> str:
    """The counts."""
    runs = Counter(run["status"] for run in found.runs.values())
    calls = Counter(call["status"] for call in found.calls.values())
    verdicts = Counter(kept["verdict"] for kept in found.decisions.values())
    unknown = sum(said.kind == "unknown_outcome" and said.heard for said in found.said)
    late = sum(said.too_late for said in found.said)
    unheard = sum(not said.heard for said in found.said) - late
    lines = {
        "runs": f"{len(found.runs)}  {dict(runs)}",
        "failures": dict(Counter(run["error_code"] for run in found.runs.values() if run["error_code"])),
        "kills": f"{team.deaths.total()}  {dict(team.deaths)}",
        "decisions": f"{len(found.decisions)}  {dict(verdicts)}; too late {late}, cut off {unheard}",
        "calls": f"{len(found.calls)}  {dict(calls)}",
        "effects": f"{len(found.effects)}; keys that came again: {outside.repeats()}",
        "unknown outcomes": f"{unknown} decided by looking outside",
        "workers lost": sum(kind == "run.worker_lost" for _, _, kind in found.history),
        "paused": notes.paused,
        "book": f"{len(found.book_seqs)} entries of runs",
        "seconds": round(seconds),
        "seed": seed,
    }
    return "\n".join(f"{name:<18}{value}" for name, value in lines.items())
