"""Which actions the code can write into the book, read from the code itself."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from reviews.states import Verdict

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("reviews", "agents_runtime", "hitl_site")
BLANKS = {"said.verdict": Verdict.values, "verb": ["added", "changed", "deleted"]}
"""What an f-string's blank may hold."""


@cache
def actions() -> frozenset[str]:
    """The first argument of every ``Act``; raises on one that cannot be told from the code."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return frozenset(name for path in paths for name in named_in(ast.parse(path.read_text())))


def named_in(module: ast.AST) -> Iterator[str]:
    """The actions of one module."""
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
    for call in _calls(module, "Act"):
        match _first(call):
            case ast.Name(id=name):  # a parameter: its callers say
                maker = next(function for function in functions if call in ast.walk(function))
                assert maker.args.args[0].arg == name, ast.unparse(call)
                for outer in _calls(module, maker.name):
                    yield from _texts(_first(outer))
            case said:
                yield from _texts(said)


def _calls(module: ast.AST, name: str) -> list[ast.Call]:
    found = [node for node in ast.walk(module) if isinstance(node, ast.Call)]
    return [call for call in found if isinstance(call.func, ast.Name) and call.func.id == name]


def _first(call: ast.Call) -> ast.expr:
    return call.args[0] if call.args else next(word.value for word in call.keywords if word.arg == "action")


def _texts(said: ast.expr) -> list[str]:
    match said:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=one, orelse=other):
            return [*_texts(one), *_texts(other)]
        case ast.JoinedStr(values=[ast.Constant(value=str(noun)), ast.FormattedValue(value=blank)]):
            return [noun + verb for verb in BLANKS[ast.unparse(blank)]]
    raise AssertionError(f"What does this record? {ast.unparse(said)}")
