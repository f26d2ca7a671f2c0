"""What the audit log keeps from somebody who is still to vote."""

import json

import pytest

from reviews.models import AuditEntry
from tests import factories
from tests.reviews.actions.votes import asked, vote
from tests.reviews.web.test_exports import export, lines_of, rows_of
from tests.reviews.web.visits import page_of

SECRETS = ("zebulon", "FEEDBACK", "BECAUSE")


@pytest.fixture
def zebulon(queue):
    person = factories.user("zebulon")
    factories.seat(person, queue)
    return person


@pytest.fixture
def seated(admin, queue):
    """An admin who may vote too."""
    factories.seat(admin, queue)
    return admin


@pytest.fixture
def item(queue, zebulon):
    """A question on which zebulon has voted."""
    question = asked(2)
    vote(question, zebulon, note="FEEDBACK", reason="BECAUSE")
    return question


@pytest.fixture
def entry(item):
    return AuditEntry.objects.get(action="intervention.voted")


def text_of(response):
    return response.content.decode()


def shown(text):
    return [secret for secret in SECRETS if secret in text]


class TestTheLog:
    def test_tells_who_is_to_vote_that_somebody_has(self, item, seated):
        text = text_of(page_of(seated, "reviews:audit_log"))
        assert shown(text) == []
        assert "intervention.voted" in text and "A reviewer" in text and "withheld until you have voted" in text

    def test_tells_all_once_they_have_voted_or_could_not(self, item, seated, otto):
        assert shown(text_of(page_of(otto, "reviews:audit_log"))) == ["zebulon", "FEEDBACK", "BECAUSE"]
        vote(item, seated)
        assert "zebulon" in text_of(page_of(seated, "reviews:audit_log"))

    def test_shows_them_their_own_acts(self, item, seated):
        edited = {**item.proposal, "amount": 1}
        vote(item, seated, "edit", replacement=edited, note="MINE")
        other = factories.user("other")
        factories.seat(other, item.queue)
        vote(item, other, "edit", replacement={**edited, "amount": 2}, note="THEIRS")

        text = text_of(page_of(seated, "reviews:audit_log"))
        assert "MINE" in text and "THEIRS" not in text and ">other<" not in text

    @pytest.mark.parametrize(("name", "found"), [("zebulon", 0), ("ZEBULON", 0), ("A reviewer", 0)])
    def test_cannot_be_asked_whose_vote_it_is(self, item, seated, name, found):
        rows = page_of(seated, "reviews:audit_log", actor=name).context["rows"]
        assert len(rows) == found

    def test_can_be_filtered_by_everything_else(self, item, seated):
        rows = page_of(seated, "reviews:audit_log", action="intervention.voted").context["rows"]
        assert [row.entry.actor for row in rows] == ["A reviewer"]


class TestTheEntry:
    def test_is_whole_though_it_is_not_all_told(self, entry, seated):
        text = text_of(page_of(seated, "reviews:audit_entry", entry.seq))
        assert shown(text) == []
        assert "Its digest holds" in text and "withheld until you have voted" in text

    def test_is_told_to_an_auditor(self, entry, otto):
        assert shown(text_of(page_of(otto, "reviews:audit_entry", entry.seq))) == list(SECRETS)


class TestTheExport:
    def test_marks_what_it_leaves_out(self, entry, seated):
        *records, last = lines_of(export(seated, format="jsonl"))

        record = next(one for one in records if one["seq"] == entry.seq)
        assert (record["actor"], record["digest"]) == ("A reviewer", entry.digest)
        assert json.loads(record["data"]) == {"withheld": "withheld until you have voted, or the vote is settled"}
        assert (last["manifest"]["withheld"], last["manifest"]["count"]) == (1, len(records))

    def test_leaves_it_out_of_csv_too(self, entry, seated, otto):
        assert shown(str(rows_of(export(seated, format="csv")))) == []
        assert shown(str(rows_of(export(otto, format="csv")))) == list(SECRETS)

    def test_cannot_be_asked_whose_vote_it_is(self, entry, seated):
        *records, last = lines_of(export(seated, format="jsonl", actor="zebulon"))
        assert (records, last["manifest"]["withheld"]) == ([], 0)
