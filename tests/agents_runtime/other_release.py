"""A worker of another release: reads lines `run file`, takes the file for its agents, and advances the run."""

import importlib.util
import sys
from uuid import UUID

import django


def main() -> None:
    django.setup()
    from django.db import connection  # after setup: they need the apps

    from agents_runtime import registry, worker

    for number, line in enumerate(sys.stdin):
        run, file = line.split()
        registry._entries.clear()
        load(file, f"release_{number}")
        worker.advance(UUID(run))
        connection.close()
        print("advanced", flush=True)


def load(file: str, name: str) -> object:
    """Import that file, whatever else has its name."""
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
