"""Finds PostgreSQL: python -m tests.need_postgres exits with 0 where it is here, with 3 to skip, in CI with 1."""

import os
import shutil
import sys
from pathlib import Path

from tests.need_browser import announce_absence, in_ci

MEND = "No PostgreSQL server programs here. Get them:  apt-get install postgresql   or name their folder in PG_BIN"
SKIP = 3
DEBIAN = Path("/usr/lib/postgresql")


def find_postgres() -> Path | None:
    """The folder of initdb and postgres: PG_BIN, else Debian's newest, else that of the PATH, else None."""
    on_path = shutil.which("initdb")
    folders = [
        os.environ.get("PG_BIN"),
        *sorted(DEBIAN.glob("*/bin"), key=_version, reverse=True),
        on_path and Path(on_path).parent,
    ]
    return next((Path(folder) for folder in folders if folder and (Path(folder) / "initdb").exists()), None)


def _version(folder: Path) -> float:
    try:
        return float(folder.parent.name)
    except ValueError:
        return 0


def main() -> int:
    """The exit code: 0 where PostgreSQL is here, 3 where its tests may be skipped, 1 where that is a failure."""
    if find_postgres() is not None:
        return 0
    announce_absence(MEND)
    return 1 if in_ci() else SKIP


if __name__ == "__main__":
    sys.exit(main())
