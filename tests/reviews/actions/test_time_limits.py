"""Writing time limits, and letting silence approve."""

import pytest
from django.db import IntegrityError, transaction

from reviews import access
from reviews.actions import Conflict, Invalid, agreements, silence, time_limits
from reviews.models import EscalationPolicy
from tests import factories
from tests.reviews.actions.conftest import book
from tests.reviews.actions.time_travel import policy, step

HOURS = {"zone": "UTC", "hours": {"mon": [["09:00", "10:00"]]}}
SAID = {
    "clock": "business",
    "respond_within": "90 days",
    "expires_after": None,
    "steps": [step("400%", "remind")],
    "final": {"do": "keep_waiting"},
}


def agreed_office(by):
    """The usual calendar, hardly ever open by the word of two."""
    made = time_limits.write_calendar("office", by=by, body=HOURS, seen=0)
    agreements.agree(made, by=factories.user("second", access.MANAGER))


class TestWrite:
    def test_refuses_moments_that_never_come(self, mara):
        time_limits.write_calendar("rare", by=mara, body=HOURS, seen=0)

        with pytest.raises(Invalid) as refusal:
            time_limits.write("slow", by=mara, body=SAID | {"calendar": "rare"}, seen=0)

        assert list(refusal.value.errors) == ["calendar"]
        assert "hardly ever open" in refusal.value.errors["calendar"]
        assert not EscalationPolicy.objects.exists()

    def test_counts_in_the_office_where_no_calendar_is_named(self, mara):
        time_limits.write("slow", by=mara, body=SAID, seen=0)
        agreed_office(mara)

        with pytest.raises(Invalid, match="office is hardly ever open"):
            time_limits.write("slow", by=mara, body=SAID, seen=1)

    def test_of_the_wall_clock_asks_no_calendar(self, mara):
        agreed_office(mara)

        assert time_limits.write("slow", by=mara, body=SAID | {"clock": "wall"}, seen=0).version == 1


class TestEnable:
    @pytest.fixture
    def written(self, db, alice):
        return policy(final={"do": "approve"}, written_by=alice)

    def test_takes_a_second_person(self, written, mara):
        assert silence.enable(written.pk, by=mara).enabled_by == mara
        assert book() == ["time_limits.enabled"]

    def test_is_not_the_first_persons(self, db, mara):
        mine = policy(final={"do": "approve"}, written_by=mara)

        with pytest.raises(Conflict, match="somebody else has to enable"):
            silence.enable(mine.pk, by=mara)

    def test_is_nobodys_where_there_was_no_first_person(self, db, mara):
        anonymous = policy(final={"do": "approve"})

        with pytest.raises(Conflict, match="no first person"):
            silence.enable(anonymous.pk, by=mara)

        anonymous.refresh_from_db()
        assert anonymous.enabled_by is None

    def test_by_one_person_alone_is_refused_by_the_database(self, written, alice, mara):
        for first, second in ((None, mara), (alice, alice)):
            with pytest.raises(IntegrityError), transaction.atomic():
                EscalationPolicy.objects.filter(pk=written.pk).update(written_by=first, enabled_by=second)

        EscalationPolicy.objects.filter(pk=written.pk).update(written_by=alice, enabled_by=mara)
