"""Policies as files in a folder, one each, written so that a change of a rule is a change of few lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reviews.actions import policy_bodies
from reviews.management.cli import Misused, Refused
from reviews.models import ReviewPolicy

KEYS = ("slug", "title", "agent", "position", "note", "rules")
LARGEST = 2_000_000
"""Bytes of one file."""
Bodies = dict[str, dict[str, Any]]


def write(folder: Path, rows: list[ReviewPolicy]) -> list[str]:
    """One file for each; those that say the same already are left alone. Returns the names of the others."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for row in rows:
            path, text = folder / f"{row.slug}.json", as_text(row)
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")
                written.append(path.name)
    except OSError as error:
        raise Refused(f"The folder {folder} cannot be written: {error.strerror}.", code="files") from error
    return written


def as_text(row: ReviewPolicy) -> str:
    """What one version says, in an order that never changes."""
    said = {key: getattr(row, key) for key in KEYS if key != "note" or row.note}
    return json.dumps(said, indent=2, ensure_ascii=False) + "\n"


def read(folder: Path) -> tuple[Bodies, dict[str, dict[str, str]]]:
    """What the files of a folder say, by slug, and what is wrong, by file and key. Raises Misused for no folder."""
    if not folder.is_dir():
        raise Misused(f"There is no folder {folder}.")
    bodies: Bodies = {}
    wrong: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("*.json")):
        body, errors = _one(path)
        if errors:
            wrong[path.name] = errors
        else:
            bodies[body["slug"]] = body
    return bodies, wrong


def _one(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    try:
        if path.stat().st_size > LARGEST:
            return {}, {"": f"The file has more than {LARGEST:,} bytes."}
        body = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_without_repeats)
    except OSError as error:
        return {}, {"": f"The file cannot be read: {error.strerror}."}
    except (ValueError, RecursionError) as error:
        return {}, {"": f"This is no JSON: {error}"}
    if not isinstance(body, dict):
        return {}, {"": f"Write an object with the keys {', '.join(KEYS)}."}
    missing = {key: "This key is missing." for key in ("slug", "rules") if key not in body}
    wrong = missing | policy_bodies.errors_in(body)
    if not wrong and path.stem != body["slug"]:
        wrong = {"slug": f"The file of {body['slug']!r} is named {body['slug']}.json."}
    return body, wrong


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of a key written twice nobody could tell which is meant."""
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"the key {key!r} is there twice")
    return dict(pairs)
