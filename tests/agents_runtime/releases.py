"""The code of the release that parks, in pieces, and the pieces that the next one changes."""

HEAD = '''
from pathlib import Path
from typing import Annotated

from agents import function_tool
from pydantic import Field

from agents_runtime import register
from tests.agents_runtime import play
from tests.agents_runtime.play import call, first

BOOK = Path(__file__).with_name("book")
ASK = [{"tool": "pay"}]


def write(*words):
    with BOOK.open("a") as book:
        book.write(" ".join(map(str, words)) + "\\n")


@function_tool
def pay(to: str, amount: int) -> str:
    """Pay somebody."""
    write("pay", to, amount)
    return f"paid {to} {amount}"


@register("release", queue="support", version="1", review=ASK)
'''
ALONE = """
def build():
    return play.agent(first(call("pay", to="Ann", amount=5)), pay, name="Payer")
"""
HANDOFF = """
def build():
    def paying(seen):
        return play.report(seen) if "c1" in seen.outputs else [call("pay", to="Ann", amount=5)]

    payer = play.agent(paying, pay, name="Payer")
    return play.agent(lambda seen: [call("transfer_to_payer", "h1")], name="Greeter", handoffs=[payer])
"""
NESTED = """
def build():
    payer = play.agent(first(call("pay", to="Ann", amount=5)), pay, name="Payer")
    return play.agent(first(call("payer", "o1", input="go")), payer.as_tool("payer", "Pays."), name="Boss")
"""
TOOL = "@function_tool\ndef pay(to: str, amount: int) -> str:"
LOOSE = "@function_tool(strict_mode=False)\ndef pay"
WRITES = 'write("pay", to, amount)'
HOLD = """
def hold():
    from reviews.models import Run

    Run.objects.filter(status="running").update(hold=True)


"""


def changed(source: str, *changes: tuple[str, str]) -> str:
    """The next release of that code."""
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    return source
