"""The random-kill campaign: python -m tests.chaos --runs 500 --kills 100 --stack postgres --seed 1."""

import os
import random
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

from tests.chaos import crew

FOREIGN = ("BROKER_URL", "DATABASE_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "REDIS_URL", "FOUREYES_MODEL")


def main() -> int:
    """Run it in a folder of its own, which is kept when something is wrong; the exit code is 0 when nothing is."""
    parser = ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--stack", choices=("postgres", "embedded"), default="embedded")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--lease", type=int, default=3, help="seconds a worker owns a run without a sign of life")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="foureyes-chaos-"))
    folder.chmod(0o755)  # PostgreSQL serves from a folder in it, as somebody else
    told = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    command = [sys.executable, "-m", "django", "campaign"]
    counts = [f"--{name}={getattr(chosen, name)}" for name in ("runs", "kills", "seed")]
    environment = told | crew.environment(folder, chosen.stack, chosen.lease)
    code = subprocess.run([*command, *counts], env=environment).returncode
    if code == 0:
        shutil.rmtree(folder)
    return code


if __name__ == "__main__":
    sys.exit(main())
