"""Those who decide while everything dies: some by the verbs, some over HTTP, all writing down what they said."""

import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.db import Error, connection
from django.db.models import Q, QuerySet
from django.test import Client

from reviews.actions import Conflict, Invalid, interventions, runs
from reviews.models import Intervention, Run
from reviews.states import Kind, Verdict
from tests.chaos import outside

CERTAIN_AFTER = 6.0
"""Seconds after which a tool that began has surely ended: whoever is asked about it looks only then."""
TOKEN = "c" * 32
T = TypeVar("T")


@dataclass
class Said:
    """One verdict as its reviewer remembers it; `heard` once the desk had confirmed it."""

    intervention: str
    by: str
    kind: str
    verdict: str
    replacement: Any
    heard: bool = False
    too_late: bool = False


@dataclass
class Notes:
    """What the people of the campaign did, kept by themselves and not by the desk.

    ``left`` are the words of the runs whose questions nobody decides: they wait for ever.
    """

    left: frozenset[str] = frozenset()
    said: list[Said] = field(default_factory=list)
    submitted: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    paused: int = 0
    refusals: int = 0
    faults: list[str] = field(default_factory=list)


class Refused(Exception):
    """A colleague was faster."""


class Away(Exception):
    """The desk does not answer."""


class Person(threading.Thread):
    """Somebody who goes on until told to leave, whatever the desk does meanwhile."""

    def __init__(self, name: str, notes: Notes, seed: int, leaving: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self.user = User.objects.get(username=name.split()[0])
        self.notes, self.leaving = notes, leaving
        self.dice = random.Random(f"{seed}/{name}")

    def run(self) -> None:
        """Act, pause, act again; what the desk cannot do now is tried again later."""
        while not self.leaving.wait(0.02 + self.dice.random() * 0.15):
            try:
                self.act()
            except (Error, Away):
                self.leaving.wait(0.5)
            except Exception as fault:
                self.notes.faults.append(f"{self.name}: {type(fault).__name__}: {fault}")
            finally:
                connection.close()

    def act(self) -> None:
        """One thing they do."""
        raise NotImplementedError


class Reviewer(Person):
    """Takes any open question but those left for the end, and says something about it."""

    def act(self) -> None:
        found = list(to_decide(self.notes).select_related("run", "tool_call"))
        if not found:
            return
        item = self.dice.choice(found)
        if (verdict := self.opinion(item)) is None:
            return
        said = Said(str(item.pk), self.user.username, item.kind, *verdict)
        self.notes.said.append(said)
        try:
            self.tell(item, said)
        except (Conflict, Refused):
            said.too_late = True
            return
        said.heard = True

    def tell(self, item: Intervention, said: Said) -> None:
        """Say it; returns once it is confirmed."""
        interventions.decide(item.pk, by=self.user, verdict=said.verdict, replacement=said.replacement)

    def opinion(self, item: Intervention) -> tuple[str, Any] | None:
        """The verdict and what goes with it; nothing where it is too early to tell."""
        if item.kind == Kind.UNKNOWN_OUTCOME:
            return self.truth(item)
        if item.kind == Kind.QUESTION:
            return self.dice.choice([(Verdict.ANSWER, "yes"), (Verdict.ANSWER, "it may"), (Verdict.REJECT, None)])
        verdict = self.dice.choices(
            [Verdict.APPROVE, Verdict.EDIT, Verdict.REJECT, Verdict.OVERRIDE], [60, 16, 12, 12]
        )[0]
        if item.kind == Kind.FINAL_OUTPUT:
            text = item.proposal["output"]
            return (
                (Verdict.EDIT, {"output": f"{text}, says {self.name}"})
                if verdict == Verdict.EDIT
                else (Verdict.APPROVE, None)
            )
        if verdict == Verdict.EDIT:
            return verdict, {**item.proposal, "amount": item.proposal["amount"] + 10_000}
        return verdict, f"{self.name} did it by hand" if verdict == Verdict.OVERRIDE else None

    def truth(self, item: Intervention) -> tuple[str, Any] | None:
        """What the world outside says became of the call."""
        call = item.tool_call
        assert call is not None and call.started_at is not None
        began = max(call.started_at.timestamp(), outside.last_begun(call.idempotency_key))
        if time.time() - began < CERTAIN_AFTER:
            return None
        if outside.happened(call.idempotency_key):
            return Verdict.OVERRIDE, "it happened, says the world outside"
        return (Verdict.REJECT, None) if self.dice.random() < 0.1 else (Verdict.APPROVE, None)


class WebReviewer(Reviewer):
    """The same over HTTP, as a browser without JavaScript does it."""

    def __init__(self, name: str, notes: Notes, seed: int, leaving: threading.Event) -> None:
        super().__init__(name, notes, seed, leaving)
        client = Client()
        client.force_login(self.user)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        cookies = {settings.SESSION_COOKIE_NAME: session, settings.CSRF_COOKIE_NAME: TOKEN}
        self.headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
            "X-CSRFToken": TOKEN,
        }

    def tell(self, item: Intervention, said: Said) -> None:
        form: dict[str, str] = {"verdict": said.verdict, "version": str(item.version)}
        if said.verdict == Verdict.EDIT:
            form |= {"edit_as": "json", "edit_json": json.dumps(said.replacement)}
        elif said.replacement:
            form["answer" if said.verdict == Verdict.ANSWER else "output"] = said.replacement
        answer = self.post(f"/interventions/{item.pk}/decide/", urlencode(form))
        if answer.status == 409:
            raise Refused
        if answer.status >= 500:
            raise Away
        if answer.status != 302 or "/interventions/" not in (answer.headers["location"] or ""):
            raise Invalid(form=f"{said.verdict} over HTTP came to {answer.status} {answer.headers['location']}")

    def post(self, path: str, body: str) -> HTTPResponse:
        """The answer, once all of it has come. Raises Away."""
        http = HTTPConnection(urlsplit(settings.SITE_ORIGINS[0]).netloc, timeout=30)
        try:
            http.request("POST", path, body, self.headers)
            answer = http.getresponse()
            answer.read()
            return answer
        except (OSError, HTTPException) as error:
            raise Away from error
        finally:
            http.close()


class Operator(Person):
    """Holds runs, lets them go on, and stops a few; once told to be done, lets go of all."""

    is_done = False

    def act(self) -> None:
        self.leaving.wait(0.5)
        self.release_all(keep=0 if self.is_done else 2)
        if self.is_done:
            return
        found = list(Run.objects.open().values_list("pk", flat=True))
        if not found:
            return
        run = self.dice.choice(found)
        try:
            if self.dice.random() < 0.03:
                runs.stop(run, by=self.user)
                self.notes.stopped.append(str(run))
            elif self.dice.random() < 0.4:
                runs.pause(run, by=self.user)
                self.notes.paused += 1
        except Conflict:
            self.notes.refusals += 1

    def release_all(self, *, keep: int = 0) -> None:
        """Let the runs go on that are held."""
        for run in list(Run.objects.open().filter(hold=True))[keep:]:
            try:
                runs.resume(run.pk, by=self.user)
            except Conflict:
                self.notes.refusals += 1


class Customer(Person):
    """Submits the runs, not too many at once; one whose submission failed is submitted again."""

    def __init__(self, tasks: list[tuple[str, str]], window: int, *more: Any) -> None:
        super().__init__(*more)
        self.tasks, self.window = tasks, window

    def act(self) -> None:
        if self.tasks and self.busy() < self.window:
            agent, words = self.tasks[0]
            run = runs.submit(agent, words, by=self.user)
            self.notes.submitted.append(str(run.pk))
            self.tasks.pop(0)

    def busy(self) -> int:
        """How many runs are under way."""
        return Run.objects.open().exclude(input__in=self.notes.left).count()


def to_decide(notes: Notes) -> QuerySet[Intervention]:
    """The open questions but those that are left; what became of a call is told everybody."""
    return Intervention.objects.open().exclude(~Q(kind=Kind.UNKNOWN_OUTCOME), run__input__in=notes.left)


def patiently(ask: Callable[[], T], seconds: float = 120) -> T:
    """The answer of a database that may be away for a while."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except Error:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)
        finally:
            connection.close()
