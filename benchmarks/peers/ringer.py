"""Rings: changes a row through a verb of Foureyes, or sends a raw Channels event of 250 bytes, and says when."""

import asyncio
import time
from itertools import count
from typing import Any

import django

django.setup()

from channels.layers import get_channel_layer  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.test import Client  # noqa: E402

from agents_runtime import worker  # noqa: E402
from benchmarks.desk import asgi  # noqa: E402
from benchmarks.desk.agents import QUEUE, SLUG  # noqa: E402
from benchmarks.peers import texts  # noqa: E402
from benchmarks.peers.protocol import serve  # noqa: E402
from reviews import events, live  # noqa: E402
from reviews.actions import interventions, runs  # noqa: E402
from reviews.models import Intervention, Membership, Queue  # noqa: E402

Rung = dict[str, float]


class Ringer:
    """A reviewer who takes a question and gives it back, again and again."""

    def __init__(self) -> None:
        self.committed: Rung = {}
        self.numbers = count(1)
        events.subscribe(events.Recorded, self.note)
        queue, _ = Queue.objects.get_or_create(slug=QUEUE, defaults={"name": "Benchmark"})
        self.people = [User.objects.get_or_create(username=f"reviewer{number}")[0] for number in range(10)]
        for person in self.people:
            Membership.objects.get_or_create(user=person, queue=queue)
        run = runs.submit(SLUG, texts.USER, by=None)
        worker.advance(run.pk)
        self.question = Intervention.objects.get(run=run)

    def note(self, event: events.Recorded) -> None:
        """The change is committed: from here on a browser could know."""
        self.committed = {"seq": event.seq, "at": time.perf_counter()}

    def cookies(self) -> list[str]:
        """A session of each reviewer, as a browser sends it."""
        said = []
        for person in self.people:
            client = Client()
            client.force_login(person)
            name = settings.SESSION_COOKIE_NAME
            said.append(f"{name}={client.cookies[name].value}")
        return said

    def ours(self) -> Rung:
        """Claim the question, or release it."""
        self.question.refresh_from_db()
        verb = interventions.release if self.question.claimed_by_id else interventions.claim
        verb(self.question.pk, by=self.people[0])
        return self.committed

    def raw(self) -> Rung:
        """Send 250 bytes to the raw group, over a kept connection as Foureyes does."""
        seq = next(self.numbers)
        text = f'id="live-seq" value="{seq}"'.ljust(250)
        at = time.perf_counter()
        asyncio.run_coroutine_threadsafe(self._send(text), live._bell_loop()).result()
        return {"seq": seq, "at": at}

    async def _send(self, text: str) -> None:
        layer: Any = get_channel_layer()
        await layer.group_send(asgi.GROUP, {"type": "event", "text": text})


if __name__ == "__main__":
    ringer = Ringer()
    serve({"cookies": ringer.cookies, "ours": ringer.ours, "raw": ringer.raw}, ("Django", "channels", "channels_redis"))
