"""One round of the clock over many open timers, on PostgreSQL and on SQLite: does it end within its interval?

python -m benchmarks.timers --timers 100000 --due 1000 --rounds 3
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.services import ROOT, Services


def main() -> int:
    """Start the servers, then let a process that knows their addresses fill each database and ring."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--timers", type=int, default=100_000)
    options.add_argument("--due", type=int, default=1_000)
    options.add_argument("--rounds", type=int, default=3)
    asked = options.parse_args()
    services = Services()
    with tempfile.TemporaryDirectory() as folder:
        environment = services.environment() | {"PYTHONPATH": os.fspath(ROOT)}
        sqlite = f"sqlite:///{Path(folder) / 'timers.sqlite3'}"
        codes = []
        for url in (environment["DATABASE_URL"], sqlite):
            here = environment | {"DATABASE_URL": url}
            subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], check=True, cwd=ROOT, env=here)
            figures = [str(asked.timers), str(asked.due), str(asked.rounds)]
            command = [sys.executable, "-m", "benchmarks.peers.timed", *figures]
            codes.append(subprocess.run(command, cwd=ROOT, env=here, check=False).returncode)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
