"""One person's night, on ordinary days and when the clocks change."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews import quiet_hours

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
NIGHT = (time(22), time(7))


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class TestHeldUntil:
    @pytest.mark.parametrize(
        ("zone", "moment", "ends"),
        [
            (BERLIN, "2026-01-15 20:59", None),  # 21:59 in winter
            (BERLIN, "2026-01-15 21:00", "2026-01-16 06:00"),
            (BERLIN, "2026-01-16 05:59", "2026-01-16 06:00"),
            (BERLIN, "2026-01-16 06:00", None),
            (BERLIN, "2026-07-15 20:00", "2026-07-16 05:00"),  # an hour earlier in summer
            (BERLIN, "2026-03-28 21:30", "2026-03-29 05:00"),  # the night that loses an hour
            (BERLIN, "2026-10-24 20:30", "2026-10-25 06:00"),  # the night that gains one
            (NEW_YORK, "2026-03-08 03:30", "2026-03-08 11:00"),
            (NEW_YORK, "2026-11-01 02:30", "2026-11-01 12:00"),
        ],
    )
    def test_ends_by_the_clock_on_the_wall(self, zone, moment, ends):
        assert quiet_hours.held_until(utc(moment), zone, *NIGHT) == (utc(ends) if ends else None)

    @pytest.mark.parametrize(
        ("moment", "ends"),
        [
            ("2026-10-24 23:30", "2026-10-25 01:30"),  # 01:30 in summer time: 02:30 comes twice, the second counts
            ("2026-10-25 00:45", "2026-10-25 01:30"),  # 02:45, before the clocks go back
            ("2026-10-25 01:29", "2026-10-25 01:30"),  # 02:29 again
            ("2026-10-25 01:30", None),
            ("2026-03-29 00:30", "2026-03-29 01:30"),  # 02:30 is left out: half an hour behind the gap, 03:30
        ],
    )
    def test_whose_end_is_struck_twice_or_never_holds_long_enough(self, moment, ends):
        assert quiet_hours.held_until(utc(moment), BERLIN, time(1), time(2, 30)) == (utc(ends) if ends else None)

    def test_within_one_day_is_held_at_noon_only(self):
        lunch = (time(12), time(13))
        assert quiet_hours.held_until(utc("2026-01-15 11:30"), BERLIN, *lunch) == utc("2026-01-15 12:00")
        assert quiet_hours.held_until(utc("2026-01-15 12:30"), BERLIN, *lunch) is None

    def test_of_no_length_holds_nothing(self):
        assert quiet_hours.held_until(utc("2026-01-15 11:30"), BERLIN, time(9), time(9)) is None

    @given(
        moment=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
        start=st.times(),
        end=st.times(),
        zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    )
    def test_is_over_within_a_day_and_when_it_ends_it_has_ended(self, moment, start, end, zone):
        ends = quiet_hours.held_until(moment, ZoneInfo(zone), start, end)
        if ends is not None:
            assert moment < ends <= moment + timedelta(hours=25)
            again = quiet_hours.held_until(ends, ZoneInfo(zone), start, end)
            assert again is None or again > ends


class TestNextDigest:
    def test_of_every_hour_is_at_the_next_full_one(self):
        assert quiet_hours.next_digest(utc("2026-01-15 11:30"), BERLIN, None) == utc("2026-01-15 12:00")
        assert quiet_hours.next_digest(utc("2026-01-15 12:00"), BERLIN, None) == utc("2026-01-15 13:00")

    @pytest.mark.parametrize(
        ("moment", "comes"),
        [
            ("2026-01-15 06:59", "2026-01-15 07:00"),
            ("2026-01-15 07:00", "2026-01-16 07:00"),
            ("2026-03-28 08:00", "2026-03-29 06:00"),  # eight o'clock of summer
            ("2026-10-24 08:00", "2026-10-25 07:00"),
        ],
    )
    def test_of_every_day_is_at_its_hour_by_the_clock_on_the_wall(self, moment, comes):
        assert quiet_hours.next_digest(utc(moment), BERLIN, time(8)) == utc(comes)
