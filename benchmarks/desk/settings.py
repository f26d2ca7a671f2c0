"""The product's settings, and the agent of the benchmarks."""

from hitl_site.settings import *  # noqa: F403
from hitl_site.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.desk"]
