"""The campaign's agents: they play a plan; their tools act on the world outside, slowly enough to be killed in it."""

import asyncio
import random
import time
from collections.abc import Callable

from agents import Agent, function_tool

from agents_runtime import ask_human, idempotency_key, register
from agents_runtime.scripted import Call, Conversation, Script, ScriptedModel, Turn
from tests.chaos import outside, plans
from tests.chaos.plans import Step

LONGEST = 0.3
"""Seconds that a tool takes at most before, and again after, its effect."""


def _moment() -> float:
    return random.random() * LONGEST


@function_tool
def charge(account: str, amount: int) -> str:
    """Take money: not to be repeated, and it blocks."""
    key = idempotency_key()
    outside.begin(key)
    time.sleep(_moment())
    outside.happen(key, "charge", {"account": account, "amount": amount})
    time.sleep(_moment())
    return f"charged {account} {amount}"


@function_tool
async def ship(account: str, amount: int) -> str:
    """Send goods: not to be repeated, and it waits."""
    key = idempotency_key()
    outside.begin(key)
    await asyncio.sleep(_moment())
    outside.happen(key, "ship", {"account": account, "amount": amount})
    await asyncio.sleep(_moment())
    return f"shipped {account} {amount}"


@function_tool
async def transfer(account: str, amount: int) -> str:
    """Move money at a bank that recognises a repeated key; a person is asked about much."""
    await asyncio.sleep(_moment())
    outside.happen_once(idempotency_key(), "transfer", {"account": account, "amount": amount})
    await asyncio.sleep(_moment())
    return f"transferred {account} {amount}"


@function_tool
def notify(account: str, amount: int) -> str:
    """Tell the customer, through a system that recognises a repeated key."""
    time.sleep(_moment())
    outside.happen_once(idempotency_key(), "notify", {"account": account, "amount": amount})
    return f"notified {account} {amount}"


@function_tool
def wipe(account: str, amount: int) -> str:
    """What the policy refuses."""
    outside.happen(idempotency_key(), "wipe", {"account": account, "amount": amount})
    return "wiped"


@function_tool
def flaky(account: str, amount: int) -> str:
    """Acts, and then says that it failed."""
    key = idempotency_key()
    outside.begin(key)
    time.sleep(_moment())
    outside.happen(key, "flaky", {"account": account, "amount": amount})
    raise ConnectionError(f"no answer about {account} {amount}")


TOOLS = [charge, ship, transfer, notify, wipe, flaky, ask_human]
RULES = [
    {"tool": "charge"},
    {"tool": "flaky"},
    {"tool": "transfer", "when": "amount > 500"},
    {"tool": "transfer", "ruling": "allow"},  # or the starter set of a fresh database would ask
    {"tool": "ship", "when": "amount > 800"},
    {"tool": "wipe", "ruling": "refuse"},
]
IDEMPOTENT = ("transfer", "notify")


def playing(turns_of: Callable[[str], list[list[Step]]]) -> Script:
    """Make the calls of the plan, turn by turn, then say how many there were."""

    def script(seen: Conversation) -> Turn:
        left = len(seen.exchanges)
        for turn in turns_of(seen.task):
            if left < len(turn):
                assert left == 0, "only a part of the calls of one turn came back"
                return [Call(step.tool, step.arguments) for step in turn]
            left -= len(turn)
        return f"{seen.task} done after {len(seen.exchanges)} calls"

    return script


@register("chaos-desk", queue="support", version="1", review=RULES, idempotent=IDEMPOTENT)
def desk() -> Agent:
    """Does everything itself."""
    return Agent(name="Desk", tools=list(TOOLS), model=ScriptedModel(playing(plans.plan)))


@register("chaos-office", queue="support", version="1", review=RULES, idempotent=IDEMPOTENT, review_output=True)
def office() -> Agent:
    """Lets a clerk do a part, and shows its last word to a person."""
    clerk = Agent(name="Clerk", tools=list(TOOLS), model=ScriptedModel(playing(plans.part)))
    tools = [*TOOLS, clerk.as_tool("clerk", "Does a part of the job.")]
    return Agent(name="Office", tools=tools, model=ScriptedModel(playing(plans.with_clerk)))
