"""What the roof hears of the clock."""

import pytest
from celery import Celery

from hitl_site import pulse as ear
from hitl_site.celery import app
from reviews import pulse


def task(name: str) -> object:
    return type("Task", (), {"name": name})


class TestNote:
    def test_is_a_sign_of_life_for_a_sweep_and_for_no_other_task(self):
        ear.note(sender=task("agents_runtime.tasks.advance_run"))
        assert not pulse.beats()

        ear.note(sender=task("agents_runtime.tasks.sweep"))
        assert pulse.beats()
        assert pulse.last_round() is None

    def test_remembers_the_watchdogs_round(self):
        ear.note(sender=task("agents_runtime.tasks.watch"))

        assert pulse.last_round() is not None
        assert not pulse.beats()

    @pytest.mark.parametrize("name", sorted(ear.SIGNS))
    def test_listens_to_tasks_that_the_clock_really_has(self, name):
        assert isinstance(app, Celery)
        assert name in app.tasks
        assert name in {entry["task"] for entry in app.conf.beat_schedule.values()}
        assert app.conf.task_routes[name] == {"queue": "foureyes.clock"}
