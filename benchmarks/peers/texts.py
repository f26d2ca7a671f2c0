"""What every peer's agent says and hears: user 190 characters, system 300, arguments 90, output 160, answer 110."""

import json
import time


def sized(text: str, length: int) -> str:
    """The text repeated and cut to that many characters."""
    return (text * (length // len(text) + 1))[:length]


SYSTEM = sized("You look after refunds. Read the order, keep to the policy, and propose one refund at a time. ", 300)
USER = sized("Order 1042 arrived with a broken lid and the customer asks for the price of it back. ", 190)
FINAL = sized("The refund is on its way and the customer has been told when to expect it. ", 110)
TOOL = "issue_refund"
TURNS = (5, 50, 200)  # of the long runs
_PLAIN = {"order": "A-1042", "amount": 48.2, "reason": ""}
ARGUMENTS = _PLAIN | {"reason": sized("broken lid, photo seen ", 90 - len(json.dumps(_PLAIN)))}


def output() -> str:
    """What the tool returns: 160 characters that begin with the moment at which it started."""
    return sized(f"{time.perf_counter_ns()} refund issued to the card the order was paid with; ", 160)


def started_at(text: str) -> float:
    """The moment in a tool's output, in the seconds of time.perf_counter, which all processes of a machine share."""
    return int(text.split()[0]) / 1e9


def arguments(turn: int) -> dict[str, object]:
    """The arguments of a later turn: as long, in other words."""
    said = f"item {turn}, seen on photo {turn * 7919 % 10_007}, {turn * 104_729 % 99_991} "
    return _PLAIN | {"reason": sized(said, 90 - len(json.dumps(_PLAIN)))}
