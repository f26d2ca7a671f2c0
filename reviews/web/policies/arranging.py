"""What the small buttons of an editor do to a list of parts: add, remove, up, down, open, close."""

from __future__ import annotations

from collections.abc import Callable

from reviews.policies.book import MOST_RULES
from reviews.web import texts
from reviews.web.policies.rule_forms import LINES, lines
from reviews.web.policies.sheet import MOST_OPEN, Sheet

NEW = {"tool": "", "ruling": "ask"}


def arrange(sheet: Sheet, act: str) -> bool:
    """Do what a button such as ``up-2`` or ``drop-0-1`` says; False where there is no such button."""
    name, *numbers = act.split("-")
    places = [texts.number(text) for text in numbers]
    if name == "add":
        _add(sheet)
        return True
    if name not in BUTTONS or not places or not places[0] < len(sheet.rules):
        return False
    BUTTONS[name](sheet, *places[:2])
    return True


def _add(sheet: Sheet) -> None:
    if len(sheet.rules) >= MOST_RULES:
        sheet.said = f"A policy has at most {MOST_RULES} rules."
        return
    sheet.rules.append(dict(NEW))
    sheet.open.append(False)
    at = len(sheet.rules) - 1
    if not sheet.unfold(at):
        sheet.fold(next(one for one, is_open in enumerate(sheet.open) if is_open))
        sheet.unfold(at)
    sheet.focus, sheet.said = f"tool-{at}", f"Rule {at + 1} was added."


def _remove(sheet: Sheet, at: int, _: int = 0) -> None:
    del sheet.rules[at], sheet.open[at]
    sheet.focus, sheet.said = "add", f"Rule {at + 1} was removed; there are {len(sheet.rules)}."


def _move(by: int) -> Callable[..., None]:
    def move(sheet: Sheet, at: int, _: int = 0) -> None:
        to = min(max(at + by, 0), len(sheet.rules) - 1)
        for column in (sheet.rules, sheet.open):
            column.insert(to, column.pop(at))
        sheet.focus = f"{'up' if by < 0 else 'down'}-{to}"
        sheet.said = f"The rule is now {to + 1} of {len(sheet.rules)}."

    return move


def _open(sheet: Sheet, at: int, _: int = 0) -> None:
    if not sheet.unfold(at):
        sheet.said = f"At most {MOST_OPEN} rules are open at a time; close another one first."
    sheet.focus = f"tool-{at}"


def _close(sheet: Sheet, at: int, _: int = 0) -> None:
    sheet.fold(at)
    sheet.focus = f"open-{at}"


def _condition(sheet: Sheet, at: int, _: int = 0) -> None:
    if sheet.open[at]:
        _write(sheet, at, [*lines(sheet.rules[at]), *lines({})])
        sheet.focus = f"when-{at}"


def _drop(sheet: Sheet, at: int, number: int = 0) -> None:
    if sheet.open[at]:
        _write(sheet, at, [line for nth, line in enumerate(lines(sheet.rules[at])) if nth != number])
        sheet.focus, sheet.said = f"when-{at}", "The condition was removed."


def _write(sheet: Sheet, at: int, rows: list[object]) -> None:
    sheet.rules[at] |= {name: [getattr(row, name) for row in rows] for name in LINES}


BUTTONS: dict[str, Callable[..., None]] = {
    "remove": _remove,
    "up": _move(-1),
    "down": _move(1),
    "open": _open,
    "close": _close,
    "when": _condition,
    "drop": _drop,
}
