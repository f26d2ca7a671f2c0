"""The world outside of the product, where effects happen: a file that only grows, and a bank that knows keys."""

import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

FOLDER = "CHAOS_OUTSIDE"


def folder() -> Path:
    """Where the world lies."""
    return Path(os.environ[FOLDER])


def begin(key: str) -> None:
    """A tool has begun to act."""
    _append("begun", {"key": key, "at": time.time(), "pid": os.getpid()})


def happen(key: str, tool: str, arguments: dict[str, Any]) -> None:
    """An effect, as often as it is called: on the disk before this returns."""
    _append("effects", {"key": key, "tool": tool, "arguments": arguments, "at": time.time(), "pid": os.getpid()})


def happen_once(key: str, tool: str, arguments: dict[str, Any]) -> None:
    """An effect in a system that recognises a repeated key."""
    with closing(_bank()) as bank, bank:
        bank.execute("INSERT INTO tries (key) VALUES (?)", (key,))
        bank.execute("INSERT OR IGNORE INTO effects VALUES (?, ?, ?)", (key, tool, json.dumps(arguments)))


def effects() -> list[dict[str, Any]]:
    """All that happened, in both places."""
    with closing(_bank()) as bank:
        rows = bank.execute("SELECT key, tool, arguments FROM effects").fetchall()
    known = [{"key": key, "tool": tool, "arguments": json.loads(text)} for key, tool, text in rows]
    return _lines("effects") + known


def repeats() -> int:
    """How often a key came again to the system that recognises it."""
    with closing(_bank()) as bank:
        return int(bank.execute("SELECT COUNT(*) - COUNT(DISTINCT key) FROM tries").fetchone()[0])


def happened(key: str) -> bool:
    """Whether anything did under that key."""
    return any(effect["key"] == key for effect in effects())


def last_begun(key: str) -> float:
    """When a tool last began under that key, in seconds since 1970; 0 where none did."""
    return max((line["at"] for line in _lines("begun") if line["key"] == key), default=0.0)


def newest() -> dict[str, Any] | None:
    """The tool that began last; its line is read while others are written."""
    path = folder() / "begun"
    if not path.exists():
        return None
    with path.open("rb") as lines:
        lines.seek(max(0, path.stat().st_size - 500))
        whole = lines.read().rpartition(b"\n")[0].rpartition(b"\n")[2]
    return json.loads(whole) if whole else None


def prepare() -> None:
    """Open the bank."""
    with closing(_bank()) as bank, bank:
        bank.execute("PRAGMA journal_mode=WAL")
        bank.execute("CREATE TABLE IF NOT EXISTS effects (key TEXT PRIMARY KEY, tool TEXT, arguments TEXT)")
        bank.execute("CREATE TABLE IF NOT EXISTS tries (key TEXT)")


def _bank() -> sqlite3.Connection:
    return sqlite3.connect(folder() / "bank.sqlite3", timeout=30)


def _append(name: str, record: dict[str, Any]) -> None:
    line = json.dumps(record).encode() + b"\n"
    file = os.open(folder() / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        assert os.write(file, line) == len(line)
        os.fsync(file)
    finally:
        os.close(file)


def _lines(name: str) -> list[dict[str, Any]]:
    path = folder() / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
