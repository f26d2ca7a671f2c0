"""The Celery app: worker and clock run it, every process that announces work sends through it."""

import os
import signal
import warnings
from typing import Any

from celery import Celery
from celery.exceptions import CPendingDeprecationWarning
from celery.signals import beat_embedded_init, worker_init, worker_process_init, worker_ready
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


@worker_ready.connect
def expect_a_lost_broker(**_: Any) -> None:
    """After logging is set up, which asks for every warning of Celery's.

    On a lost connection it wants `worker_cancel_long_running_tasks_on_connection_loss`, and only True keeps it still:
    that would throw away runs that go on under their lease, and whose task may come twice.
    """
    warnings.filterwarnings("ignore", message=r"\s*In Celery 5.1 we introduced", category=CPendingDeprecationWarning)


@beat_embedded_init.connect
@worker_process_init.connect
def die_with_the_worker(**_: Any) -> None:
    """A pool process whose worker was killed would go on with a run that the clock gives to another; so would beat."""
    child.tie_to_parent(signal.SIGKILL, os.getppid())
