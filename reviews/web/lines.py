"""The line of one open page, whatever carries it: who listens, and how far the page has come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from reviews.access import Sight
from reviews.web import bell, fragments, lanes
from reviews.web.filters import Filter
from reviews.web.guard import Listener
from reviews.web.looks import BoardLook, Found, InboxLook, Look, RunLook
from reviews.web.view import BoardView, View


@dataclass(eq=False)
class Line:
    """``seq`` is how far it has come, ``shown`` the number its page knows: who has no queue learns not even a number.

    One message at a time is under way. What comes meanwhile leaves the line ``is_behind``, and it then catches up from
    its own number, so a slow browser costs no memory.
    """

    who: Listener
    say: Callable[[str], Awaitable[None]]
    hang_up: Callable[[int], Awaitable[None]]
    shown: int = 0
    seq: int = -1
    sight: Sight = Sight()
    is_open: bool = False
    is_busy: bool = False
    is_behind: bool = False
    is_owed: bool = False
    is_over: bool = False
    said_at: float = 0.0
    clock: str = ""

    def look(self) -> Look:
        """The look that finds what it has missed."""
        raise NotImplementedError

    def came_to(self, found: Found) -> None:
        """It will be told what was found."""
        self.sight, self.is_open = found.sight, True
        self.passes(found.seq)

    def passes(self, seq: int) -> None:
        """Up to this number it has been told all that concerns it."""
        self.seq = seq
        if self.sight:
            self.shown = seq

    def told(self, seq: int) -> None:
        """It is being told what brings it to that number."""
        self.seq = self.shown = seq

    def sees(self, sight: Sight) -> bool:
        """Note what its reader may see; whether that has changed since the page was told."""
        was, self.sight = self.sight, sight
        return self.is_open and was != sight

    def banner(self, clock: str) -> str:
        """What it has to be told of the clock, of which this is true now: the same is told once."""
        told, self.clock = self.clock, clock
        return "" if told == clock else clock

    def mark(self, *, is_live: bool) -> str:
        """The fragment that tells the page how far it has come."""
        return fragments.mark(self.shown, is_live=is_live, is_owed=self.is_owed)


@dataclass(eq=False)
class ListLine(Line):
    """Of a page with a list of questions: it is told what happened together with all others."""

    is_astray: bool = False

    @property
    def view(self) -> View | BoardView:
        """What it shows."""
        raise NotImplementedError

    @property
    def searches(self) -> bool:
        """Whether only the database can say what it shows."""
        return False

    def sees(self, sight: Sight) -> bool:
        """A list that was made for another sight has to be made anew."""
        self.is_astray = super().sees(sight) or self.is_astray
        return self.is_astray

    def came_to(self, found: Found) -> None:
        """A look may be the first to find another sight; what it brought does not make up for that."""
        is_other = self.is_open and found.sight != self.sight
        super().came_to(found)
        if is_other:
            self.is_astray = self.is_behind = True

    def since(self) -> int:
        """From where it looks."""
        return self.seq if self.is_open else self.shown


@dataclass(eq=False)
class InboxLine(ListLine):
    """Of somebody's inbox, as its filters show it."""

    chosen: Filter = Filter()
    bell: bell.Mark | None = None

    def __post_init__(self) -> None:
        self._view = View(self.who.person, self.who.username, self.chosen)

    @property
    def view(self) -> View:
        """Made once: it is asked for at every bell."""
        return self._view

    @property
    def searches(self) -> bool:
        """What a title contains is the database's to say."""
        return bool(self.chosen.q)

    def look(self) -> InboxLook:
        """Rows, notices and head; with this, none is owed any more."""
        look = InboxLook(self.who.person, self.chosen, self.since(), self.is_owed, self.is_astray)
        self.is_owed = self.is_astray = False
        return look

    def told(self, seq: int) -> None:
        """The head is owed from now on."""
        super().told(seq)
        self.is_owed = True


@dataclass(eq=False)
class BoardLine(ListLine):
    """Of a manager's board."""

    chosen: lanes.Look = lanes.Look()

    def __post_init__(self) -> None:
        self._view = BoardView(self.who.person, self.chosen)

    @property
    def view(self) -> BoardView:
        """Made once: it is asked for at every bell."""
        return self._view

    def look(self) -> BoardLook:
        """Whether anything changed."""
        look = BoardLook(self.who.person, self.chosen, self.since(), self.is_astray)
        self.is_astray = False
        return look


@dataclass(eq=False)
class RunLine(Line):
    """Of one run's page."""

    run_id: UUID = UUID(int=0)
    at: str = ""

    def look(self) -> RunLook:
        """The page as it is."""
        return RunLook(self.who.person, self.run_id, self.at)

    def came_to(self, found: Found) -> None:
        """Its mark counts more than events."""
        super().came_to(found)
        self.at = found.mark
