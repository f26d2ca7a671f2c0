"""Reading an escalation policy as it is written in the editor or in a file, and saying what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reviews.escalations import steps
from reviews.escalations.durations import DAY, duration
from reviews.escalations.errors import BadEscalation, kept, number
from reviews.escalations.final import FINALS, Final
from reviews.escalations.policy import Escalation

CLOCKS = ("wall", "business")
MOST_REPEATS = 5
LONGEST_ANSWER = 90 * DAY
LONGEST_TEXT = 2_000


def read(body: Mapping[str, Any]) -> Escalation:
    """The policy, checked and in its final form. Raises BadEscalation with what is wrong by key."""
    if not isinstance(body, Mapping):
        raise BadEscalation({"": "Write an object with at least clock, respond_within and final."})
    errors: dict[str, str] = {str(key): "is not known" for key in body if key not in KEYS}
    values = {key: kept(errors, key, reader, body[key]) for key, reader in READERS.items() if key in body}
    for key in ("clock", "respond_within", "final"):
        if key not in body:
            errors[key] = "This is needed."
    listed = steps.read(body.get("steps", []), errors)
    if errors:
        raise BadEscalation(errors)
    found = Escalation(**{"expires_after": None, **values}, steps=listed)
    if errors := _disagreements(found):
        raise BadEscalation(errors)
    return found


def _clock(value: Any) -> str:
    if value not in CLOCKS:
        raise ValueError("write wall or business")
    return str(value)


def _respond_within(value: Any) -> int:
    seconds = duration(value)
    if seconds > LONGEST_ANSWER:
        raise ValueError("an answer is due within 90 days")
    return seconds


def _expires_after(value: Any) -> int | None:
    return None if value is None else duration(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise ValueError(f"write a text of at most {LONGEST_TEXT:,} characters")
    return value.strip()


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("write true or false")
    return value


def _final(value: Any) -> Final:
    if not isinstance(value, Mapping) or value.get("do") not in FINALS:
        raise ValueError(f"write an object whose 'do' is one of {', '.join(FINALS)}")
    known = {"do", "message"} if value["do"] == "reject" else {"do"}
    known |= {"value"} if value["do"] == "continue_with_default" else set()
    if unknown := set(value) - known:
        raise ValueError(f"{value['do']} takes no {', '.join(sorted(map(str, unknown)))}")
    if value["do"] == "continue_with_default" and value.get("value") in (None, ""):
        raise ValueError("continue_with_default needs the value the agent reads")
    return Final(value["do"], _text(value.get("message", "")), value.get("value"))


READERS: dict[str, Callable[[Any], Any]] = {
    "clock": _clock,
    "calendar": _text,
    "respond_within": _respond_within,
    "expires_after": _expires_after,
    "repeat": number(0, MOST_REPEATS),
    "repeat_from": number(1, steps.MOST_STEPS),
    "final": _final,
    "claim_pauses": _flag,
}
KEYS = frozenset(READERS) | {"steps"}


def _disagreements(found: Escalation) -> dict[str, str]:
    """Where the parts of a policy do not go together."""
    errors = {}
    offsets = found.offsets()
    if found.expires_after is None and found.final.do != "keep_waiting":
        errors["expires_after"] = "Say when the time is over, or let the final be keep_waiting."
    last = found.expires_after
    at = [seconds for _, again, seconds in offsets if not again]
    for nth, (earlier, later) in enumerate(zip(at, at[1:], strict=False), 2):
        if later < earlier:
            errors[f"steps.{nth}.at"] = "This comes before the step above it; write the steps in the order of time."
    for nth, again, seconds in offsets:
        if last is not None and seconds >= last:
            errors["repeat" if again else f"steps.{nth}.at"] = (
                "The repeated steps go on past the end of the time." if again else "This comes when the time is over."
            )
    if found.repeat_from > max(1, len(found.steps)):
        errors["repeat_from"] = "There is no such step."
    if found.repeat and found.period == 0:
        errors["repeat"] = "The repeated steps would all come at one moment."
    levels = [step.level for step in found.steps if step.level]
    if levels != sorted(levels):
        errors["steps"] = "Levels only go up: write the lower one first."
    if last is not None and found.clock == "wall" and found.respond_within > last:
        errors["respond_within"] = "The answer would be due after the time is over."
    return errors
