"""What people do to review policies: draft, save, try in shadow, activate as a second person, retire, discard."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from reviews import access, audit
from reviews.actions import policy_bodies, tested
from reviews.actions.errors import Conflict, Invalid
from reviews.actors import Actor, name_of
from reviews.audit import Act
from reviews.models import PolicyMark, ReviewPolicy
from reviews.states import PolicyStatus

OWN_DRAFT = "You wrote some of this version, so somebody else has to put it in force."
OWN_WISH = "You asked for this already; somebody else has to confirm it."


def draft(slug: str, *, by: User, body: Mapping[str, Any] | None = None, source: str = "desk") -> ReviewPolicy:
    """Begin a new version: of the one in force, else of the newest; of a new policy where there is none.

    ``body`` changes what it says at once. Raises Conflict where there is a draft already, Invalid, PermissionDenied.
    """
    access.require_policy_writer(by)
    said = policy_bodies.checked({"slug": slug, **(body or {})})
    try:
        with transaction.atomic():
            made = begun(slug, said, by=by, source=source)
            audit.record(Act("policy.drafted", Actor.of(by), data=told(made, rules=made.rules)))
            return made
    except IntegrityError:
        raise Conflict(f"Somebody else has just begun a version of {slug}.") from None


def begun(
    slug: str, body: Mapping[str, Any], *, by: User | None, source: str, in_force: bool = False, **more: Any
) -> ReviewPolicy:
    """A new draft of a policy that has none; or, beside any draft, a version ``in_force`` of one that has none.

    Part of a transaction; raises Conflict, IntegrityError.
    """
    versions = _locked(slug)
    waiting = next((row for row in versions if row.is_draft), None)
    if waiting is not None and not in_force:
        author = name_of(waiting.edited_by) if waiting.edited_by else "the system"
        raise Conflict(f"{waiting} is a draft already; {author} wrote it last.")
    base = next((row for row in versions if row.status == PolicyStatus.ACTIVE), versions[0] if versions else None)
    usual = policy_bodies.usual(slug)
    said = {key: getattr(base, key) for key in usual} if base else usual
    now = timezone.now()
    more |= {"status": PolicyStatus.ACTIVE, "activated_at": now} if in_force else {}
    made = ReviewPolicy(
        **said | {"slug": slug, "note": "", **body},
        version=versions[0].version + 1 if versions else 1,
        source=source,
        created_by=by,
        created_at=now,
        edited_by=by,
        edited_at=now,
        wrote=_writers(base, by),
        **more,
    )
    made.digest = made.signature()
    made.save(force_insert=True)
    return made


@transaction.atomic
def save(policy_id: int, *, by: User, body: Mapping[str, Any], seen: str = "") -> ReviewPolicy:
    """Change what a draft says. ``seen`` is the digest of what was edited.

    Raises Conflict where it is no draft any more or was changed since, Invalid with what is wrong by key.
    """
    row = _taken(policy_id, by, seen)
    if not row.is_draft:
        raise Conflict(f"{row} is {row.get_status_display().lower()} and no longer edited; begin a new version.")
    if body.get("slug", row.slug) != row.slug:
        raise Invalid(slug="A policy keeps its short name.")
    said = policy_bodies.checked(body)
    before = row.digest
    for key, value in said.items():
        setattr(row, key, value)
    row.digest, row.edited_by, row.edited_at = row.signature(), by, timezone.now()
    row.wrote = sorted({*row.wrote, by.pk})
    row.save(update_fields=[*(key for key in said if key != "slug"), "digest", "edited_by", "edited_at", "wrote"])
    audit.record(Act("policy.saved", Actor.of(by), data=told(row, before=before, rules=row.rules)))
    return row


@transaction.atomic
def start_shadow(policy_id: int, *, by: User, seen: str = "") -> ReviewPolicy:
    """Let a draft be asked beside the policies in force, without effect; it replaces an earlier one on trial."""
    row = _taken(policy_id, by, seen)
    if row.status != PolicyStatus.DRAFT:
        raise Conflict(f"{row} is {row.get_status_display().lower()}; only a draft can be tried in shadow.")
    acts = _replaced(row, PolicyStatus.SHADOW, by)
    row.move_to(PolicyStatus.SHADOW, shadowed_at=timezone.now())
    touch()
    audit.record(*acts, Act("policy.shadowed", Actor.of(by), data=told(row)))
    return row


@transaction.atomic
def activate(policy_id: int, *, by: User, seen: str = "", known: str | None = None) -> ReviewPolicy:
    """Put a version in force, in place of the one that is; needs another person than who wrote any of it.

    ``seen`` is the digest of what this person read, ``known`` the mark of its back-tests that they know of, empty where
    they said nothing; None asks for no such word. Raises Conflict, PermissionDenied.
    """
    row = _taken(policy_id, by, seen)
    if row.status not in (PolicyStatus.DRAFT, PolicyStatus.SHADOW):
        faster = f", by {name_of(row.activated_by)}" if row.activated_by else ""
        raise Conflict(f"{row} is {row.get_status_display().lower()} already{faster}.")
    if not access.is_second_person(by, row):
        raise PermissionDenied(OWN_DRAFT)
    if said := row.read().unreadable:
        raise Conflict(f"{row} cannot be put in force: {said}.")
    back_tests = tested.of(row)
    if known is not None and known != back_tests.mark:
        raise Conflict(_unknown(back_tests, known))
    acts = _replaced(row, PolicyStatus.ACTIVE, by)
    row.move_to(PolicyStatus.ACTIVE, activated_by=by, activated_at=timezone.now())
    touch()
    data = told(row, written_by=_writer(row), rules=row.rules)
    data |= {"back_test": tested.figures(back_tests.last) if back_tests.last else None}
    audit.record(*acts, Act("policy.activated", Actor.of(by), data=data))
    return row


@transaction.atomic
def retire(policy_id: int, *, by: User) -> ReviewPolicy:
    """End a trial; or take a policy out of force, which one person asks for and a second one confirms by the same.

    Raises Conflict for a draft, for one that is retired, and for who asked for it already.
    """
    row = _taken(policy_id, by)
    if row.status not in (PolicyStatus.SHADOW, PolicyStatus.ACTIVE):
        raise Conflict(f"{row} is {row.get_status_display().lower()}; nothing of it is in use.")
    if row.status == PolicyStatus.ACTIVE and row.retiring_by_id in (None, by.pk):
        if row.retiring_by_id == by.pk:
            raise Conflict(OWN_WISH)
        row.retiring_by = by
        row.save(update_fields=["retiring_by"])
        audit.record(Act("policy.retirement_asked", Actor.of(by), data=told(row)))
        return row
    asked = {"asked_by": row.retiring_by.get_username()} if row.retiring_by else {}
    row.move_to(PolicyStatus.RETIRED, retired_at=timezone.now())
    touch()
    audit.record(Act("policy.retired", Actor.of(by), data=told(row, **asked)))
    return row


@transaction.atomic
def keep(policy_id: int, *, by: User) -> ReviewPolicy:
    """Withdraw or turn down the wish to retire a policy. Raises Conflict where nobody has it."""
    row = _taken(policy_id, by)
    if row.status != PolicyStatus.ACTIVE or row.retiring_by_id is None:
        raise Conflict(f"Nobody asks to retire {row}.")
    row.retiring_by = None
    row.save(update_fields=["retiring_by"])
    audit.record(Act("policy.kept", Actor.of(by), data=told(row)))
    return row


@transaction.atomic
def discard(policy_id: int, *, by: User) -> ReviewPolicy:
    """Give a draft up; its number is not used again. Raises Conflict where it is no draft."""
    row = _taken(policy_id, by)
    if not row.is_draft:
        raise Conflict(f"{row} is {row.get_status_display().lower()}; only a draft can be discarded.")
    row.move_to(PolicyStatus.RETIRED, retired_at=timezone.now())
    touch()  # what an agent's code proposed and found no room for is proposed now
    audit.record(Act("policy.discarded", Actor.of(by), data=told(row)))
    return row


def touch() -> None:
    """Tell every process that what is judged by has changed. Part of a transaction, before the book is signed."""
    PolicyMark.objects.update_or_create(pk=1, defaults={"token": uuid.uuid4()})


def hindrances(row: ReviewPolicy, user: User) -> dict[str, str]:
    """Why this person may not do each verb to this version, for buttons: empty text where they may."""
    closed = "" if access.writes_policies(user) else "Only managers and admins change policies."
    is_new = row.status in (PolicyStatus.DRAFT, PolicyStatus.SHADOW)
    in_use = row.status in (PolicyStatus.SHADOW, PolicyStatus.ACTIVE)
    status = f"This version is {row.get_status_display().lower()}."
    own_wish = OWN_WISH if row.status == PolicyStatus.ACTIVE and row.retiring_by_id == user.pk else ""
    return {
        "save": closed or ("" if row.is_draft else status),
        "start_shadow": closed or ("" if row.is_draft else status),
        "activate": closed or ("" if is_new else status) or ("" if access.is_second_person(user, row) else OWN_DRAFT),
        "retire": closed or ("" if in_use else status) or own_wish,
        "keep": closed or ("" if row.retiring_by_id and in_use else "Nobody asks to retire it."),
        "discard": closed or ("" if row.is_draft else status),
    }


def told(row: ReviewPolicy, **more: Any) -> dict[str, Any]:
    """What the book keeps of one version; what was in force when can be read from the book alone."""
    said = {"policy": row.slug, "version": row.version, "status": row.status, "digest": row.digest}
    return said | more


def _taken(policy_id: int, by: User, seen: str = "") -> ReviewPolicy:
    """The version, with all of its policy locked; re-read, so that what is checked is what is changed."""
    access.require_policy_writer(by)
    slug = ReviewPolicy.objects.filter(pk=policy_id).values_list("slug", flat=True).first()
    row = next((row for row in _locked(slug) if row.pk == policy_id), None) if slug else None
    if row is None:
        raise PermissionDenied(f"There is no policy {policy_id} that you may change.")
    if seen and seen != row.digest:
        author = name_of(row.edited_by) if row.edited_by else "The system"
        raise Conflict(f"{author} has changed {row} since you read it.")
    return row


def _locked(slug: str) -> list[ReviewPolicy]:
    """Every version, newest first, locked in one order until the transaction ends."""
    # no joins: PostgreSQL reads a row again that it had to wait for, but not those joined to it; and no_key, as with
    # every row that a gate's rows may name: a gate that holds the book makes sure at its commit that they are there
    rows = ReviewPolicy.objects.select_for_update(no_key=True).filter(slug=slug).order_by("id")
    return sorted(rows, key=lambda row: -row.version)


def _replaced(row: ReviewPolicy, status: PolicyStatus, by: User) -> list[Act]:
    """Retire the version that has the place which this one takes."""
    acts = []
    for old in ReviewPolicy.objects.filter(slug=row.slug, status=status).exclude(pk=row.pk):
        old.move_to(PolicyStatus.RETIRED, retired_at=timezone.now())
        acts.append(Act("policy.retired", Actor.of(by), data=told(old, replaced_by=row.version)))
    return acts


def _writers(base: ReviewPolicy | None, by: User | None) -> list[int]:
    """Who has written what a new version begins with since a second person read it, and who begins it."""
    unread = {base.edited_by_id, *base.wrote} if base and base.activated_at is None else set()
    return sorted({*unread, by.pk if by else None} - {None})


def _unknown(back_tests: tested.Tested, known: str) -> str:
    """Why somebody who does not say that they know these figures puts nothing in force."""
    if not known and back_tests.doubt:
        return f"First tick that you know {back_tests.doubt}."
    return "A back-test was run since you read this page; look at its figures first."


def _writer(row: ReviewPolicy) -> str:
    return row.edited_by.get_username() if row.edited_by else "system"
