"""Review policies as files: out of the desk, into it as drafts, or checked where they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandParser
from django.db import transaction

from reviews import access
from reviews.actions import policy_bodies, policy_defaults, review_policies
from reviews.management import lookup, policy_files, text
from reviews.management.cli import Answer, DeskCommand, Misused, Refused, add_as
from reviews.management.policy_files import Bodies
from reviews.models import ReviewPolicy
from reviews.models.review_policy import BODY
from reviews.policies import BadRule, place


class Command(DeskCommand):
    """Exports, imports or checks a folder of policies."""

    help = "Write the policies in force to a folder, make drafts of a folder's, or check a folder."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=("export", "import", "check"), help="check reads no database")
        parser.add_argument("folder", type=Path, help="one JSON file for each policy")
        add_as(parser, "who imports; somebody else has to activate what they import")
        parser.add_argument("--replace-drafts", action="store_true", help="import over drafts that are there")

    def answer(self, *, what: str, folder: Path, username: str | None, replace_drafts: bool, **_: Any) -> Answer:
        if what == "export":
            return _exported(folder)
        by = _importer(username) if what == "import" else None
        bodies = _read(folder)
        if by is None:
            said = {"checked": sorted(bodies)}
            return Answer(said, f"{_count(len(bodies))} can be read.")
        return _imported(bodies, by, replace_drafts=replace_drafts)


def _importer(username: str | None) -> User:
    """Who imports; who may change no policy learns nothing of what is there. Raises Misused, PermissionDenied."""
    by = lookup.account(username)
    if by is None:
        raise Misused("import needs to know in whose name: add --as USERNAME.")
    access.require_policy_writer(by)
    return by


def _exported(folder: Path) -> Answer:
    policy_defaults.meet_all()
    rows = list(ReviewPolicy.objects.active())
    written = policy_files.write(folder, rows)
    stray = sorted({path.stem for path in folder.glob("*.json")} - {row.slug for row in rows})
    said = {"exported": [{"policy": row.slug, "version": row.version, "digest": row.digest} for row in rows]}
    lines = [f"{_count(len(rows))} in force; {len(written)} file(s) written to {folder}."]
    if stray:
        lines.append(f"Not in force, left as they are: {', '.join(stray)}.")
    return Answer(said | {"written": written, "stray": stray}, text.visible("\n".join(lines)))


def _read(folder: Path) -> Bodies:
    bodies, wrong = policy_files.read(folder)
    if wrong:
        lines = [
            f"{name}: {place(key)}: {said}" if key else f"{name}: {said}"
            for name, errors in wrong.items()
            for key, said in errors.items()
        ]
        raise Refused("\n".join(lines), code="invalid", errors=wrong)
    if not bodies:
        raise Refused(f"There is no policy in {folder}.", code="not_found")
    return bodies


@transaction.atomic
def _imported(bodies: Bodies, by: User, *, replace_drafts: bool) -> Answer:
    """All of them or, where one is refused, none."""
    policy_defaults.meet_all()
    drafts = [row for slug, body in bodies.items() if (row := _draft(slug, body, by, replace_drafts=replace_drafts))]
    same = sorted(set(bodies) - {row.slug for row in drafts})
    lines = [f"{row} is a draft now." for row in drafts]
    lines += [f"{slug} says what is there already." for slug in same]
    made = [{"policy": row.slug, "version": row.version, "id": row.pk, "digest": row.digest} for row in drafts]
    return Answer({"drafts": made, "unchanged": same}, "\n".join(lines))


def _draft(slug: str, body: dict[str, Any], by: User, *, replace_drafts: bool) -> ReviewPolicy | None:
    """The draft that now says what the file says; None where the draft, or else the version in force, says it."""
    versions = {row.status: row for row in ReviewPolicy.objects.of(slug).exclude(status="retired")}
    waiting = versions.get("draft") or versions.get("shadow") or versions.get("active")
    said = policy_bodies.usual(slug) | {"note": ""} | body
    if waiting is not None and _says(waiting, said):
        return None
    if waiting is not None and waiting.is_draft and replace_drafts:
        return review_policies.save(waiting.pk, by=by, body=said)
    return review_policies.draft(slug, by=by, body=said, source="file")


def _says(row: ReviewPolicy, body: dict[str, Any]) -> bool:
    """Whether the version says the same, however its rules were once written; one that was altered says nothing."""
    try:
        kept = policy_bodies.written(row.rules)
    except BadRule:
        return False
    same = all(getattr(row, key) == body[key] for key in BODY if key != "rules")
    return same and kept == policy_bodies.written(body["rules"]) and row.digest == row.signature()


def _count(number: int) -> str:
    return f"{number} polic{'y' if number == 1 else 'ies'}"
