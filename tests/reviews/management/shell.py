"""The command line as a test types it: in this process, or in one of its own."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.management import call_command
from django.db import connection

from hitl_site import databases

ROOT = Path(__file__).resolve().parents[3]


def call(*words: Any) -> str:
    """What the command prints; raises its refusal."""
    out = StringIO()
    call_command(words[0], *map(str, words[1:]), stdout=out, stderr=StringIO(), no_color=True)
    return out.getvalue()


def told(*words: Any) -> Any:
    """What the command tells programs; raises its refusal."""
    return json.loads(call(*words, "--json"))


def noted(*words: Any) -> str:
    """What the command says beside its answer."""
    err = StringIO()
    call_command(words[0], *map(str, words[1:]), stdout=StringIO(), stderr=err, no_color=True)
    return err.getvalue()


def manage(*words: Any, streams: dict[str, int] | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """manage.py in a process of its own, on the database of this test; what it must see has to be committed.

    ``streams`` gives it others to write to than those that are read here.
    """
    return subprocess.run(
        [sys.executable, "manage.py", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": _database_url(), **environment},
        text=True,
        timeout=120,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | (streams or {}),
    )


def _database_url() -> str:
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return databases.sqlite_url(name)
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
