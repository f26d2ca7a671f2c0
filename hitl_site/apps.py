"""The Django app of the roof. Importing the Celery app here makes it the one that shared tasks belong to."""

from django.apps import AppConfig

from hitl_site import celery, checks  # noqa: F401  (see above; the checks register themselves)


class SiteConfig(AppConfig):
    """Brings the demo command."""

    name = "hitl_site"
    verbose_name = "Foureyes site"
