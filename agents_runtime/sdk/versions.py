"""Which release of the SDK this process has, and which saved states that release can read."""

from __future__ import annotations

from importlib.metadata import version

from agents.run_state import CURRENT_SCHEMA_VERSION, SUPPORTED_SCHEMA_VERSIONS

from agents_runtime.sdk.errors import Failure

SDK_VERSION = version("openai-agents")
SCHEMA_VERSION = CURRENT_SCHEMA_VERSION
READABLE_SCHEMAS = frozenset(SUPPORTED_SCHEMA_VERSIONS)


def require_readable(name: str, schema_version: str, sdk_version: str) -> None:
    """Raises Failure where a newer SDK wrote that state: every release reads the older ones, none a newer."""
    if schema_version not in READABLE_SCHEMAS:
        raise Failure(
            "too_new_checkpoint",
            f"The {name} was written by openai-agents {sdk_version} (state schema {schema_version}), but this worker "
            f"has openai-agents {SDK_VERSION}, which reads schemas up to {SCHEMA_VERSION}. Deploy openai-agents "
            f"{sdk_version} on the workers and run again from this checkpoint, run again from an earlier one, or retry "
            "the run from the start.",
        )
