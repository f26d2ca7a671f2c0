"""Pure arithmetic on a business clock: it runs in the open hours of a calendar, in that calendar's own zone.

A calendar says by wall time when it is open. A wall time that a change of clocks skips is never open, one that comes
twice is open twice. Moments go in with a zone and come out in UTC; durations are seconds.
"""

from reviews.businesstime.calendar import OFFICE, Calendar
from reviews.businesstime.reading import DAYS, BadCalendar
from reviews.businesstime.wall import WALL, WallClock

Clock = Calendar | WallClock

__all__ = ["DAYS", "OFFICE", "WALL", "BadCalendar", "Calendar", "Clock", "WallClock"]
