"""What the tests need and do not find: skipped where a person sees it, failed where nobody would."""

from pathlib import Path

import pytest

from tests import need_browser, need_postgres


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o755)
    return path


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch, tmp_path):
    """A machine with neither a browser nor PostgreSQL, and nobody's CI."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))
    monkeypatch.setattr(need_postgres, "DEBIAN", tmp_path / "postgresql")
    for name in ("CHROMIUM", "PG_BIN", "CI"):
        monkeypatch.delenv(name, raising=False)


class TestFindBrowser:
    def test_is_none_on_a_bare_machine(self):
        assert need_browser.find_browser() is None

    @pytest.mark.parametrize("name", need_browser.NAMES)
    def test_finds_the_machines_own(self, tmp_path, name):
        assert need_browser.find_browser() is None
        found = program(tmp_path / "bin" / name)
        assert need_browser.find_browser() == str(found)

    def test_finds_what_playwright_downloaded(self, tmp_path):
        found = program(tmp_path / "playwright" / "chromium-1234" / "chrome-linux" / "chrome")
        assert need_browser.find_browser() == str(found)

    def test_takes_the_one_it_is_told_first(self, monkeypatch, tmp_path):
        program(tmp_path / "bin" / "chromium")
        monkeypatch.setenv("CHROMIUM", "/opt/chromium")
        assert need_browser.find_browser() == "/opt/chromium"


class TestFindPostgres:
    def test_is_none_on_a_bare_machine(self):
        assert need_postgres.find_postgres() is None

    def test_takes_debians_newest(self, tmp_path):
        for version in ("9.6", "15", "17"):
            program(tmp_path / "postgresql" / version / "bin" / "initdb")
        assert need_postgres.find_postgres() == tmp_path / "postgresql" / "17" / "bin"

    def test_takes_the_one_it_is_told_first(self, monkeypatch, tmp_path):
        program(tmp_path / "postgresql" / "17" / "bin" / "initdb")
        program(tmp_path / "own" / "initdb")
        monkeypatch.setenv("PG_BIN", str(tmp_path / "own"))
        assert need_postgres.find_postgres() == tmp_path / "own"

    def test_looks_on_the_path(self, tmp_path):
        program(tmp_path / "bin" / "initdb")
        assert need_postgres.find_postgres() == tmp_path / "bin"


class TestMain:
    @pytest.mark.parametrize(("module", "code"), [(need_browser, 0), (need_postgres, need_postgres.SKIP)])
    def test_says_loudly_what_is_skipped_and_what_mends_it(self, capsys, module, code):
        assert module.main() == code
        said = capsys.readouterr().err
        assert "SKIPPED" in said and "apt-get install" in said

    @pytest.mark.parametrize("module", [need_browser, need_postgres])
    @pytest.mark.parametrize("value", ["true", "1", "TRUE"])
    def test_fails_in_ci(self, capsys, monkeypatch, module, value):
        monkeypatch.setenv("CI", value)
        assert module.main() == 1
        assert "failure" in capsys.readouterr().err

    @pytest.mark.parametrize(("module", "name"), [(need_browser, "chromium"), (need_postgres, "initdb")])
    def test_is_silent_where_all_is_there(self, capsys, tmp_path, module, name):
        program(tmp_path / "bin" / name)
        assert module.main() == 0
        assert capsys.readouterr().err == ""
