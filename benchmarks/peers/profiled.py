"""Plays cycles of Foureyes in one process and prints what each part of them took, and the reading of one live line."""

import cProfile
import pstats
import sys

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import QueryDict  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from agents_runtime import worker  # noqa: E402
from benchmarks.desk.agents import QUEUE, SLUG  # noqa: E402
from benchmarks.peers import texts  # noqa: E402
from benchmarks.report import table  # noqa: E402
from reviews import access  # noqa: E402
from reviews.actions import interventions, runs  # noqa: E402
from reviews.models import Intervention, Membership, Queue, Run  # noqa: E402
from reviews.states import RunStatus  # noqa: E402
from reviews.web import fragments  # noqa: E402
from reviews.web.filters import Filter  # noqa: E402

# functions of this thread, by the end of their file's name; the SDK works in a thread of its own meanwhile
PARTS = {
    "submit": ("actions/runs.py", "submit"),
    "take the lease": ("actions/leases.py", "take"),
    "load checkpoint, build the agent, answers": ("agents_runtime/worker.py", "_advance"),
    "wait for the SDK's thread": ("", "<method 'get' of '_queue.SimpleQueue' objects>"),
    "park": ("actions/gates.py", "park"),
    "decide": ("actions/interventions.py", "decide"),
    "begin the tool call": ("agents_runtime/desk.py", "begin"),
    "finish the tool call": ("agents_runtime/desk.py", "finish"),
    "complete": ("actions/gates.py", "complete"),
    "audit.record, in all of these": ("audit/ledger.py", "record"),
    "publish to Celery, in all of these": ("agents_runtime/dispatch.py", "send"),
    "statements, in all of these": ("backends/utils.py", "execute"),
    "psycopg's wait for PostgreSQL, in all of these": ("psycopg/connection.py", "wait"),
    "COMMIT, in all of these": ("backends/base/base.py", "_commit"),
}


def cycle(alice: User) -> None:
    """Web and worker in turn."""
    run = runs.submit(SLUG, texts.USER, by=alice)
    worker.advance(run.pk)
    question = Intervention.objects.get(run=run)
    interventions.decide(question.pk, by=alice, verdict="approve")
    worker.advance(run.pk)
    assert Run.objects.get(pk=run.pk).status == RunStatus.COMPLETED


def parts(profile: cProfile.Profile, cycles: int) -> list[list[str]]:
    """Milliseconds and calls per cycle of each part."""
    found = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    rows = []
    for name, (file, function) in PARTS.items():
        hits = [told for (path, _, called), told in found.items() if called == function and path.endswith(file or "~")]
        calls, seconds = sum(told[0] for told in hits), sum(told[3] for told in hits)
        rows.append([name, f"{1000 * seconds / cycles:.2f}", f"{calls / cycles:.1f}"])
    return rows


def news(alice: User) -> list[str]:
    """What one browser's look at the inbox asks, after one change."""
    run = runs.submit(SLUG, texts.USER, by=None)
    worker.advance(run.pk)
    with CaptureQueriesContext(connection) as asked:
        fragments.since(User.objects.get(pk=alice.pk), Filter.read(QueryDict("")), fragments.newest() - 1)
    return [query["sql"][:110] for query in asked]


def main() -> None:
    """Warm up, profile, print."""
    cycles = int(sys.argv[1])
    access.ensure_roles()
    queue, _ = Queue.objects.get_or_create(slug=QUEUE, defaults={"name": "Benchmark"})
    alice, _ = User.objects.get_or_create(username="alice")
    Membership.objects.get_or_create(user=alice, queue=queue)
    for _ in range(3):
        cycle(alice)
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(cycles):
        cycle(alice)
    profile.disable()
    print(table(["part", "ms per cycle, profiler included", "calls per cycle"], parts(profile, cycles)))
    asked = news(alice)
    print(f"One look at the inbox after one change asks {len(asked)} times:", *asked, sep="\n  ")


if __name__ == "__main__":
    main()
