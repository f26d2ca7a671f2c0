"""Trying another verdict on the desk: the link, the form, and the page that compares."""

import pytest

from reviews.actions import gates, interventions, leases
from reviews.models import Run
from reviews.states import Verdict
from tests import factories
from tests.reviews.desk_data import text_of
from tests.reviews.management.shell import call, told
from tests.reviews.web.visits import page_of, post

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def decided(alice):
    """A refund that alice has approved."""
    question = factories.question()
    interventions.decide(question.pk, by=alice, verdict=Verdict.APPROVE, note="Quickly.")
    return question


@pytest.fixture
def dry(decided, alice):
    """The dry run in which it was rejected."""
    post(alice, "reviews:try", decided.pk, verdict="reject", note="Not now.")
    return Run.objects.get(dry_run=True)


class TestLink:
    def test_stands_on_a_decided_question(self, decided, alice):
        assert f'href="/interventions/{decided.pk}/try/"' in text_of(page_of(alice, "reviews:intervention", decided.pk))

    def test_is_missing_on_an_open_one_and_for_who_only_reads(self, decided, alice, otto):
        assert "/try/" not in text_of(page_of(alice, "reviews:intervention", factories.question().pk))
        assert "/try/" not in text_of(page_of(otto, "reviews:intervention", decided.pk))


class TestForm:
    def test_says_what_it_does_and_offers_every_verdict(self, decided, alice):
        page = text_of(page_of(alice, "reviews:try", decided.pk))

        assert "No tool runs and nobody is asked" in page
        for verdict in decided.verdicts:
            assert f'value="{verdict}"' in page

    def test_starts_the_dry_run_and_goes_to_the_comparison(self, decided, alice):
        response = post(alice, "reviews:try", decided.pk, verdict="reject", note="Not now.")

        run = Run.objects.get(dry_run=True)
        assert (response.status_code, response.url) == (302, f"/runs/{run.pk}/compare/")
        assert run.trial.note == "Not now."

    def test_takes_edited_values(self, decided, alice):
        edited = '{"customer_id": "C-88213", "amount": 99}'
        post(alice, "reviews:try", decided.pk, verdict="edit", edit_as="json", edit_json=edited)

        assert Run.objects.get(dry_run=True).trial.replacement == {"customer_id": "C-88213", "amount": 99}

    def test_shows_what_is_wrong_and_keeps_what_was_typed(self, decided, alice):
        response = post(alice, "reviews:try", decided.pk, verdict="override", output="", note="Keep this.")

        assert response.status_code == 422
        assert "Keep this." in text_of(response)
        assert not Run.objects.filter(dry_run=True).exists()

    def test_wants_a_verdict(self, decided, alice):
        assert post(alice, "reviews:try", decided.pk, note="x").status_code == 422

    def test_tells_why_it_cannot(self, decided, alice):
        factories.card(version="2")

        response = post(alice, "reviews:try", decided.pk, verdict="reject")

        assert response.status_code == 409
        assert "version 2" in text_of(response)

    def test_leads_back_from_an_open_question(self, alice):
        assert page_of(alice, "reviews:try", factories.question().pk).status_code == 302

    def test_is_hidden_from_an_outsider_and_refused_to_a_reader(self, decided, charlie, otto):
        assert page_of(charlie, "reviews:try", decided.pk).status_code == 404
        assert post(charlie, "reviews:try", decided.pk, verdict="reject").status_code == 404
        assert page_of(otto, "reviews:try", decided.pk).status_code == 403
        assert post(otto, "reviews:try", decided.pk, verdict="reject").status_code == 403
        assert not Run.objects.filter(dry_run=True).exists()


class TestCompare:
    def test_shows_both_verdicts_calls_and_results(self, decided, dry, alice):
        gates.complete(leases.take(decided.run_id, worker="w"), "Refunded.", usage={})
        gates.complete(leases.take(dry.pk, worker="w"), "Not refunded.", usage={})

        page = text_of(page_of(alice, "reviews:compare", dry.pk))

        assert (
            page.index("What happened") < page.index("Refunded.") < page.index("tried by") < page.index("Not refunded.")
        )
        assert "Not now." in page
        assert "Differs" in page
        assert page.count("<code>issue_refund</code>") == 2

    def test_asks_again_while_it_goes_on_and_then_no_more(self, decided, dry, alice):
        assert "every 2s" in text_of(page_of(alice, "reviews:compare", dry.pk))

        gates.complete(leases.take(decided.run_id, worker="w"), "Refunded.", usage={})
        gates.complete(leases.take(dry.pk, worker="w"), "Not refunded.", usage={})

        assert "every 2s" not in text_of(page_of(alice, "reviews:compare", dry.pk))

    def test_answers_htmx_with_the_part_that_changes(self, dry, client, alice):
        client.force_login(alice)

        part = client.get(f"/runs/{dry.pk}/compare/", headers=HTMX).content.decode()

        assert part.strip().startswith('<div class="compare"')

    def test_shows_markup_an_agent_wrote_as_text(self, dry, alice):
        gates.complete(leases.take(dry.pk, worker="w"), "<script>alert(1)</script>", usage={})

        assert "<script>alert" not in text_of(page_of(alice, "reviews:compare", dry.pk))

    def test_is_there_for_dry_runs_only_and_for_no_outsider(self, decided, dry, alice, charlie):
        assert page_of(alice, "reviews:compare", decided.run_id).status_code == 404
        assert page_of(charlie, "reviews:compare", dry.pk).status_code == 404


class TestEverywhereElse:
    def test_the_list_of_runs_marks_it(self, dry, alice, charlie):
        assert "dry run</span>" in text_of(page_of(alice, "reviews:runs"))
        assert str(dry.pk) not in text_of(page_of(charlie, "reviews:runs"))

    def test_its_page_says_so_and_offers_neither_retry_nor_fork(self, dry, alice):
        page = page_of(alice, "reviews:run", dry.pk)

        assert "Dry run: no tool runs" in text_of(page)
        assert page.context["acts"] == {"pause", "stop"}

    def test_the_question_lists_what_was_tried(self, decided, dry, alice):
        assert f'href="/runs/{dry.pk}/compare/"' in text_of(page_of(alice, "reviews:intervention", decided.pk))

    def test_the_inbox_knows_nothing_of_it(self, dry, alice):
        assert page_of(alice, "reviews:inbox").context["rows"] == []

    def test_programs_are_told(self, decided, dry):
        shown, original = told("show", dry.pk), told("show", decided.run_id)

        assert (shown["dry_run"], shown["trial"]["verdict"], shown["trial"]["tried_by"]) == (True, "reject", "alice")
        assert (original["dry_run"], original["trial"]) == (False, None)
        assert (original["trials"], original["forks"]) == ([str(dry.pk)], [])
        assert "no tool runs and nobody is asked" in call("show", dry.pk)
