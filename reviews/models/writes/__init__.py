"""Writes that are described before they are made, so that several of them can go in one statement."""

from reviews.models.writes.change import Change
from reviews.models.writes.found import Found
from reviews.models.writes.new import New, NewRows
from reviews.models.writes.saved import Saved, Updated
from reviews.models.writes.single import upsert

Write = New | NewRows | Saved | Updated

__all__ = ["Change", "Found", "New", "NewRows", "Saved", "Updated", "Write", "upsert"]
