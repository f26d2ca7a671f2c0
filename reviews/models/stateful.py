"""A model whose status moves only along its table of moves."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from reviews.models.writes import Saved
from reviews.states import IllegalMove


class Stateful(models.Model):
    """Base of Run and Intervention; ``move_to`` is the one way to change their status."""

    MOVES: ClassVar[dict[str, frozenset[str]]]
    status = models.CharField(max_length=20)

    class Meta:
        abstract = True

    def move_to(self, status: str, **changes: Any) -> None:
        """Save the new status and the named fields, nothing else. Raises IllegalMove where there is no arrow."""
        self.moved_to(status, **changes).make()

    def moved_to(self, status: str, **changes: Any) -> Saved:
        """As `move_to`; what is to be saved is left to the caller."""
        if status not in self.MOVES[self.status]:
            raise IllegalMove(f"{self._meta.verbose_name} {self.pk} cannot go from {self.status} to {status}.")
        self.status = status
        for name, value in changes.items():
            setattr(self, name, value)
        return Saved(self, ["status", *changes])
