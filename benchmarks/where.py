"""Where the time of our own part goes: one process plays web and worker under cProfile, without a queue between them.

python -m benchmarks.where --cycles 50
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from benchmarks.services import ROOT, Services


def main() -> int:
    """Start the servers, then profile in a process that knows their addresses."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cycles", type=int, default=50)
    asked = options.parse_args()
    services = Services()
    services.migrate()
    command = [sys.executable, "-m", "benchmarks.peers.profiled", str(asked.cycles)]
    return subprocess.run(command, cwd=ROOT, env=services.environment() | {"PYTHONPATH": os.fspath(ROOT)}).returncode


if __name__ == "__main__":
    sys.exit(main())
