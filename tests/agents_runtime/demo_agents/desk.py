"""Submits runs of the demo agents and settles their questions, with the worker's work done in between."""

from django.contrib.auth.models import User

from agents_runtime import worker
from reviews.actions import interventions, runs
from reviews.models import Intervention, Run


def start(agent: str, task: str, by: User) -> Run:
    """A new run, taken up to its first question or its end."""
    run = runs.submit(agent, task, by=by)
    return _advanced(run)


def decide(run: Run, by: User, verdict: str, **said: object) -> Intervention:
    """Settle the run's open question and let the worker go on. Returns the question as it was asked."""
    question = run.interventions.open().get()
    interventions.decide(question.pk, by=by, verdict=verdict, **said)
    _advanced(run)
    return question


def _advanced(run: Run) -> Run:
    worker.advance(run.pk)
    run.refresh_from_db()
    return run
