"""The business clock: open hours in a zone, both edges of summer time, holidays."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reviews.businesstime import DAYS, OFFICE, WALL, BadCalendar, Calendar

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
NINE_TO_FIVE = {day: [["09:00", "17:00"]] for day in DAYS[:5]}
ALWAYS = {day: [["00:00", "24:00"]] for day in DAYS}
HOUR = 3600


def calendar(zone, hours=NINE_TO_FIVE, holidays=()):
    return Calendar.read({"zone": zone, "hours": hours, "holidays": list(holidays)})


def at(text, zone="UTC", fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def written(moment, zone):
    return moment.astimezone(ZoneInfo(zone)).strftime("%a %Y-%m-%d %H:%M:%S")


class TestAdd:
    @pytest.mark.parametrize(
        ("zone", "start", "hours", "expected"),
        [
            # within a day, to its very end, over the night, over the weekend
            (BERLIN, "2026-01-07T10:00", 2, "Wed 2026-01-07 12:00:00"),
            (BERLIN, "2026-01-07T10:00", 7, "Wed 2026-01-07 17:00:00"),
            (BERLIN, "2026-01-07T16:00", 2, "Thu 2026-01-08 10:00:00"),
            (BERLIN, "2026-01-09T16:30", 1, "Mon 2026-01-12 09:30:00"),
            (BERLIN, "2026-01-10T12:00", 0, "Mon 2026-01-12 09:00:00"),
            (BERLIN, "2026-01-07T05:00", 1, "Wed 2026-01-07 10:00:00"),
            # clocks go forward on Sunday 29 March 2026 in Berlin, on Sunday 8 March in New York
            (BERLIN, "2026-03-27T16:00", 2, "Mon 2026-03-30 10:00:00"),
            (NEW_YORK, "2026-03-06T16:00", 2, "Mon 2026-03-09 10:00:00"),
            # clocks go back on Sunday 25 October in Berlin, on Sunday 1 November in New York
            (BERLIN, "2026-10-23T16:00", 2, "Mon 2026-10-26 10:00:00"),
            (NEW_YORK, "2026-10-30T16:00", 2, "Mon 2026-11-02 10:00:00"),
            # a work of forty hours is a week, whatever the clocks do in it
            (BERLIN, "2026-03-25T12:00", 40, "Wed 2026-04-01 12:00:00"),
            (NEW_YORK, "2026-10-28T12:00", 40, "Wed 2026-11-04 12:00:00"),
        ],
    )
    def test_counts_open_hours_by_the_wall_of_its_zone(self, zone, start, hours, expected):
        assert written(calendar(zone).add(at(start, zone), hours * HOUR), zone) == expected

    @pytest.mark.parametrize(
        ("zone", "start", "hours", "expected"),
        [
            # the night of the gap has only 23 hours, that of the fold 25
            (BERLIN, "2026-03-28T12:00", 24, "Sun 2026-03-29 13:00:00"),
            (NEW_YORK, "2026-03-07T12:00", 24, "Sun 2026-03-08 13:00:00"),
            (BERLIN, "2026-10-24T12:00", 24, "Sun 2026-10-25 11:00:00"),
            (NEW_YORK, "2026-10-31T12:00", 24, "Sun 2026-11-01 11:00:00"),
        ],
    )
    def test_counts_real_hours_where_it_is_always_open(self, zone, start, hours, expected):
        assert written(calendar(zone, ALWAYS).add(at(start, zone), hours * HOUR), zone) == expected

    @pytest.mark.parametrize(
        ("zone", "holidays", "start", "hours", "expected"),
        [
            (BERLIN, ["2026-12-25"], "2026-12-24T16:00", 2, "Mon 2026-12-28 10:00:00"),
            (BERLIN, ["2026-04-03", "2026-04-06"], "2026-04-02T15:00", 4, "Tue 2026-04-07 11:00:00"),
            (NEW_YORK, ["2026-11-26"], "2026-11-25T16:30", 1, "Fri 2026-11-27 09:30:00"),
            (NEW_YORK, ["2026-07-03"], "2026-07-02T17:00", 1, "Mon 2026-07-06 10:00:00"),
            (NEW_YORK, ["2026-07-03"], "2026-07-03T11:00", 1, "Mon 2026-07-06 10:00:00"),
        ],
    )
    def test_passes_over_holidays(self, zone, holidays, start, hours, expected):
        found = calendar(zone, holidays=holidays).add(at(start, zone), hours * HOUR)

        assert written(found, zone) == expected

    @pytest.mark.parametrize(
        ("zone", "day", "window", "start", "minutes", "expected"),
        [
            # 02:30 does not exist on the day of the gap: what opens then opens when the clock has jumped
            (BERLIN, "sun", ["02:30", "04:00"], "2026-03-29T00:00", 0, "2026-03-29T01:00:00+00:00"),
            (BERLIN, "sun", ["02:30", "04:00"], "2026-03-29T00:00", 30, "2026-03-29T01:30:00+00:00"),
            (NEW_YORK, "sun", ["02:15", "03:30"], "2026-03-08T00:00", 0, "2026-03-08T07:00:00+00:00"),
            # a window that lies wholly in the gap does not open on that day
            (BERLIN, "sun", ["02:00", "03:00"], "2026-03-29T00:00", 0, "2026-04-05T00:00:00+00:00"),
            # one that is passed twice is open twice
            (BERLIN, "sun", ["02:15", "02:45"], "2026-10-25T00:00", 30, "2026-10-25T00:45:00+00:00"),
            (BERLIN, "sun", ["02:15", "02:45"], "2026-10-25T00:00", 40, "2026-10-25T01:25:00+00:00"),
            (NEW_YORK, "sun", ["01:00", "02:00"], "2026-11-01T00:00", 90, "2026-11-01T06:30:00+00:00"),
        ],
    )
    def test_knows_the_gap_and_the_fold(self, zone, day, window, start, minutes, expected):
        nightly = calendar(zone, {day: [window], "wed": [["09:00", "10:00"]]})
        if expected.startswith("2026-04"):
            nightly = calendar(zone, {day: [window]})

        assert nightly.add(at(start, zone), minutes * 60).isoformat() == expected

    def test_answers_in_utc(self):
        assert calendar(NEW_YORK).add(at("2026-01-07T10:00", NEW_YORK), HOUR).tzinfo is UTC

    def test_begins_at_the_second_two_of_the_night_where_it_was_given_that(self):
        nightly = calendar(BERLIN, {"sun": [["02:00", "03:00"]]})

        assert nightly.add(at("2026-10-25T02:30", BERLIN, fold=1), 60).isoformat() == "2026-10-25T01:31:00+00:00"

    def test_passes_over_a_day_that_a_country_skipped(self):
        samoa = calendar("Pacific/Apia", {day: [["09:00", "10:00"]] for day in DAYS})

        assert written(samoa.add(at("2011-12-29T09:30", "Pacific/Apia"), HOUR), "Pacific/Apia").startswith(
            "Sat 2011-12-31 09:30"
        )

    def test_refuses_a_moment_without_a_zone(self):
        with pytest.raises(ValueError, match="without a zone"):
            OFFICE.add(datetime(2026, 1, 7, 10), HOUR)

    def test_refuses_to_run_backwards(self):
        with pytest.raises(ValueError, match="backwards"):
            OFFICE.add(at("2026-01-07T10:00"), -1)

    def test_gives_up_after_a_hundred_years(self):
        weekly = calendar("UTC", {"mon": [["09:00", "10:00"]]})

        with pytest.raises(ValueError, match="hundred years"):
            weekly.add(at("2026-01-07T10:00"), 6_000 * HOUR)


class TestIsOpen:
    @pytest.mark.parametrize(
        ("moment", "expected"),
        [
            ("2026-01-07T08:59:59", False),
            ("2026-01-07T09:00", True),
            ("2026-01-07T17:00", True),
            ("2026-01-07T17:00:01", False),
            ("2026-01-10T12:00", False),
        ],
    )
    def test_counts_the_moment_of_closing_in(self, moment, expected):
        assert calendar(NEW_YORK).is_open(at(moment, NEW_YORK)) is expected

    def test_knows_an_evening_that_ends_at_midnight(self):
        late = calendar(BERLIN, {"fri": [["20:00", "24:00"]]})

        assert late.is_open(at("2026-01-10T00:00", BERLIN))
        assert not late.is_open(at("2026-01-10T00:01", BERLIN))


class TestNextOpen:
    def test_is_the_moment_itself_where_it_is_open(self):
        assert OFFICE.next_open(at("2026-01-07T10:00")) == at("2026-01-07T10:00")

    def test_is_the_next_opening_where_it_is_closed(self):
        assert OFFICE.next_open(at("2026-01-09T18:00")) == at("2026-01-12T09:00")


class TestBetween:
    def test_counts_open_seconds_only(self):
        assert OFFICE.between(at("2026-01-09T16:00"), at("2026-01-12T10:00")) == 2 * HOUR

    def test_is_nothing_where_the_end_comes_first(self):
        assert OFFICE.between(at("2026-01-12T10:00"), at("2026-01-09T16:00")) == 0
        assert WALL.between(at("2026-01-12T10:00"), at("2026-01-09T16:00")) == 0


class TestRead:
    @pytest.mark.parametrize(
        ("change", "key", "said"),
        [
            ({"zone": "Europe/Atlantis"}, "zone", "IANA"),
            ({"zone": "../../etc/passwd"}, "zone", "IANA"),
            ({"zone": None}, "zone", "IANA"),
            ({"hours": {}}, "hours", "never open"),
            ({"hours": {"mon": [], "tue": []}}, "hours", "never open"),
            ({"hours": {"mon": [["09:00", "09:30"]]}}, "hours", "at least an hour"),
            ({"hours": {"monday": [["09:00", "17:00"]]}}, "hours", "mon"),
            ({"hours": {"mon": [["17:00", "09:00"]]}}, "hours.mon", "two windows"),
            ({"hours": {"mon": [["9", "17:00"]]}}, "hours.mon", "no window"),
            ({"hours": {"mon": [["09:00", "24:30"]]}}, "hours.mon", "no window"),
            ({"hours": {"mon": ["09:00"]}}, "hours.mon", "no window"),
            ({"hours": {"mon": "09:00-17:00"}}, "hours.mon", "at most 6"),
            ({"hours": {"mon": [["09:00", "12:00"], ["11:00", "17:00"]]}}, "hours.mon", "overlap"),
            ({"holidays": ["25.12.2026"]}, "holidays", "not a date like"),
            ({"holidays": [20261225]}, "holidays", "not a date like"),
            ({"holidays": "2026-12-25"}, "holidays", "list"),
            ({"owner": "mara"}, "owner", "not known"),
        ],
    )
    def test_says_by_key_what_will_not_do(self, change, key, said):
        with pytest.raises(BadCalendar) as refused:
            Calendar.read({"zone": BERLIN, "hours": NINE_TO_FIVE} | change)

        assert said.lower() in refused.value.errors[key].lower()

    def test_comes_back_from_its_snapshot_as_it_was(self):
        first = calendar(BERLIN, {"sat": [["13:00", "24:00"], ["08:30", "12:00"]]}, ["2026-12-25"])

        assert Calendar.read(first.snapshot()) == first


CLOCK_TIMES = st.integers(0, 96).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
WINDOWS = st.lists(CLOCK_TIMES, min_size=2, max_size=6, unique=True).map(
    lambda times: [list(pair) for pair in zip(*[iter(sorted(times))] * 2, strict=False)]
)
ZONES = st.sampled_from(
    [BERLIN, NEW_YORK, "Australia/Lord_Howe", "Asia/Kathmandu", "America/Havana", "Africa/Casablanca"]
)
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))
CALENDARS = st.builds(
    lambda zone, hours, holidays: Calendar.read({"zone": zone, "hours": hours, "holidays": holidays}),
    ZONES,
    st.dictionaries(st.sampled_from(DAYS), WINDOWS, min_size=1).map(
        lambda hours: hours | {"wed": [["09:00", "11:00"]]}
    ),
    st.lists(st.dates(date(2025, 1, 1), date(2028, 12, 31)).map(date.isoformat), max_size=10),
)
SECONDS = st.integers(0, 200 * HOUR)


def on_the_wall(found, moment):
    """Whether a clock on the wall there shows open hours: told apart from the arithmetic under test."""

    def shows(one):
        local = one.astimezone(ZoneInfo(found.zone))
        minute = local.hour * 60 + local.minute + (local.second + local.microsecond / 1e6) / 60
        is_free = local.date() in found.holidays
        return not is_free and any(start <= minute < end for start, end in found.hours[local.weekday()])

    return shows(moment) or shows(moment - timedelta(microseconds=1))


class TestAnyCalendar:
    @settings(deadline=None)
    @given(CALENDARS, MOMENTS, SECONDS)
    def test_never_comes_to_a_moment_outside_of_its_hours(self, found, start, seconds):
        moment = found.add(start, seconds)

        assert on_the_wall(found, moment)
        assert found.is_open(moment)
        assert moment >= start

    @settings(deadline=None)
    @given(CALENDARS, MOMENTS)
    def test_is_open_when_the_wall_says_so(self, found, moment):
        assert found.is_open(moment) == on_the_wall(found, moment)

    @settings(deadline=None)
    @given(CALENDARS, MOMENTS, SECONDS)
    def test_finds_between_two_moments_what_was_added(self, found, start, seconds):
        assert found.between(start, found.add(start, seconds)) == seconds

    @settings(deadline=None)
    @given(CALENDARS, MOMENTS, SECONDS, SECONDS)
    def test_adds_in_two_goes_as_in_one(self, found, start, first, second):
        assume(second)

        assert found.add(found.add(start, first), second) == found.add(start, first + second)

    @settings(deadline=None)
    @given(CALENDARS)
    def test_reads_what_it_wrote(self, found):
        assert Calendar.read(found.snapshot()) == found
