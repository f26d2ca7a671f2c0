"""Ratios, gates and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Gate:
    """What a figure has to stay under (or over), and what it would like to."""

    must: float
    aim: float | None = None
    least: bool = False

    def verdict(self, value: float | None) -> str:
        """What the figure came to."""
        if value is None:
            return NOT_MEASURED
        if self.aim is not None and self._holds(value, self.aim):
            return "pass, aim reached"
        return "pass" if self._holds(value, self.must) else "MISS"

    def _holds(self, value: float, limit: float) -> bool:
        return value >= limit if self.least else value <= limit

    def __str__(self) -> str:
        sign = "≥" if self.least else "≤"
        return f"{sign} {self.must:g}" + (f" (aim {self.aim:g})" if self.aim is not None else "")


@dataclass(frozen=True)
class Line:
    """One row of gates: what was compared, what came out, what it had to be."""

    what: str
    values: Sequence[float] | None
    gate: Gate | None = None
    unit: str = ""
    why: str = ""

    def cells(self) -> list[str]:
        """The row as text."""
        value = median(self.values) if self.values else None
        shown = NOT_MEASURED + (f": {self.why}" if self.why else "") if value is None else f"{value:,.4g}{self.unit}"
        judged = [str(self.gate), self.gate.verdict(value)] if self.gate else ["", ""]
        return [self.what, f"**{shown}**" if value is not None else shown, spread(self.values or ()), *judged]


def spread(values: Sequence[float]) -> str:
    """The middle half and the extremes of several measurements."""
    if len(values) < 2:
        return ""
    low, _, high = quantiles(values, n=4, method="inclusive")
    return f"{low:.3g} – {high:.3g} [{min(values):.3g} … {max(values):.3g}]"


def judged(title: str, lines: Sequence[Line]) -> str:
    """A table of rows with their gates."""
    return f"### {title}\n\n" + table(
        ["measured", "median", "middle half [extremes]", "gate", "verdict"], [line.cells() for line in lines]
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown that is also readable as it is."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    laid = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    top = "| " + " | ".join(cell.ljust(width) for cell, width in zip(head, widths, strict=True)) + " |"
    return "\n".join([top, "|" + "|".join("-" * (width + 2) for width in widths) + "|", *laid]) + "\n"


def ninety_fifth(values: Sequence[float]) -> float:
    """The value that 95 of 100 stay under."""
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]
