"""The Django app of the domain and its browser desk."""

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    """Registers the system checks and wires the bells to the events."""

    name = "reviews"
    verbose_name = "Foureyes"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from reviews import live
        from reviews.audit import checks  # noqa: F401  (registers the system check)

        live.connect()
