"""A verdict on one question."""

from __future__ import annotations

import argparse
import json
import math
from typing import Any, NoReturn

from django.core.management.base import CommandParser

from reviews import shapes
from reviews.actions import Invalid, interventions
from reviews.management import describe, lookup
from reviews.management.cli import Answer, DeskCommand, Misused, add_as
from reviews.models import Intervention
from reviews.states import Kind, Verdict

CARRIES: dict[str, tuple[str, ...]] = {
    Verdict.APPROVE: (),
    Verdict.EDIT: ("arguments", "output"),
    Verdict.OVERRIDE: ("output",),
    Verdict.REJECT: (),
    Verdict.ANSWER: ("answer",),
}
"""What a verdict replaces something with: exactly one of these options, and no other."""
HELP = (
    "what you say to it; `show ID` tells what each verdict does there. Where the question is whether a call happened "
    "(kind unknown_outcome): approve = it did not, run it AGAIN; override = it happened, and --output is what came "
    "back; reject = nobody can tell, the run fails"
)


SEEN = "refuse if the question is not at this version; needed once something else than the proposal is under vote"


class Command(DeskCommand):
    """Decides in the name of one account, by the same verb as the page."""

    help = "Decide a question: approve it, edit it, override its output, reject it, or answer it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", help="of the question; its first characters will do")
        parser.add_argument("verdict", choices=Verdict.values, help=HELP)
        add_as(parser, "the account that decides", required=True)
        parser.add_argument("--note", default="", metavar="TEXT", help="feedback that the agent reads")
        parser.add_argument(
            "--reason", default="", metavar="TEXT", help="why, for the record; the agent never reads it"
        )
        parser.add_argument("--context", default="", metavar="TEXT", help="one more message to the agent")
        parser.add_argument("--arguments", type=_json, metavar="JSON", help="edit: the arguments to run with instead")
        parser.add_argument(
            "--output",
            metavar="TEXT",
            help="override: what the agent reads, as the tool's output; edit of a final output: what is released",
        )
        parser.add_argument("--answer", metavar="TEXT", help="answer: the reply")
        parser.add_argument("--if-version", type=int, metavar="N", help=SEEN)

    def answer(self, *, id: str, verdict: str, username: str, **said: Any) -> Answer:
        option = _carried(verdict, said)
        reviewer = lookup.account(username)
        assert reviewer is not None  # --as is required
        question = lookup.one(id, lookup.interventions(reviewer))
        interventions.decide(
            question.pk,
            by=reviewer,
            verdict=verdict,
            note=said["note"],
            reason=said["reason"],
            context=said["context"],
            replacement=_replacement(question, verdict, option, said[option]) if option else None,
            version=said["if_version"],
        )
        decided = shapes.intervention_in_full(Intervention.objects.get(pk=question.pk), reviewer)
        return Answer(decided, describe.decided(decided))


def _carried(verdict: str, said: dict[str, Any]) -> str:
    """The option that brings the replacement, or nothing. Raises Misused for one too many or too few."""
    given = [name for name in ("arguments", "output", "answer") if said[name] is not None]
    wanted = CARRIES[verdict]
    if strange := [name for name in given if name not in wanted]:
        raise Misused(f"--{strange[0]} does not go with {verdict}.")
    if len(given) != min(len(wanted), 1):
        either = ", one of the two" if len(wanted) > 1 else ""
        raise Misused(f"{verdict} needs {' or '.join(f'--{name}' for name in wanted)}{either}.")
    return given[0] if given else ""


def _replacement(question: Intervention, verdict: str, option: str, value: Any) -> Any:
    if verdict != Verdict.EDIT or option != "output":
        return value
    if question.kind != Kind.FINAL_OUTPUT:
        raise Invalid(output="Only a final output is edited with --output; edit a tool call with --arguments.")
    return {"output": value}


def _json(value: str) -> Any:
    """Strict JSON: no NaN, no number too large to be written down again."""
    try:
        return json.loads(value, parse_constant=_no_number, parse_float=_finite)
    except RecursionError:
        raise argparse.ArgumentTypeError("this JSON is nested too deeply") from None
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"this is not JSON: {error}") from None


def _finite(value: str) -> float:
    number = float(value)
    return number if math.isfinite(number) else _no_number(value)


def _no_number(value: str) -> NoReturn:
    raise ValueError(f"{value} is not a number that JSON can hold")
