"""What every command of the desk has in common: one answer, as text or JSON, or one refusal with its exit code."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

from django.core.exceptions import PermissionDenied
from django.core.management import BaseCommand, CommandError
from django.core.management.base import CommandParser
from django.db import DataError, OperationalError, ProgrammingError, connections

from reviews import live
from reviews.actions import Conflict, Invalid
from reviews.catalog import UnknownAgent
from reviews.management import text

REFUSED, MISUSED, UNHEARD = 1, 2, 128 + signal.SIGPIPE
BELLS = 2.0
"""Seconds a command waits, at its end, for the bells it rang."""


class Refused(CommandError):
    """The desk said no: exit code 1. ``code`` is one word for programs, ``more`` what else they should know."""

    def __init__(self, message: str, *, code: str, returncode: int = REFUSED, **more: Any) -> None:
        super().__init__(message, returncode=returncode)
        self.code, self.more = code, more

    def as_json(self) -> str:
        """The refusal for programs, in one line: it may stand among lines of the log."""
        return json.dumps({"error": str(self), "code": self.code, **self.more})


class Misused(Refused):
    """The command line itself makes no sense: exit code 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="usage", returncode=MISUSED)


@dataclass(frozen=True)
class Answer:
    """What a command has to say: to programs, and to people."""

    data: Any
    text: str


class DeskCommand(BaseCommand):
    """A command that prints one answer when all went well, and otherwise nothing but a refusal on stderr."""

    requires_system_checks: list[str] = []  # the servers check themselves when they start; a command should be quick

    def answer(self, *args: Any, **options: Any) -> Answer:
        """Do what was asked. May raise Refused, or whatever a verb raises."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> str:
        """Print the answer in the form asked for. Raises Refused."""
        with refusals():
            answer = self.answer(**options)
        return as_json(answer.data) if options["as_json"] else answer.text

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Django's parser with ``--json``, whose complaints are refusals like all others."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument("--json", action="store_true", dest="as_json", help="print JSON, errors too")
        parser.error = partial(_misused, parser)  # type: ignore[method-assign]  # there is no other door
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        """As Django's, but for how a refusal is printed, that the bells are waited for, and that a pipe may close."""
        self._called_from_command_line = True
        try:
            with unheard():
                self._run(argv)
        finally:
            live.settle(BELLS)
            connections.close_all()

    def _run(self, argv: list[str]) -> None:
        try:
            options = vars(self.create_parser(argv[0], argv[1]).parse_args(argv[2:]))
            self.execute(*options.pop("args", ()), **options)
        except CommandError as error:
            if "--traceback" in argv:
                raise
            self._say(error, wants_json="--json" in argv)
            sys.exit(error.returncode)

    def note(self, message: str, *, as_json: bool) -> None:
        """Tell of something beside the answer, on stderr."""
        self.stderr.write(json.dumps({"note": message}) if as_json else message, style_func=str)

    def _say(self, error: CommandError, *, wants_json: bool) -> None:
        if wants_json and isinstance(error, Refused):
            self.stderr.write(error.as_json(), style_func=str)
        else:
            self.stderr.write(text.visible(str(error)))


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what the verbs and the database raise into refusals."""
    try:
        yield
    except Conflict as error:
        raise Refused(str(error), code="conflict") from error
    except PermissionDenied as error:
        raise Refused(str(error), code="permission") from error
    except Invalid as error:
        raise Refused(str(error), code="invalid", errors=error.errors) from error
    except UnknownAgent as error:
        raise Refused(str(error), code="unknown_agent") from error
    except (DataError, UnicodeEncodeError) as error:
        raise Refused(f"This text cannot be used: {error}", code="invalid") from error
    except (OperationalError, ProgrammingError) as error:
        hint = "Is it there, and are its tables (manage.py migrate)?"
        raise Refused(f"The database does not answer: {error} {hint}", code="database") from error


@contextmanager
def unheard() -> Iterator[None]:
    """Where nobody reads on, as behind ``| head``, end quietly with the code of a program that SIGPIPE ends.

    What the command did stands. The signal itself stays off: a server that hangs up sends it, too.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BrokenPipeError:
                os.dup2(nowhere, stream.fileno())  # or Python complains of what is left in it at its end
        sys.exit(UNHEARD)


def as_json(data: Any) -> str:
    """Indented JSON in ASCII: no terminal mistakes it, and no text in it steers one."""
    return json.dumps(data, indent=2)


def add_as(parser: CommandParser, help: str, *, required: bool = False) -> None:
    """The option that says in whose name."""
    parser.add_argument("--as", dest="username", metavar="USERNAME", required=required, help=help)


def _misused(parser: CommandParser, message: str) -> NoReturn:
    raise Misused(f"{message[:1].upper()}{message[1:]}. See: {parser.prog} --help")
