"""Fills a database with open questions and their timers, lets some fall due, and times one round of the clock."""

import sys
import time
from datetime import datetime, timedelta
from uuid import uuid4

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.report import Gate, Line, judged  # noqa: E402
from reviews import access, audit, escalations  # noqa: E402
from reviews.actions import firing  # noqa: E402
from reviews.models import Checkpoint, Intervention, Membership, Queue, Run, Timer, ToolCall  # noqa: E402
from reviews.states import Risk, RunStatus  # noqa: E402

TIMERS_EACH = 6
BODY = escalations.read(
    {
        "clock": "wall",
        "respond_within": "1h",
        "expires_after": "1 day",
        "steps": [
            {"at": "30 min", "do": "remind"},
            {"at": "40 min", "do": "notify", "to": "managers", "only_if": "unclaimed"},
            {"at": "1h", "do": "escalate", "level": 2},
            {"at": "90 min", "do": "remind"},
        ],
        "final": {"do": "reject", "message": "Ask again."},
    }
)
DUE = ("remind", "notify", "escalate", "expire")
"""What falls due, one in turn for each question."""


def seats() -> Queue:
    """A queue of ten reviewers and a manager."""
    access.ensure_roles()
    queue = Queue.objects.create(slug="bench", name="Bench")
    for number in range(11):
        role = Membership.Role.REVIEWER if number else Membership.Role.MANAGER
        Membership.objects.create(user=User.objects.create(username=f"person{number}"), queue=queue, role=role)
    return queue


def ask(queue: Queue, count: int, now: datetime) -> list[Intervention]:
    """So many open questions, one to a run, with all that hangs on them."""
    opened = now - timedelta(minutes=5)
    moments = {"created_at": opened, "queued_at": opened, "announced_at": opened}
    runs = [
        Run(agent="clerk", queue=queue, input="x", status=RunStatus.AWAITING_REVIEW, **moments) for _ in range(count)
    ]
    Run.objects.bulk_create(runs, batch_size=500)
    states = [Checkpoint(run=run, number=1, state=b"", digest="", created_at=opened, asked=True) for run in runs]
    Checkpoint.objects.bulk_create(states, batch_size=500)
    calls = [
        ToolCall(
            run=run, call_id=uuid4().hex, agent="Clerk", tool="pay", proposed={}, ruling="asked", created_at=opened
        )
        for run in runs
    ]
    ToolCall.objects.bulk_create(calls, batch_size=500)
    asked = [
        Intervention(
            run=run,
            checkpoint=state,
            tool_call=call,
            kind="tool_approval",
            title="Pay",
            agent="Clerk",
            tool="pay",
            proposal={},
            digest="",
            queue=queue,
            risk=Risk.HIGH,
            policy={"time": {"body": BODY.snapshot(), "calendar": None}},
            due_at=opened + timedelta(hours=1),
            expires_at=opened + timedelta(days=1),
            created_at=opened,
        )
        for run, state, call in zip(runs, states, calls, strict=True)
    ]
    Intervention.objects.bulk_create(asked, batch_size=250)
    plan = escalations.plan(BODY, None, opened)
    rows = [
        Timer(intervention=item, kind=one.kind, step_no=one.step_no, due_at=one.at, intended_at=one.at)
        for item in asked
        for one in plan
    ]
    Timer.objects.bulk_create(rows, batch_size=500)
    return asked


def fall_due(asked: list[Intervention], now: datetime) -> None:
    """One timer of each of these questions is due now."""
    for place, what in enumerate(DUE):
        chosen = [item.pk for item in asked[place :: len(DUE)]]
        found = Timer.objects.waiting().filter(intervention__in=chosen)
        step = next((number for number, one in enumerate(BODY.steps, 1) if one.do == what), 0)
        timers = found.filter(kind="expire") if what == "expire" else found.filter(kind="step", step_no=step)
        assert timers.update(due_at=now, intended_at=now) == len(chosen)


def main(timers: int, due: int, rounds: int) -> int:
    """1 where a round did not fire all that was due."""
    now = timezone.now()
    asked = ask(seats(), timers // TIMERS_EACH + 1, now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    took, worked = [], []
    for number in range(rounds):
        fall_due(asked[number * due : (number + 1) * due], now)
        began, at_work = time.perf_counter(), time.process_time()
        fired = firing.fire_due(now, due)
        took.append(time.perf_counter() - began)
        worked.append(time.process_time() - at_work)
        if fired != due:
            print(f"Of {due} due timers {fired} fired.", file=sys.stderr)
            return 1
    interval = settings.CELERY_BEAT_SCHEDULE["sweep"]["schedule"]
    waiting = Timer.objects.waiting().count()
    assert isinstance(audit.verify(), audit.Verified)
    line = Line(f"one round fires {due:,} of {timers:,} timers", took, Gate(interval), " s")
    own = Line("of that, at work in this process", worked, None, " s")
    print(judged(f"Timers on {connection.vendor}", [line, own]))
    print(f"{rounds} rounds; {waiting:,} still wait; reminded, told managers, escalated and expired in equal parts.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
