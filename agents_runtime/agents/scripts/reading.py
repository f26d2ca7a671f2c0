"""Small readers the scripts share: what tool outputs hold, and what people mean by their words."""

import json
import re
from typing import Any

from agents_runtime.scripted import Exchange

SUM = r"(\d[\d,]*(?:\.\d+)?)"
CURRENCY = r"(?:USD|EUR|GBP|dollars?|euros?|pounds?|[$€£])"
MONEY = re.compile(rf"{CURRENCY}\s?{SUM}|{SUM}\s?{CURRENCY}", re.IGNORECASE)
RECEIPT = re.compile(r"\b(?:RF|MSG|LAB|PG|TN|CR)-\d+")
DRY_RUN = "Dry run: "
"""How the output begins that a dry run gives in place of a call of which nothing was recorded."""
NO_SUM = r"[\w:-]|\.\d|\s*(?:%|(?:day|week|hour|month|year)s?\b)"
BARE = re.compile(rf"(?<![\w.:-]){SUM}(?!{NO_SUM})", re.IGNORECASE)


def record(exchange: Exchange | None) -> dict[str, Any]:
    """The JSON object a look-up returned; empty if it has not run, found nothing, or was answered in words."""
    if exchange is None:
        return {}
    _, brace, rest = exchange.output.partition("{")
    try:
        found, _ = json.JSONDecoder().raw_decode(brace + rest)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def money(text: str) -> float | None:
    """The first sum that carries a currency: "USD 1,200", "80 euros", "$15.50"."""
    match = MONEY.search(text)
    return _value(match[1] or match[2]) if match else None


def amount(text: str) -> float | None:
    """The first sum of money, else the first plain number that is no percentage, no period and no part of an id."""
    match = BARE.search(text)
    return money(text) or (_value(match[1]) if match else None)


def _value(digits: str) -> float:
    return float(digits.replace(",", ""))


def receipt(call: Exchange) -> str:
    """The number of the receipt the tool gave; empty if it gave none."""
    found = RECEIPT.search(call.output)
    return found[0] if found else ""


def says(text: str, words: str) -> bool:
    """Whether the text holds one of the words, a pattern, without a "no" or "not" before it in the same clause."""
    no = r"\b(?:no|not|don't|without|never)\b[^.,;]*"
    return bool(re.search(rf"\b(?:{words})", text, re.I)) and not re.search(rf"{no}\b(?:{words})", text, re.I)


def turned_down(call: Exchange, done: str) -> bool:
    """Whether somebody said no to the call.

    A reviewer's bare words come back as the call's output, be they an objection or a result supplied by hand. Without a
    receipt they count as a result only if they hold one of the words, a pattern, that say it is done. In a dry run
    nobody says no to a call of which nothing was recorded.
    """
    return not unrecorded(call) and (call.rejected or not (receipt(call) or says(call.output, done)))


def unrecorded(call: Exchange) -> bool:
    """Whether it stands in a dry run that knows of no such call: neither done nor turned down."""
    return call.output.startswith(DRY_RUN)


def objection(call: Exchange) -> str:
    """What was said when the call was turned down; empty if nothing."""
    return call.feedback if call.rejected else call.output


def quoted(notes: list[str]) -> str:
    """People's notes as one line to quote."""
    return " ".join(" ".join(note.split()) for note in notes)


def stopped(words: str) -> str:
    """People's words on one line, with a full stop where they left it out, also within a closing quotation mark."""
    line = " ".join(words.split())
    return line if line.rstrip("”’\"')").endswith((".", "!", "?", "…")) else f"{line}."
