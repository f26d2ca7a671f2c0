"""When make installs: as the locks say, not as the clock does."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {".installed": "requirements.lock", ".installed-test": "requirements-test.lock"}


class Workshop:
    """A copy of the Makefile and its locks, whose pip only notes that it was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "venv" / "bin").mkdir(parents=True)
        (folder / "venv" / "bin" / "python").touch()
        shutil.copy(ROOT / "Makefile", folder)
        for lock in LOCKS.values():
            (folder / lock).write_text(f"{lock}, as it was\n")

    def installs(self, stamp: str) -> list[str]:
        """What is installed for that stamp."""
        command = ["make", "--silent", f"venv/{stamp}", "VENV=venv", "PIP=echo pip"]
        made = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True)
        return [line.rpartition(" ")[2] for line in made.stdout.splitlines() if line.startswith("pip")]

    def is_younger(self, lock: str) -> None:
        """The lock was written just now, whatever it says."""
        later = (self.folder / "venv" / "bin" / "python").stat().st_mtime + 60
        os.utime(self.folder / lock, (later, later))


@pytest.fixture
def workshop(tmp_path):
    return Workshop(tmp_path)


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
class TestStamps:
    @pytest.mark.parametrize(("stamp", "lock"), LOCKS.items())
    def test_install_once(self, workshop, stamp, lock):
        assert workshop.installs(stamp) == [lock]
        assert workshop.installs(stamp) == []

    @pytest.mark.parametrize(("stamp", "lock"), LOCKS.items())
    def test_do_not_heed_that_a_lock_is_only_younger(self, workshop, stamp, lock):
        workshop.installs(stamp)
        workshop.is_younger(lock)

        assert workshop.installs(stamp) == []

    @pytest.mark.parametrize(("stamp", "lock"), LOCKS.items())
    def test_heed_what_a_lock_says(self, workshop, stamp, lock):
        workshop.installs(stamp)
        (workshop.folder / lock).write_text("something newer\n")
        workshop.is_younger(lock)

        assert workshop.installs(stamp) == [lock]

    def test_of_the_tests_hold_what_the_demo_needs(self, workshop):
        workshop.installs(".installed-test")

        assert workshop.installs(".installed") == []
