"""The tool that copies third-party browser files, without a network: `npm pack` is replaced by a tarball made here."""

import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from hitl_site import vendor

SVG = '<!-- tags --><svg width="24" viewBox="0 0 24 24" class="x">\n <path d="M1 1"/>\n</svg>'
PLAN = """
[[package]]
name = "toy"
version = "1.0.0"
to = "static/vendor/toy"
files = ["dist/toy.js"]

[package.sprite]
to = "static/desk/icons.svg"
own = ["static/desk/mark.svg"]
folder = "icons"
icons = ["check"]
"""
TOY = {
    "package/package.json": '{"license": "MIT"}',
    "package/LICENSE": "Do what you like.",
    "package/dist/toy.js": "toy()\n//# sourceMappingURL=toy.js.map\n",
    "package/icons/check.svg": SVG,
    "package/notes.md": "not asked for",
}


def tarball(path: Path, files: dict[str, str]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for folder in ("static/vendor", "static/desk"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / vendor.WANTED).write_text(PLAN)
    (tmp_path / "static/desk/mark.svg").write_text(SVG)
    return tmp_path


@pytest.fixture
def npm(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Stand in for `npm pack`; returns the files of the package it hands out."""
    files = dict(TOY)

    def pack(command: list[str], *, cwd: Path, **_: object) -> subprocess.CompletedProcess[str]:
        assert command[:3] == ["npm", "pack", "toy@1.0.0"]
        tarball(cwd / "toy-1.0.0.tgz", files)
        return subprocess.CompletedProcess(command, 0, json.dumps([{"integrity": "sha512-abc"}]), "")

    monkeypatch.setattr(vendor.subprocess, "run", pack)
    return files


@pytest.mark.usefixtures("npm")
class TestPull:
    def test_writes_the_files_asked_for_and_the_licence_and_nothing_else(self, tree):
        vendor.pull(tree)

        written = {path.name for path in (tree / "static/vendor/toy").iterdir()}
        assert written == {"toy.js", "LICENSE"}

    def test_drops_the_source_map_line_that_manifest_storage_would_stumble_over(self, tree):
        vendor.pull(tree)

        assert (tree / "static/vendor/toy/toy.js").read_text() == "toy()\n"

    def test_locks_version_integrity_licence_and_digests(self, tree):
        vendor.pull(tree)

        lock = json.loads((tree / vendor.LOCK).read_text())["toy"]
        assert (lock["version"], lock["integrity"], lock["licence"]) == ("1.0.0", "sha512-abc", "MIT")
        assert lock["files"]["static/vendor/toy/toy.js"] == vendor.digest(b"toy()\n")

    def test_builds_one_sprite_of_our_mark_and_their_icons(self, tree):
        vendor.pull(tree)

        sprite = (tree / "static/desk/icons.svg").read_text()
        assert '<symbol id="mark" viewBox="0 0 24 24"><path d="M1 1"/></symbol>' in sprite
        assert '<symbol id="check"' in sprite

    def test_leaves_a_tree_without_problems(self, tree):
        vendor.pull(tree)

        assert vendor.problems(tree) == []

    def test_names_the_icon_that_does_not_exist(self, tree, npm):
        del npm["package/icons/check.svg"]

        with pytest.raises(vendor.VendorError, match="toy: no icons check"):
            vendor.pull(tree)

    def test_names_the_file_that_does_not_exist(self, tree, npm):
        del npm["package/dist/toy.js"]

        with pytest.raises(vendor.VendorError, match="toy: no file dist/toy.js"):
            vendor.pull(tree)


class TestUnpack:
    def test_reads_the_answer_of_an_npm_that_lists_by_name(self, tmp_path, monkeypatch):
        def pack(command, *, cwd, **_):
            tarball(cwd / "toy-1.0.0.tgz", TOY)
            return subprocess.CompletedProcess(command, 0, json.dumps({"toy": {"integrity": "sha512-new"}}), "")

        monkeypatch.setattr(vendor.subprocess, "run", pack)

        content, fact = vendor.unpack({"name": "toy", "version": "1.0.0"}, tmp_path)

        assert fact["integrity"] == "sha512-new"
        assert content["LICENSE"] == b"Do what you like."

    def test_says_what_npm_said_when_it_fails(self, tmp_path, monkeypatch):
        failed = subprocess.CompletedProcess([], 1, "", "no such version\n")
        monkeypatch.setattr(vendor.subprocess, "run", lambda *_, **__: failed)

        with pytest.raises(vendor.VendorError, match="toy@1.0.0: npm pack failed: no such version"):
            vendor.unpack({"name": "toy", "version": "1.0.0"}, tmp_path)


class TestSymbol:
    @pytest.mark.parametrize("svg", ["<p>hello</p>", "<svg><path/></svg>"])
    def test_refuses_what_is_no_drawing(self, svg):
        with pytest.raises(vendor.VendorError, match="odd"):
            vendor.symbol("odd", svg)


@pytest.mark.usefixtures("npm")
class TestProblems:
    def test_catch_one_changed_byte(self, tree):
        vendor.pull(tree)
        with (tree / "static/vendor/toy/toy.js").open("ab") as handle:
            handle.write(b" ")

        assert vendor.problems(tree) == ["static/vendor/toy/toy.js: changed since it was vendored"]

    def test_catch_a_missing_file(self, tree):
        vendor.pull(tree)
        shutil.rmtree(tree / "static/vendor/toy")

        assert "static/vendor/toy/toy.js: missing" in vendor.problems(tree)

    def test_catch_a_version_asked_for_and_never_pulled(self, tree):
        vendor.pull(tree)
        (tree / vendor.WANTED).write_text(PLAN.replace("1.0.0", "2.0.0"))

        assert vendor.problems(tree) == ["toy: the lock does not hold version 2.0.0"]


class TestMain:
    def test_finds_this_repository_as_it_was_vendored(self):
        assert vendor.main(["--check"]) == 0

    def test_fails_and_says_why(self, tree, npm, monkeypatch, capsys):
        monkeypatch.setattr(vendor, "ROOT", tree)
        npm.pop("package/dist/toy.js")

        assert vendor.main([]) == 1
        assert "no file dist/toy.js" in capsys.readouterr().err
