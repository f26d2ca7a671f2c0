"""What `manage.py check --deploy` finds on a desk that is not ready for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security, deploy=True)
def runs_in_production(**_: Any) -> list[CheckMessage]:
    """An error where the settings are those for trying things out."""
    if not settings.DEVELOPMENT:
        return []
    why = "This desk runs in development mode: with demo agents, and with a key that it made up itself."
    hint = "Set DEBUG=0, and what it then asks for: docs/reference/settings.md."
    return [Error(why, hint=hint, id="hitl_site.E001")]


@register(Tags.staticfiles, deploy=True)
def static_files_are_collected(**_: Any) -> list[CheckMessage]:
    """An error where every page would fail for want of its style sheet."""
    if settings.STATIC_ROOT is None or (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        return []
    why = f"There are no collected static files in {settings.STATIC_ROOT}: no page can be shown."
    return [Error(why, hint="Run: manage.py collectstatic --no-input", id="hitl_site.E002")]
