"""Finds Chromium for the browser tests: python -m tests.need_browser says whether they can run here."""

import os
import shutil
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
MEND = "No Chromium here. Get one:  apt-get install chromium   or   .venv/bin/playwright install chromium"


def in_ci() -> bool:
    """Whether what is missing is a failure, not a reason to skip."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def find_browser() -> str | None:
    """The browser named by CHROMIUM, else the machine's, else the one Playwright downloaded, else None."""
    if named := os.environ.get("CHROMIUM"):
        return named
    for name in NAMES:
        if found := shutil.which(name):
            return found
    default = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "ms-playwright"
    downloads = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or default)
    return next((str(path) for path in sorted(downloads.glob("chromium-*/chrome-*/[cC]hrom*")) if path.is_file()), None)


def announce_absence(what: str) -> None:
    """Say it so that nobody overlooks it."""
    verdict = "In CI this is a failure." if in_ci() else "The tests that need it are SKIPPED."
    print(f"\n{'!' * 100}\n!!  {what}\n!!  {verdict}\n{'!' * 100}\n", file=sys.stderr)


def main() -> int:
    """The exit code: 0 where the tests can run or may be skipped, 1 where that is a failure."""
    if find_browser() is not None:
        return 0
    announce_absence(MEND)
    return 1 if in_ci() else 0


if __name__ == "__main__":
    sys.exit(main())
