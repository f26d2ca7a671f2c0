"""Whether the book still says what was written into it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.db import IntegrityError, connection, transaction

from reviews import audit
from reviews.actors import SYSTEM
from reviews.audit import Act, Broken, triggers
from reviews.management.cli import Answer, DeskCommand, Refused

HINT = "Install them with: manage.py verify_audit --repair-triggers"


class Command(DeskCommand):
    """Walks the hash chain and looks for the triggers that protect it."""

    help = "Check every link of the audit log and that the database refuses to alter it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repair-triggers", action="store_true", help="install missing triggers, and record it")

    def answer(self, *, repair_triggers: bool, **_: Any) -> Answer:
        repaired, unsigned = _repair() if repair_triggers else ([], "")
        found, missing = audit.verify(), triggers.missing(connection)
        if isinstance(found, Broken):
            raise _broken(found, missing, unsigned)
        if missing:
            message = f"The audit log holds, but nothing protects it: {', '.join(missing)} missing. {HINT}"
            raise Refused(message, code="triggers_missing", missing_triggers=missing)
        data = {"ok": True, "entries": found.entries, "head": found.head, "repaired_triggers": repaired}
        told = f"The audit log holds: {found.entries:,} entries, each in its place.\nHead  {found.head}"
        return Answer(data, told + (f"\nInstalled again: {', '.join(repaired)}" if repaired else ""))


def _broken(found: Broken, missing: list[str], unsigned: str) -> Refused:
    message = f"The audit log is broken at entry {found.seq}: {found.problem}."
    if unsigned:
        message += f" {unsigned}"
    if missing:
        message += f" Triggers are missing too: {', '.join(missing)}. {HINT}"
    return Refused(message, code="audit_broken", seq=found.seq, problem=found.problem, missing_triggers=missing)


def _repair() -> tuple[list[str], str]:
    """Install the missing triggers and write so into the book, both or neither; returns their names and a warning."""
    with transaction.atomic():
        missing = triggers.missing(connection)
        if not missing:
            return [], ""
        triggers.create(connection)
        try:
            with transaction.atomic():
                audit.record(Act("audit.triggers_installed", SYSTEM, data={"triggers": missing}))
        except IntegrityError:  # the head was tampered with: no entry fits the book, but what is there gets its guard
            return missing, f"Installed again, but the book takes no entry of it: {', '.join(missing)}."
    return missing, ""
