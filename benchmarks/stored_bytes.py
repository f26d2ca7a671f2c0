"""What every checkpoint of a long run takes when all are kept, and what a gate takes beside the SDK's own ``to_json``.

python -m benchmarks.stored_bytes --turns 200 --rounds 3
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from benchmarks.peers.texts import TURNS
from benchmarks.services import ROOT, Services


def main() -> int:
    """Start the servers, then play in a process that knows their addresses."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--turns", type=int, default=max(TURNS))
    options.add_argument("--rounds", type=int, default=3)
    asked = options.parse_args()
    services = Services()
    services.migrate()
    environment = services.environment() | {"PYTHONPATH": os.fspath(ROOT), "FOUREYES_KEEP_ALL_CHECKPOINTS": "1"}
    command = [sys.executable, "-m", "benchmarks.peers.stored", str(asked.turns), str(asked.rounds)]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
