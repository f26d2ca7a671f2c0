"""The dates that follow from a policy: what the editor shows, and what becomes rows."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviews.businesstime import DAYS, OFFICE, Calendar
from reviews.escalations import DEFAULTS, DUE, EXPIRE, friday_evening, plan, warnings, with_room
from reviews.states import Risk
from tests.reviews.escalations.test_reading import HOUR, body, read
from tests.reviews.test_businesstime import CALENDARS, MOMENTS, on_the_wall

BERLIN = Calendar.read({"zone": "Europe/Berlin", "hours": {day: [["09:00", "17:00"]] for day in DAYS[:5]}})


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


def shown(dated):
    return [f"{one.at.astimezone(ZoneInfo('Europe/Berlin')):%a %H:%M} {one.what}" for one in dated]


class TestPlan:
    def test_shows_a_dated_timeline_over_a_weekend(self):
        said = body(
            clock="business",
            respond_within="4h",
            expires_after="3 days",
            steps=[
                {"at": "1h", "do": "remind"},
                {"at": "2h", "do": "notify", "to": "reviewers", "only_if": "unclaimed"},
                {"at": "100%", "do": "escalate", "level": 2},
            ],
        )

        assert shown(plan(said, BERLIN, at("2026-01-09T16:30"), Risk.MEDIUM)) == [
            "Mon 09:30 remind whoever holds it",
            "Mon 10:30 if nobody has claimed it notify reviewers",
            "Mon 12:30 escalate to level 2 (managers)",
            "Mon 12:30 the answer is due",
            "Mon 16:30 rejected with a message",
        ]

    def test_counts_the_end_by_the_wall_whatever_the_clock(self):
        dated = plan(body(clock="business"), BERLIN, at("2026-01-09T16:30"))

        assert [one.at for one in dated if one.kind == EXPIRE] == [at("2026-01-11T16:30")]

    def test_marks_what_comes_when_the_time_is_over(self):
        dated = plan(body(clock="business"), BERLIN, at("2026-01-09T16:30"))

        assert [(one.kind, one.lost) for one in dated] == [
            ("expire", False),
            ("step", True),
            ("step", True),
            ("due", True),
        ]

    def test_is_in_utc(self):
        assert {one.at.tzinfo for one in plan(body(), BERLIN, at("2026-01-09T16:30"))} == {UTC}

    def test_tells_the_end_that_the_risk_allows(self):
        said = body(final={"do": "approve"})

        assert [plan(said, None, at("2026-01-09T16:30"), risk)[-1].what for risk in (Risk.LOW, Risk.HIGH)] == [
            "approved by time-out",
            "rejected with a message",
        ]

    def test_has_no_end_where_it_waits_for_ever(self):
        dated = plan(body(expires_after=None, final={"do": "keep_waiting"}), None, at("2026-01-09T16:30"))

        assert EXPIRE not in {one.kind for one in dated}

    def test_counts_by_office_hours_where_no_calendar_is_given(self):
        dated = plan(DEFAULTS[Risk.LOW], None, datetime(2026, 1, 9, 16, 30, tzinfo=UTC))

        assert all(OFFICE.is_open(one.at) for one in dated if one.kind != EXPIRE)

    @settings(deadline=None)  # the machine may be busy
    @given(CALENDARS, MOMENTS, st.sampled_from([5, 30, 75, 100, 250]), st.integers(1, 60 * HOUR), st.integers(0, 5))
    def test_never_puts_a_step_outside_of_business_hours(self, calendar, created, percent, within, repeat):
        steps = [{"at": f"{percent}%", "do": "remind"}, {"at": 200 * HOUR, "do": "escalate", "level": 2}]
        said = read(
            body(clock="business", respond_within=within, expires_after="360 days", steps=steps)
            | {"repeat": repeat, "repeat_from": 1}
        )

        for one in plan(said, calendar, created):
            assert one.kind == EXPIRE or on_the_wall(calendar, one.at)


class TestWarnings:
    def test_tell_with_real_dates_what_a_weekend_swallows(self):
        said = warnings(body(clock="business"), BERLIN)

        assert "Opened Fri 17:00, “the answer is due” would come Mon 13:00, but the time is over Sun 17:00." in said

    @pytest.mark.parametrize("risk", list(Risk))
    def test_have_nothing_to_say_about_the_defaults(self, risk):
        assert warnings(DEFAULTS[risk], BERLIN) == []

    def test_speak_up_where_silence_approves(self):
        assert "Silence approves" in warnings(body(final={"do": "approve"}), BERLIN)[0]


class TestFridayEvening:
    def test_is_five_o_clock_there(self):
        thursday, evening = datetime(2026, 3, 26, 9, tzinfo=UTC), datetime(2026, 3, 27, 16, 30, tzinfo=UTC)
        assert [friday_evening(BERLIN, after=now).day for now in (thursday, evening)] == [27, 3]
        assert f"{friday_evening(BERLIN).astimezone(ZoneInfo('Europe/Berlin')):%A %H:%M}" == "Friday 17:00"


class TestWithRoom:
    """Closed days do not eat the time to answer of a default policy."""

    EASTER = replace(BERLIN, holidays=frozenset({date(2026, 4, 3), date(2026, 4, 6)}))

    @pytest.mark.parametrize("risk", [Risk.LOW, Risk.MEDIUM])
    def test_leaves_open_hours_after_a_long_weekend(self, risk):
        opened = at("2026-04-02T16:30")
        dated = plan(with_room(DEFAULTS[risk], self.EASTER, opened), self.EASTER, opened, risk)

        due, end = (next(one for one in dated if one.kind == kind) for kind in (DUE, EXPIRE))
        assert not any(one.lost for one in dated)
        assert self.EASTER.between(due.at, end.at) >= 4 * HOUR

    @pytest.mark.parametrize("risk", list(DEFAULTS))
    def test_changes_nothing_in_a_usual_week(self, risk):
        assert with_room(DEFAULTS[risk], BERLIN, at("2026-01-08T16:30")) == DEFAULTS[risk]

    @given(CALENDARS, MOMENTS, st.sampled_from([Risk.LOW, Risk.MEDIUM]))
    @settings(max_examples=50, deadline=None)
    def test_holds_for_any_calendar(self, calendar, opened, risk):
        dated = plan(with_room(DEFAULTS[risk], calendar, opened), calendar, opened, risk)
        due, end = (next(one.at for one in dated if one.kind == kind) for kind in (DUE, EXPIRE))
        assert end > due and not any(one.lost for one in dated)


class TestOneWalk:
    def test_is_enough_for_all_moments_of_a_plan(self, monkeypatch):
        walks, plain = [], Calendar._spans
        monkeypatch.setattr(Calendar, "_spans", lambda self, start: walks.append(start) or plain(self, start))
        steps = [{"at": f"{20 * n}%", "do": "remind"} for n in range(1, 11)]
        said = body(clock="business", respond_within="4h", expires_after="90 days", steps=steps, repeat=5)

        assert len(plan(said, BERLIN, at("2026-01-09T16:30"))) == 62
        assert len(walks) == 1

    @given(CALENDARS, MOMENTS, st.lists(st.integers(0, 400_000), max_size=6))
    @settings(max_examples=50, deadline=None)
    def test_comes_to_the_same_as_one_for_each(self, calendar, opened, each):
        assert calendar.add_each(opened, each) == {seconds: calendar.add(opened, seconds) for seconds in each}
