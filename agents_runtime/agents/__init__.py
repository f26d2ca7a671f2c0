"""The demo agents: refunds, triage and contracts. Copy one to start your own."""

from django.conf import settings

if getattr(settings, "FOUREYES_DEMO_AGENTS", False):
    from agents_runtime.agents import contracts, refunds, triage  # noqa: F401  importing an agent registers it
