"""The import contracts bite: each of these breaches, made in a copy of the tree, must be found."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_conventions import PACKAGES, ROOT

BREACHES = {
    "a model that calls a verb": ("reviews/models/run.py", "from reviews.actions import runs", "floors of reviews"),
    "a verb that rings the bell": ("reviews/actions/runs.py", "from reviews import live", "floors of reviews"),
    "a module without a floor": ("reviews/attic.py", "", "reviews.attic"),
    "a domain that knows the task queue": ("reviews/actions/runs.py", "import celery", "reviews knows no queue"),
    "a domain that knows the SDK": ("reviews/web/runs.py", "import agents", "reviews knows no queue"),
    "a domain that knows the runtime": ("reviews/events.py", "import agents_runtime", "The house"),
    "a runtime that knows the pages": ("agents_runtime/worker.py", "import reviews.web.runs", "not to the web"),
    "a worker that reaches past the door": ("agents_runtime/worker.py", "import agents", "stays behind its door"),
    "somebody who imports the roof": ("agents_runtime/worker.py", "import hitl_site.settings", "The house"),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The packages and their contracts."""
    folder = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    tool = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([tool], cwd=folder, capture_output=True, text=True, check=False)


class TestContracts:
    def test_hold(self, copy):
        ended = lint(copy)
        assert ended.returncode == 0, ended.stdout

    @pytest.mark.parametrize(("module", "line", "named"), BREACHES.values(), ids=BREACHES)
    def test_find(self, copy, module, line, named):
        path = copy / module
        before = path.read_text() if path.exists() else None
        path.write_text(f"{before or ''}\n{line}\n")
        try:
            ended = lint(copy)
        finally:
            path.unlink() if before is None else path.write_text(before)

        assert ended.returncode == 1
        assert named in ended.stdout.split("Broken contracts")[1]
