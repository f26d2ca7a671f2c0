"""Copy third-party browser files from npm into the tree, and prove later, offline, that nobody changed them.

`python -m hitl_site.vendor` reads `static/vendor/vendor.toml`, fetches with `npm pack` and writes the files, their
licences, the icon sprite and `vendor.lock.json`. `--check` compares the tree with the lock and needs no network.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WANTED = Path("static/vendor/vendor.toml")
LOCK = Path("static/vendor/vendor.lock.json")
LICENCE = re.compile(r"licen[cs]e(\.md|\.txt)?", re.IGNORECASE)
SOURCE_MAP = re.compile(rb"\n?//# sourceMappingURL=\S+\s*$")
SVG = re.compile(r"<svg\b(?P<attributes>[^>]*)>(?P<body>.*)</svg>", re.DOTALL)
VIEW_BOX = re.compile(r'viewBox="[^"]+"')


class VendorError(Exception):
    """A package, file or icon could not be had, or the tree does not match its lock."""


def wanted(root: Path) -> list[dict[str, Any]]:
    """Return the packages listed in `vendor.toml`, in its order."""
    packages: list[dict[str, Any]] = tomllib.loads((root / WANTED).read_text())["package"]
    return packages


def digest(content: bytes) -> str:
    """Return the SHA-256 of `content` in hex."""
    return hashlib.sha256(content).hexdigest()


def symbol(name: str, svg: str) -> str:
    """Return `svg` as one `<symbol id=name>`, its outline taking colour and width from the page's own `.icon` rule."""
    found = SVG.search(svg)
    if found is None:
        raise VendorError(f"{name}: not an SVG")
    view_box = VIEW_BOX.search(found["attributes"])
    if view_box is None:
        raise VendorError(f"{name}: no viewBox")
    body = " ".join(found["body"].split()).replace("> <", "><")
    return f'<symbol id="{name}" {view_box[0]}>{body}</symbol>'


def sprite(symbols: list[str]) -> bytes:
    """Return one SVG file holding `symbols`, for `<use href="icons.svg#name">`."""
    body = "\n  ".join(symbols)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n  {body}\n</svg>\n'.encode()


def unpack(package: dict[str, Any], folder: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Fetch `package` into `folder`; return its files by path and what npm says about the tarball."""
    asked = f"{package['name']}@{package['version']}"
    done = subprocess.run(
        ["npm", "pack", asked, "--json", "--silent"], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise VendorError(f"{asked}: npm pack failed: {done.stderr.strip()}")
    facts = json.loads(done.stdout)
    fact = next(iter(facts.values())) if isinstance(facts, dict) else facts[0]  # npm 11.19 answers by name
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        members = [(m.name.partition("/")[2], archive.extractfile(m)) for m in archive if m.isfile()]
        return {path: handle.read() for path, handle in members if handle}, fact


def files_of(package: dict[str, Any], content: dict[str, bytes], root: Path) -> dict[str, bytes]:
    """Return what `package` puts into the tree: path from the root → bytes, the licence and the sprite included."""
    folder = package["to"]
    result = {}
    for path in [*package["files"], *(path for path in content if LICENCE.fullmatch(path))]:
        if path not in content:
            raise VendorError(f"{package['name']}: no file {path}")
        result[f"{folder}/{Path(path).name}"] = SOURCE_MAP.sub(b"\n", content[path])
    if plan := package.get("sprite"):
        own = [symbol(Path(path).stem, (root / path).read_text()) for path in plan["own"]]
        icons = [(name, content.get(f"{plan['folder']}/{name}.svg")) for name in plan["icons"]]
        if missing := [name for name, svg in icons if svg is None]:
            raise VendorError(f"{package['name']}: no icons {', '.join(missing)}")
        result[plan["to"]] = sprite(own + [symbol(name, svg.decode()) for name, svg in icons if svg])
    return result


def pull(root: Path) -> None:
    """Fetch every wanted package, write its files below `root`, and write the lock."""
    lock = {}
    for package in wanted(root):
        with tempfile.TemporaryDirectory() as folder:
            content, fact = unpack(package, Path(folder))
        files = files_of(package, content, root)
        for path, data in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        lock[package["name"]] = {
            "version": package["version"],
            "integrity": fact["integrity"],
            "licence": json.loads(content["package.json"]).get("license", ""),
            "files": {path: digest(data) for path, data in sorted(files.items())},
        }
    (root / LOCK).write_text(json.dumps(lock, indent=2) + "\n")


def problems(root: Path) -> list[str]:
    """Return one sentence for each difference between the tree below `root` and its lock; empty when they agree."""
    lock = json.loads((root / LOCK).read_text())
    found = []
    for package in wanted(root):
        locked = lock.get(package["name"])
        if locked is None or locked["version"] != package["version"]:
            found.append(f"{package['name']}: the lock does not hold version {package['version']}")
    for path, expected in ((p, d) for entry in lock.values() for p, d in entry["files"].items()):
        if not (root / path).is_file():
            found.append(f"{path}: missing")
        elif digest((root / path).read_bytes()) != expected:
            found.append(f"{path}: changed since it was vendored")
    return found


def main(arguments: list[str] | None = None) -> int:
    """Fetch, or with `--check` verify; return the process's exit code."""
    parser = argparse.ArgumentParser(prog="python -m hitl_site.vendor", description="Third-party browser files.")
    parser.add_argument("--check", action="store_true", help="compare the tree with the lock, offline")
    options = parser.parse_args(arguments)
    try:
        if not options.check:
            pull(ROOT)
        found = problems(ROOT)
    except VendorError as error:
        found = [str(error)]
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
