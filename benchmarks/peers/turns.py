"""Foureyes without a queue: this process plays web and worker in turn through runs of many approved calls."""

import time

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402

from agents_runtime import worker  # noqa: E402
from benchmarks.desk.agents import QUEUE, SLUG  # noqa: E402
from benchmarks.peers import texts  # noqa: E402
from benchmarks.peers.protocol import serve  # noqa: E402
from reviews.actions import interventions, runs  # noqa: E402
from reviews.models import Checkpoint, Intervention, Membership, Queue, Run  # noqa: E402
from reviews.states import RunStatus, ToolCallStatus, Verdict  # noqa: E402


def turns(count: int) -> dict[str, float]:
    """One run of so many turns, each approved; returns how many checkpoints it left and the seconds it took."""
    queue, _ = Queue.objects.get_or_create(slug=QUEUE, defaults={"name": "Benchmark"})
    alice, _ = User.objects.get_or_create(username="alice")
    Membership.objects.get_or_create(user=alice, queue=queue)
    began = time.perf_counter()
    run = runs.submit(f"{SLUG}-{count}", texts.USER, by=alice)
    worker.advance(run.pk)
    while question := Intervention.objects.open().filter(run=run).first():
        interventions.decide(question.pk, by=alice, verdict=Verdict.APPROVE)
        worker.advance(run.pk)
    took = time.perf_counter() - began
    ended = Run.objects.get(pk=run.pk)
    assert ended.status == RunStatus.COMPLETED, ended.error
    assert ended.tool_calls.filter(status=ToolCallStatus.DONE).count() == count
    return {"checkpoints": Checkpoint.objects.filter(run=run).count(), "seconds": took}


if __name__ == "__main__":
    serve({"turns": turns}, ("Django", "openai-agents"))
