"""One step of time limits as the page shows it, with what is wrong beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reviews.escalations.policy import CONDITIONS
from reviews.escalations.steps import DEEDS


@dataclass(frozen=True)
class StepForm:
    """One step for the page: its number counts from 1, as errors name it."""

    typed: dict[str, str]
    at: int
    all_errors: Mapping[str, str]

    @property
    def place(self) -> str:
        """Its number, as buttons name it."""
        return str(self.at)

    @property
    def errors(self) -> list[str]:
        """What is wrong with it."""
        here = f"steps.{self.at + 1}"
        return [said for key, said in self.all_errors.items() if key == here or key.startswith(f"{here}.")]

    @property
    def deeds(self) -> list[tuple[str, str]]:
        """What can be done."""
        return [(deed, deed.replace("_", " ").capitalize()) for deed in DEEDS]

    @property
    def conditions(self) -> list[tuple[str, str]]:
        """When it is done."""
        return [(name, said or "whatever happened") for name, said in CONDITIONS.items()]
