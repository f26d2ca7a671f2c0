"""The audit log: who may read it, what its filters leave, and what a verification says."""

import json
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from reviews import audit
from reviews.actions import interventions
from reviews.actors import SYSTEM
from reviews.audit import Act, triggers
from reviews.models import AuditEntry, AuditHead
from reviews.states import Verdict
from reviews.web import audit_rows
from reviews.web.audit_log import PAGE_SIZE
from tests import factories
from tests.reviews import desk_data
from tests.reviews.web.visits import page_of, post


def actions(user, **query):
    return [line.entry.action for line in page_of(user, "reviews:audit_log", **query).context["rows"]]


def write(*names, **data):
    with transaction.atomic():
        audit.record(*(Act(name, SYSTEM, data=data) for name in names))


@pytest.fixture
def story(alice):
    """A run that alice started and whose question she rejected."""
    asked = desk_data.refund(on=factories.leased(factories.run(by=alice)))
    interventions.decide(asked.pk, by=alice, verdict=Verdict.REJECT, note="Too much.")
    return asked


class TestAuditLog:
    def test_is_open_to_auditors_and_admins(self, otto, admin):
        assert page_of(otto, "reviews:audit_log").status_code == page_of(admin, "reviews:audit_log").status_code == 200

    @pytest.mark.parametrize("name", ["alice", "mara", "charlie"])
    def test_is_not_there_for_anybody_else(self, request, story, name):
        user = request.getfixturevalue(name)

        assert page_of(user, "reviews:audit_log").status_code == 404
        assert page_of(user, "reviews:audit_entry", 1).status_code == 404
        assert post(user, "reviews:verify_audit").status_code == 404
        assert post(user, "reviews:export_audit", format="csv").status_code == 404
        assert not AuditEntry.objects.filter(action__startswith="audit.").exists()

    def test_link_is_hidden_from_those_who_may_not_follow_it(self, alice, otto):
        address = reverse("reviews:audit_log").encode()

        assert address not in page_of(alice, "reviews:runs").content
        assert address in page_of(otto, "reviews:runs").content

    def test_shows_the_newest_first(self, story, otto):
        assert actions(otto)[0] == "intervention.reject"
        assert actions(otto)[-1] == "run.submitted"

    @pytest.mark.parametrize(
        "query, expected",
        [
            ({"actor": "alice"}, {"run.submitted", "intervention.reject"}),
            ({"actor": "ALICE", "action": "run"}, {"run.submitted"}),
            ({"action": "intervention."}, {"intervention.opened", "intervention.reject"}),
            ({"action": "run.started"}, {"run.started"}),
            ({"actor": "nobody"}, set()),
        ],
    )
    def test_can_be_filtered(self, story, otto, query, expected):
        assert set(actions(otto, **query)) == expected

    def test_can_be_filtered_by_run_or_its_beginning(self, story, otto):
        everything = len(actions(otto))
        write("a.b")

        assert len(actions(otto, run=str(story.run_id))) == everything
        assert len(actions(otto, run=str(story.run_id)[:8].upper())) == everything

    def test_can_be_filtered_by_day(self, story, otto):
        today = timezone.now().date()
        yesterday, tomorrow = today - timedelta(days=1), today + timedelta(days=1)

        assert actions(otto, since=today, until=today)
        assert actions(otto, until=yesterday) == []
        assert actions(otto, since=tomorrow) == []

    def test_shows_nothing_by_mistake_when_a_filter_makes_no_sense(self, story, otto):
        response = page_of(otto, "reviews:audit_log", since="yesterday-ish")

        assert response.context["rows"] == []
        assert b"From: Enter a valid date" in response.content
        assert b"Nothing was searched" in response.content
        assert b"No entries match" not in response.content

    def test_calls_a_filter_by_the_name_it_has_on_the_page(self, story, otto):
        page = page_of(otto, "reviews:audit_log", action="x" * 61, until="soon").content

        assert b"Event: Ensure this value has at most 60 characters" in page
        assert b"To: Enter a valid date" in page

    def test_refuses_days_in_the_wrong_order(self, story, otto):
        response = page_of(otto, "reviews:audit_log", since="2026-11-22", until="2026-11-21")

        assert response.context["rows"] == []
        assert b"To: Enter 2026-11-22 or a later day: the range ends before it begins." in response.content

    def test_offers_no_export_of_filters_that_make_no_sense(self, story, otto):
        export = reverse("reviews:export_audit").encode()

        assert export in page_of(otto, "reviews:audit_log").content
        assert export not in page_of(otto, "reviews:audit_log", since="soon").content

    @pytest.mark.parametrize("query", [{"until": "9999-12-31"}, {"actor": "\x00"}, {"run": "\x00"}])
    def test_finds_nothing_beyond_the_calendar_or_the_alphabet(self, story, otto, query):
        assert actions(otto, **query) == []
        assert post(otto, "reviews:export_audit", format="csv", **query).status_code == 422

    def test_comes_in_pages_that_lose_none(self, otto):
        write(*(f"a.{number}" for number in range(PAGE_SIZE + 2)))

        first = page_of(otto, "reviews:audit_log")
        rest = page_of(otto, "reviews:audit_log", after=first.context["page"].after)

        seen = [line.entry.seq for page in (first, rest) for line in page.context["rows"]]
        assert seen == list(range(PAGE_SIZE + 2, 0, -1))

    def test_keeps_its_filters_on_the_way_to_older_entries(self, otto):
        write(*(["a.b"] * (PAGE_SIZE + 1)))

        text = page_of(otto, "reviews:audit_log", action="a.").content.decode()

        assert "action=a.&amp;after=" in text

    def test_costs_the_same_however_long_it_is(self, otto):
        client = Client()
        client.force_login(otto)
        costs = []
        for count in (2, 60):
            write(*(["a.b"] * count))
            with CaptureQueriesContext(connection) as queries:
                client.get(reverse("reviews:audit_log"))
            costs.append(len(queries))

        assert costs[0] == costs[1] <= 8

    def test_treats_what_is_written_in_it_as_text(self, otto):
        write("a.b", note="<script>alert(1)</script>")

        assert b"<script>alert(1)" not in page_of(otto, "reviews:audit_log").content

    def test_is_never_changed_from_its_page(self, story, otto):
        text = page_of(otto, "reviews:audit_log").content.decode()

        forms = text.count('method="post"')
        assert forms == 3  # verify, export, sign out


class TestAuditEntry:
    def test_shows_all_of_it(self, story, otto):
        entry = AuditEntry.objects.latest("seq")

        text = page_of(otto, "reviews:audit_entry", entry.seq).content.decode()

        for part in (entry.digest, entry.previous, "Too much.", str(story.run_id), str(story.pk)):
            assert part in text
        assert "Its digest holds" in text

    def test_leads_to_its_neighbours(self, story, otto):
        context = page_of(otto, "reviews:audit_entry", 2).context

        assert (context["before"].seq, context["after"].seq) == (1, 3)

    def test_says_that_its_text_was_altered(self, story, otto):
        triggers.drop(connection)
        AuditEntry.objects.filter(seq=2).update(actor="mallory")

        assert b"Its text was altered" in page_of(otto, "reviews:audit_entry", 2).content

    def test_says_that_it_does_not_follow(self, story, otto):
        triggers.drop(connection)
        AuditEntry.objects.filter(seq=2).delete()

        assert b"Does not follow" in page_of(otto, "reviews:audit_entry", 3).content

    def test_shows_data_that_cannot_be_read_as_it_is(self, story, otto):
        triggers.drop(connection)
        AuditEntry.objects.filter(seq=2).update(data="{damaged")

        response = page_of(otto, "reviews:audit_entry", 2)

        assert response.status_code == 200
        assert b"{damaged" in response.content
        assert page_of(otto, "reviews:audit_log").status_code == 200

    def test_stays_readable_when_its_ids_were_tampered_with(self, story, otto):
        triggers.drop(connection)
        AuditEntry.objects.filter(seq=2).update(run="nonsense", subject="intervention:nonsense")

        assert (
            page_of(otto, "reviews:audit_entry", 2).status_code == page_of(otto, "reviews:audit_log").status_code == 200
        )

    def test_that_was_never_written_is_not_there(self, otto):
        assert page_of(otto, "reviews:audit_entry", 4711).status_code == 404


class TestVerify:
    def test_says_that_the_chain_holds_and_signs_the_book(self, story, otto):
        count = AuditEntry.objects.count()

        assert post(otto, "reviews:verify_audit").url == reverse("reviews:audit_log")

        signed = AuditEntry.objects.latest("seq")
        assert (signed.action, signed.actor, json.loads(signed.data)["entries"]) == ("audit.verified", "otto", count)
        assert f"verified {count} entries" in page_of(otto, "reviews:audit_log").content.decode()

    def test_names_the_broken_entry(self, story, otto):
        triggers.drop(connection)
        AuditEntry.objects.filter(seq=2).update(actor="mallory")
        post(otto, "reviews:verify_audit")

        text = page_of(otto, "reviews:audit_log").content.decode()

        assert "The chain is broken at entry 2" in text
        assert 'role="alert"' in text

    def test_leads_to_the_broken_entry_only_where_it_is_still_there(self, story, otto):
        triggers.drop(connection)
        AuditEntry.objects.filter(seq=2).delete()
        post(otto, "reviews:verify_audit")

        text = page_of(otto, "reviews:audit_log").content.decode()

        assert "The chain is broken at entry 2" in text
        assert "Look at entry 2" not in text

    def test_says_what_it_found_in_a_book_that_takes_no_entry(self, story, otto):
        triggers.drop(connection)
        entry = AuditEntry.objects.get(seq=3)
        AuditHead.objects.update(seq=entry.seq, digest=entry.digest)

        response = post(otto, "reviews:verify_audit")

        assert response.status_code == 200
        assert b"The chain is broken at entry" in response.content
        assert b"This verification is not in the audit log" in response.content
        assert "audit.verified" not in actions(otto)

    def test_is_not_done_by_a_link(self, otto):
        assert page_of(otto, "reviews:verify_audit").status_code == 405

    def test_that_never_was_is_said_to_be_missing(self, otto):
        assert b"Not verified yet" in page_of(otto, "reviews:audit_log").content


class TestDetail:
    def told(self, text):
        return audit_rows.detail(AuditEntry(data=text))

    def test_tells_the_most_important_first_and_not_too_much(self):
        data = {"why": "w", "note": "n", "tool": "t", "title": "T", "output": "o"}

        assert self.told(json.dumps(data)) == "T · t · n"

    def test_is_short(self):
        assert len(self.told(json.dumps({"note": "x" * 5000}))) <= audit_rows.LONGEST

    @pytest.mark.parametrize("text", ["{broken", "[1, 2]", "null", '"text"', '{"odd": 1}'])
    def test_shows_what_it_does_not_understand(self, text):
        assert self.told(text) == text

    def test_says_what_a_number_means(self):
        assert self.told('{"number": 3}') == "checkpoint 3"


class TestLine:
    @pytest.mark.parametrize("text", ["", "nonsense", "' OR 1=1"])
    def test_leads_nowhere_when_its_ids_were_tampered_with(self, text):
        line = audit_rows.of(AuditEntry(data="{}", run=text, subject=f"intervention:{text}"))

        assert (line.run, line.intervention) == (None, None)
