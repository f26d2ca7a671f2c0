"""The product's settings, with the campaign's agents and a clock that ticks every second."""

from hitl_site.settings import *  # noqa: F403
from hitl_site.settings import CELERY_BEAT_SCHEDULE, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.chaos"]
CELERY_BEAT_SCHEDULE["sweep"]["schedule"] = 1.0
