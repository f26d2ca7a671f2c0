"""What a verdict must carry, and what it does to the tool call it was given on."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from django.utils import timezone
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable

from reviews.actions.errors import Invalid
from reviews.models import Intervention, Saved, ToolCall
from reviews.models.writes import Write
from reviews.states import Kind, ToolCallStatus, Verdict

REJECTED = "A human reviewer rejected this call."
NOWHERE: Registry[Any] = Registry()  # where references outside of the schema lead; jsonschema's own would fetch them
MAX_TEXT = 20_000
"""Characters in one note, reason, context, answer or supplied output."""
MAX_JSON = 200_000
"""Characters in edited arguments or an edited final output, written as JSON."""
DEEPEST = 60
"""How often what a reviewer gives may be nested; a schema's own checks take many frames for each level."""


@dataclass(frozen=True)
class Said:
    """All a reviewer said with one verdict."""

    verdict: str
    note: str = ""
    reason: str = ""
    replacement: Any = None
    context: str = ""


AS_PROPOSED = Said(Verdict.APPROVE)


def checked(intervention: Intervention, said: Said, *, under_vote: Said = AS_PROPOSED) -> Said:
    """The verdict in its final form. Raises Invalid, naming each field that will not do.

    ``under_vote`` is what to approve it comes to, where a colleague has put something else to the vote.
    """
    if said.verdict not in intervention.verdicts:
        allowed = ", ".join(intervention.verdicts)
        raise Invalid(verdict=f"“{said.verdict}” cannot be said here; choose one of: {allowed}.")
    for name in ("note", "reason", "context"):
        if len(getattr(said, name)) > MAX_TEXT:
            raise Invalid(**{name: f"This text has more than {MAX_TEXT:,} characters; shorten it."})
    if intervention.policy.get("reason_required") and not said.reason:
        raise Invalid(reason="The rule that stopped this asks for your reason.")
    if intervention.kind == Kind.FINAL_OUTPUT and said.verdict == Verdict.REJECT and not said.note:
        raise Invalid(note="Tell the agent what to change: it will write its output again.")
    if said.verdict == Verdict.EDIT:
        return replace(said, replacement=_edited(intervention, said.replacement, under_vote))
    if said.verdict in (Verdict.OVERRIDE, Verdict.ANSWER):
        return replace(said, replacement=_supplied(said))
    return replace(said, replacement=None)


def applied(intervention: Intervention, said: Said) -> list[Write]:
    """What to write of the verdict into the ledger; the worker reads it there and nowhere else."""
    call = intervention.tool_call
    if call is None or not settle(call, intervention.kind, said):
        return []
    return [Saved(call, ["status", "executed", "output", "finished_at"])]


def settle(call: ToolCall, kind: str, said: Said) -> bool:
    """Make of the call, unsaved, what the verdict makes of it; False where it stays as it is."""
    match said.verdict:
        case Verdict.APPROVE:
            call.status = ToolCallStatus.APPROVED
        case Verdict.EDIT:
            call.status, call.executed = ToolCallStatus.APPROVED, said.replacement
        case Verdict.REJECT if kind == Kind.UNKNOWN_OUTCOME:
            return False  # the run ends, and nobody knows more about the call than before
        case Verdict.REJECT:
            call.status, call.output = ToolCallStatus.REFUSED, refusal(said.note)
        case Verdict.OVERRIDE if kind == Kind.UNKNOWN_OUTCOME:
            call.status, call.output = ToolCallStatus.DONE, said.replacement
        case _:
            call.status, call.output = ToolCallStatus.SUPPLIED, said.replacement
    if call.status != ToolCallStatus.APPROVED:
        call.finished_at = timezone.now()
    return True


def refusal(note: str) -> str:
    """What the agent reads in place of a rejected call's output: that a person refused it, and why."""
    return f"{REJECTED} Feedback: {note}" if note else REJECTED


def schema_errors(schema: dict[str, Any], value: Any) -> list[str]:
    """What the schema finds wrong with the value, as ``path: message``; remote references are never fetched."""
    try:
        Draft202012Validator.check_schema(schema)
        errors = Draft202012Validator(schema, registry=NOWHERE).iter_errors(value)
        found = sorted(errors, key=lambda error: list(map(str, error.path)))
    except SchemaError as error:
        return [f"the tool's own schema is broken: {error.message}"]
    except Unresolvable as error:
        return [f"the tool's own schema refers to what it does not hold: {error.ref}"]
    except Exception as error:  # it was written elsewhere: one that leads in circles, say, ends as RecursionError
        return [f"the tool's own schema is broken: {type(error).__name__}"]
    return [f"{'.'.join(map(str, error.path)) or 'arguments'}: {error.message}" for error in found[:10]]


def misfits(schema: dict[str, Any], arguments: Any) -> list[str]:
    """As `schema_errors`; names that the schema does not know are wrong too, unless it says that more are welcome."""
    errors = schema_errors(schema, arguments)
    if not isinstance(arguments, dict) or schema.get("additionalProperties") is not None:
        return errors
    if "patternProperties" in schema:
        return errors
    unknown = sorted(set(arguments) - set(schema.get("properties", {})))
    return errors + [f"arguments: {name!r} is not known any more" for name in unknown]


def _edited(intervention: Intervention, replacement: Any, under_vote: Said) -> Any:
    if replacement is None:
        raise Invalid(replacement="Give the edited arguments, or approve them as they are.")
    if isinstance(intervention.proposal, dict) and not isinstance(replacement, dict):
        raise Invalid(replacement="Give a JSON object, as the agent did.")
    if len(json.dumps(replacement, ensure_ascii=False)) > MAX_JSON:
        raise Invalid(replacement=f"These arguments have more than {MAX_JSON:,} characters; shorten them.")
    if errors := schema_errors(intervention.schema, replacement):
        raise Invalid(replacement="; ".join(errors))
    if _stays(intervention, replacement, under_vote):
        raise Invalid(replacement="Nothing was changed: approve it as it is, or edit it.")
    return replacement


def _stays(intervention: Intervention, replacement: Any, under_vote: Said) -> bool:
    if under_vote.verdict == Verdict.APPROVE:
        return bool(replacement == intervention.proposal)
    return under_vote.verdict == Verdict.EDIT and bool(replacement == under_vote.replacement)


def _supplied(said: Said) -> Any:
    missing = "Write the answer." if said.verdict == Verdict.ANSWER else "Write the output that the agent should read."
    value = said.replacement.strip() if isinstance(said.replacement, str) else said.replacement
    if value is None or value == "":
        raise Invalid(replacement=missing)
    if said.verdict == Verdict.ANSWER and not isinstance(value, str):
        raise Invalid(replacement="Write the answer as text.")
    if len(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)) > MAX_TEXT:
        raise Invalid(replacement=f"This text has more than {MAX_TEXT:,} characters; shorten it.")
    return value
