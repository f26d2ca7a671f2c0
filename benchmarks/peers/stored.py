"""Plays long runs of Foureyes in one process, keeps all their checkpoints, and prints what these took."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any
from unittest.mock import patch

import django

django.setup()

from agents import RunState, function_tool  # noqa: E402

from agents_runtime import register, registry, worker  # noqa: E402
from agents_runtime.desk import RunDesk  # noqa: E402
from benchmarks.peers.texts import TURNS  # noqa: E402
from benchmarks.report import Gate, Line, judged, table  # noqa: E402
from reviews.actions import checkpoints, runs  # noqa: E402
from reviews.models import Run  # noqa: E402
from tests.agents_runtime.play import agent, call, one_by_one  # noqa: E402

AROUND = 5
"""The time at a turn is the median of this many turns up to it."""
PARTS = ("to_json", "packed", "made", "gate")


def main() -> None:
    """Play so many runs of so many turns, and print what they took."""
    turns, rounds = int(sys.argv[1]), int(sys.argv[2])
    played = [Played(turns, seed) for seed in range(rounds)]
    marks = sorted({mark for mark in TURNS if mark <= turns} | {turns})
    sizes = [
        [
            str(mark),
            *(f"{median(column) / 1000:,.1f}" for column in zip(*(one.sizes(mark) for one in played), strict=True)),
        ]
        for mark in marks
    ]
    print(table(["turns", "last state, KB of JSON", "all states, KB of JSON", "all as stored, KB"], sizes))
    gate = Gate(0.02)
    lines = [
        Line(f"stored ÷ JSON, {mark} turns", [one.share(mark) for one in played], gate if mark == max(TURNS) else None)
        for mark in marks
    ]
    lines += [
        Line(f"gate ÷ to_json at turn {mark}", [one.spent("gate", mark) / one.spent("to_json", mark) for one in played])
        for mark in marks
    ]
    print(judged("Checkpoints, all kept", lines))
    times = [[str(mark), *(f"{median(one.spent(p, mark) for one in played):.2f}" for p in PARTS)] for mark in marks]
    print(table(["at turn", "SDK's to_json, ms", "packing, ms", "checkpoint made, ms", "whole gate, ms"], times))


class Played:
    """One run of the product's own worker: what was written at each turn, and how long each part took, in ms."""

    def __init__(self, turns: int, seed: int) -> None:
        self.times: dict[str, list[float]] = {part: [] for part in PARTS}
        self.written: list[int] = []
        run = runs.submit(registered(turns, seed), "Look everything up.", by=None)
        with (
            patch.object(RunState, "to_json", self._timed("to_json", RunState.to_json)),
            patch.object(checkpoints, "_packed", self._timed("packed", self._noted(checkpoints._packed))),
            patch.object(checkpoints, "following", self._timed("made", checkpoints.following)),
            patch.object(RunDesk, "stop_at_gate", self._timed("gate", RunDesk.stop_at_gate)),
        ):
            worker.advance(run.pk)
        assert Run.objects.get(pk=run.pk).status == "completed", Run.objects.get(pk=run.pk).error
        self.stored = [len(state) for state in run.checkpoints.order_by("number").values_list("state", flat=True)]
        assert len(self.stored) == turns

    def sizes(self, turn: int) -> tuple[int, int, int]:
        """Bytes of the last state, of all up to it, and of all as stored."""
        return self.written[turn - 1], sum(self.written[:turn]), sum(self.stored[:turn])

    def share(self, turn: int) -> float:
        """Stored bytes over those of the JSON."""
        return sum(self.stored[:turn]) / sum(self.written[:turn])

    def spent(self, part: str, turn: int) -> float:
        """Milliseconds at about that turn."""
        return median(self.times[part][max(turn - AROUND, 0) : turn])

    def _noted(self, pack: Callable[..., Any]) -> Callable[..., Any]:
        def noting(state: str, base: Any) -> Any:
            self.written.append(len(state.encode()))
            return pack(state, base)

        return noting

    def _timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timing(*args: Any, **more: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*args, **more)
            finally:
                self.times[part].append((time.perf_counter() - began) * 1000)

        return timing


def registered(turns: int, seed: int) -> str:
    """An agent that looks something else up in each turn, in words that do not come again."""

    @function_tool
    def look_up(key: str, why: str) -> str:
        """Look something up."""
        return words(f"{seed} {key}", 160)

    plan = [
        [call("look_up", f"call_{words(f'{seed} {turn} id', 24)}", key=f"K-{turn}", why=words(f"{seed} {turn}", 80))]
        for turn in range(turns)
    ]
    slug = f"stored-bytes-{seed}"
    register(slug, queue="benchmark", version="1", max_turns=turns + 5)(lambda: agent(one_by_one(*plan), look_up))
    registry.declare(registry.get(slug))  # as the app does at its start
    return slug


def words(seed: str, length: int) -> str:
    """Made-up words, as many characters of them."""
    dice = random.Random(seed)
    return " ".join("".join(dice.choices("aeioubcdfglmnprst", k=dice.randint(2, 9))) for _ in range(length))[:length]


if __name__ == "__main__":
    main()
