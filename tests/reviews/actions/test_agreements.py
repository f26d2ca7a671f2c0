"""Time limits and calendars change only by two people."""

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from reviews import access
from reviews.actions import Conflict, agreements, review_policies, time_limits
from reviews.models import AuditEntry, Calendar, EscalationPolicy
from reviews.states import Risk
from tests import factories
from tests.reviews.actions.conftest import book

BODY = {"clock": "wall", "respond_within": 3600, "expires_after": 14400, "final": {"do": "reject"}}
HOURS = {"zone": "UTC", "hours": {"mon": [["09:00", "17:00"]]}}


@pytest.fixture
def nina(queue):
    """A second manager."""
    return factories.user("nina", access.MANAGER)


def limits(by, seen, slug="slow", **changes):
    return time_limits.write(slug, by=by, body={**BODY, **changes}, seen=seen)


def calendar(by, seen, slug="berlin", **changes):
    return time_limits.write_calendar(slug, by=by, body={**HOURS, **changes}, seen=seen)


def in_force(by, second, **rule):
    drafted = review_policies.draft("payments", by=by, body={"rules": [{"tool": "pay", **rule}]})
    return review_policies.activate(drafted.pk, by=second)


def standing():
    return list(EscalationPolicy.objects.order_by("version").values_list("version", "standing"))


def hour_of_slow():
    """Within how many seconds a question that is asked now is due."""
    question = factories.question(judgement={"escalation": "slow"})
    return round((question.due_at - question.created_at).total_seconds())


@pytest.fixture
def used(mara, nina):
    """Time limits that mara wrote, and that a rule in force names."""
    made = limits(mara, 0)
    in_force(mara, nina, escalation="slow")
    return made


class TestWrite:
    def test_takes_effect_at_once_where_the_name_is_new(self, mara):
        assert limits(mara, 0, respond_within=7200).standing == "in_force"
        assert hour_of_slow() == 7200 and "time_limits.proposed" not in book()

    def test_waits_for_a_second_person_before_any_rule_names_it(self, mara, nina):
        limits(mara, 0)
        made = limits(nina, 1, steps=[{"at": 60, "do": "add_reviewers", "to": ["user:nina"]}])
        drafted = review_policies.draft("payments", by=mara, body={"rules": [{"tool": "pay", "escalation": "slow"}]})
        review_policies.activate(drafted.pk, by=nina)
        asked = factories.question(judgement={"escalation": "slow"})
        assert (made.standing, asked.policy["time"]["version"]) == ("proposed", 1)

    @pytest.mark.parametrize("on_trial", [False, True])
    def test_waits_while_the_rule_that_names_it_does(self, mara, nina, on_trial):
        limits(mara, 0)
        rules = [{"tool": "pay", "escalation": "slow"}]
        drafted = review_policies.draft("payments", by=mara, body={"rules": rules})
        if on_trial:
            review_policies.start_shadow(drafted.pk, by=mara)
        else:  # left out while they are changed, and named again: the draft reads as before
            review_policies.save(drafted.pk, by=mara, body={"rules": []})
        limits(mara, 1, steps=[{"at": 60, "do": "add_reviewers", "to": ["user:mara"]}])
        if not on_trial:
            review_policies.save(drafted.pk, by=mara, body={"rules": rules})
        review_policies.activate(drafted.pk, by=nina, seen=drafted.digest)
        asked = factories.question(judgement={"escalation": "slow"})
        assert asked.policy["time"]["version"] == 1 and not asked.policy["time"]["body"]["steps"]

    def test_waits_for_a_second_person_where_a_rule_names_it(self, used, mara):
        made = limits(mara, 1, respond_within=7200)

        assert (made.version, made.standing) == (2, "proposed")
        assert hour_of_slow() == 3600
        entry = AuditEntry.objects.get(action="time_limits.proposed")
        said = json.loads(entry.data)
        assert (entry.actor, said["version"], said["body"]["respond_within"]) == ("mara", 2, 7200)

    def test_keeps_who_calls_themselves_in_out_until_somebody_agrees(self, used, mara):
        mine = {"at": 60, "do": "add_reviewers", "to": ["user:mara"], "only_if": "undecided"}
        limits(mara, 1, steps=[mine])
        asked = factories.question(judgement={"escalation": "slow"})

        assert asked.policy["time"]["version"] == 1 and asked.policy["time"]["body"]["steps"] == []

    def test_goes_on_from_a_proposal_or_from_what_was_there_before_one_that_was_turned_down(self, used, mara, nina):
        with pytest.raises(Conflict, match="mara has written version 2"):
            limits(mara, 1)
            limits(nina, 1)
        agreements.turn_down(EscalationPolicy.objects.get(version=2), by=nina)
        assert (limits(nina, 1).version, limits(nina, 3).version) == (3, 4)


class TestAgree:
    def test_puts_the_proposal_in_force_as_the_second_person(self, used, mara, nina):
        made = limits(mara, 1, respond_within=7200)
        done = agreements.agree(made, by=nina)

        assert (done.standing, done.answered_by, hour_of_slow()) == ("in_force", nina, 7200)
        entry = AuditEntry.objects.get(action="time_limits.agreed")
        said = json.loads(entry.data)
        assert (entry.actor, said["written_by"], said["version"]) == ("nina", "mara", 2)

    def test_is_not_for_the_author_nor_for_who_wrote_what_it_was_made_from(self, used, mara, nina, admin):
        limits(mara, 1, respond_within=7200)
        made = limits(nina, 2, respond_within=7200, expires_after=14401)

        for person in (mara, nina):
            with pytest.raises(Conflict, match="somebody else has to agree"):
                agreements.agree(made, by=person)
        agreements.agree(made, by=admin)
        assert standing() == [(1, "in_force"), (2, "turned_down"), (3, "in_force")]

    def test_is_for_the_newest_proposal_only_and_once(self, used, mara, nina, admin):
        first, second = limits(mara, 1), limits(mara, 2)
        with pytest.raises(Conflict, match="Version 3 was written since"):
            agreements.agree(first, by=nina)
        agreements.agree(second, by=nina)
        with pytest.raises(Conflict, match="slow 3 is in force by nina"):
            agreements.agree(second, by=admin)

    @pytest.mark.parametrize("person", ["alice", "otto", "charlie"])
    def test_is_for_managers_and_admins_only(self, request, used, mara, person):
        made = limits(mara, 1)
        for verb in (agreements.agree, agreements.turn_down):
            with pytest.raises(PermissionDenied):
                verb(made, by=request.getfixturevalue(person))
        assert agreements.hindrance(made, request.getfixturevalue(person)).startswith("Only managers")

    def test_by_the_author_is_refused_by_the_database_too(self, used, mara):
        made = limits(mara, 1)
        with pytest.raises(IntegrityError), transaction.atomic():
            EscalationPolicy.objects.filter(pk=made.pk).update(standing="in_force", answered_by=mara)


class TestTurnDown:
    def test_leaves_what_holds_and_may_be_done_by_the_author(self, used, mara, nina):
        for person, version in ((nina, 2), (mara, 3)):
            made = limits(mara, 1)
            assert agreements.turn_down(made, by=person).standing == "turned_down"
            assert (made.version, hour_of_slow()) == (version, 3600)
            with pytest.raises(Conflict, match=f"was turned down by {person}"):
                agreements.agree(made, by=nina)
        assert AuditEntry.objects.filter(action="time_limits.turned_down").count() == 2


class TestCalendars:
    def test_wait_too(self, mara, nina):
        assert calendar(mara, 0).standing == "in_force"
        limits(mara, 0, clock="business", calendar="berlin", expires_after="3 days")

        made = calendar(mara, 1, zone="Asia/Tokyo")
        asked = factories.question(judgement={"escalation": "slow"})
        assert (made.standing, asked.policy["time"]["calendar"]["zone"]) == ("proposed", "UTC")

        agreements.agree(made, by=nina)
        asked = factories.question(judgement={"escalation": "slow"})
        assert asked.policy["time"]["calendar"]["zone"] == "Asia/Tokyo"
        assert AuditEntry.objects.filter(action__in=["calendar.proposed", "calendar.agreed"]).count() == 2

    def test_of_the_office_wait_from_the_first_for_they_count_where_no_rule_speaks(self, mara, nina):
        made = calendar(mara, 0, slug="office", zone="Asia/Tokyo")
        asked = factories.question(judgement={"due_in": None, "risk": Risk.MEDIUM})
        assert (made.standing, asked.policy["time"]["calendar"]["zone"]) == ("proposed", "UTC")
        agreements.agree(made, by=nina)
        again = calendar(mara, 1, slug="office", zone="Asia/Seoul")
        agreements.turn_down(again, by=nina)
        assert AuditEntry.objects.filter(action="calendar.turned_down").exists()
        assert Calendar.objects.newest("office").get().zone == "Asia/Tokyo"
