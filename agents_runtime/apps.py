"""The Django app that runs agents."""

from django.apps import AppConfig


class AgentsRuntimeConfig(AppConfig):
    """Finds the registered agents, sends queued runs to the workers, and keeps traces in our own rows."""

    name = "agents_runtime"

    def ready(self) -> None:
        from agents_runtime import dispatch, registry
        from agents_runtime.sdk import tracing
        from reviews.actions import spans

        tracing.record_with(spans.keep)
        registry.discover()
        dispatch.connect()
