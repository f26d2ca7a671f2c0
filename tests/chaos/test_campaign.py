"""The campaign in short; the long one is `make chaos`."""

import subprocess
import sys

import pytest

from tests.services import on_postgres

SHORT = ("--runs", "24", "--kills", "8")


@pytest.mark.services
def test_no_effect_happens_twice_or_is_lost_whatever_dies(record_property):
    stack = "postgres" if on_postgres() else "embedded"
    command = [sys.executable, "-m", "tests.chaos", *SHORT, "--stack", stack]

    done = subprocess.run(command, capture_output=True, text=True, timeout=600)

    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
    assert "kills             8" in done.stdout
