"""The Celery app: worker and clock run it, every process that announces work sends through it."""

import os
import signal
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

from hitl_site import child

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_site.settings")

app = Celery("foureyes")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def die_with_the_worker(**_: Any) -> None:
    """A pool process whose worker was killed would go on with a run that the clock gives to another."""
    child.tie_to_parent(signal.SIGKILL, os.getppid())
