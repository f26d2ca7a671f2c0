"""The product's own settings, and the agents of these tests."""

from hitl_site.settings import *  # noqa: F403
from hitl_site.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.outages"]
