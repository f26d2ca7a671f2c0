"""The Celery app: worker and clock run it, every process that announces work sends through it."""

import os
import signal
from typing import Any

from celery import Celery
from celery.signals import beat_embedded_init, worker_init, worker_process_init
from django.conf import settings

from hitl_site import broker, child, heartbeat, patience, pulse  # noqa: F401  (two of them listen to the tasks)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_site.settings")

broker.install()
app = Celery("foureyes")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def give_a_silent_database_up(**_: Any) -> None:
    """Before the pool forks, so that its processes inherit it."""
    patience.lose_after(settings.FOUREYES_DATABASE_PATIENCE)


@beat_embedded_init.connect
@worker_process_init.connect
def die_with_the_worker(**_: Any) -> None:
    """A pool process whose worker was killed would go on with a run that the clock gives to another; so would beat."""
    child.tie_to_parent(signal.SIGKILL, os.getppid())
