"""The Celery app: worker and clock run it, every process that announces work sends through it."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_site.settings")

app = Celery("foureyes")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
