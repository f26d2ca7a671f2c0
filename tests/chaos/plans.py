"""What each run of the campaign is going to do: a function of the words it was started with, the same everywhere."""

import random
import re
from dataclasses import dataclass
from typing import Any

JOB = re.compile(r"Job ([\d.]+), seed (\d+)")
DIRECT = ("charge", "ship", "transfer", "notify", "wipe", "flaky", "ask_human")
WEIGHTS = (30, 22, 18, 12, 4, 5, 9)


@dataclass(frozen=True)
class Step:
    """One tool call of a plan."""

    tool: str
    arguments: dict[str, Any]


def task(number: object, seed: int) -> str:
    """The words that start a run."""
    return f"Job {number}, seed {seed}"


def plan(words: str) -> list[list[Step]]:
    """The turns of that job: the calls of one turn are made at once."""
    job, seed = _read(words)
    dice = random.Random(f"{seed}/{job}")
    turns: list[list[Step]] = []
    for turn in range(dice.randint(2, 4)):
        names = [dice.choices(DIRECT, WEIGHTS)[0] for _ in range(dice.choice((1, 1, 1, 2, 3)))]
        turns.append([_step(dice, name, f"{job}-{turn}-{place}") for place, name in enumerate(names)])
    return turns


def part(words: str) -> list[list[Step]]:
    """The turns of a job that another agent handed on: fewer."""
    return plan(words)[:2]


def with_clerk(words: str) -> list[list[Step]]:
    """The turns of a job in which another agent does a part."""
    job, seed = _read(words)
    first, second, *_ = plan(words)
    return [first, [Step("clerk", {"input": task(f"{job}.1", seed)})], second]


def of_agent(agent: str, words: str) -> list[list[Step]]:
    """The turns of a run's own agent."""
    return with_clerk(words) if agent == "chaos-office" else plan(words)


def count(turns: list[list[Step]]) -> int:
    """How many calls that makes."""
    return sum(map(len, turns))


def _read(words: str) -> tuple[str, int]:
    found = JOB.search(words)
    assert found is not None, words
    return found.group(1), int(found.group(2))


def _step(dice: random.Random, tool: str, mark: str) -> Step:
    if tool == "ask_human":
        return Step(tool, {"question": f"May job {mark} go on?", "options": None})
    return Step(tool, {"account": f"A-{mark}", "amount": dice.randint(1, 999)})
