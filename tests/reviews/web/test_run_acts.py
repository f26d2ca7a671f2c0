"""Starting a run, and stopping, pausing, continuing and retrying one."""

import pytest
from django.urls import reverse

from reviews import catalog
from reviews.actions import gates, interventions, runs
from reviews.models import AuditEntry, Run
from reviews.states import RunStatus, Verdict
from tests import factories
from tests.reviews import desk_data
from tests.reviews.desk_data import text_of
from tests.reviews.web.visits import page_of, post


@pytest.fixture
def failed(alice):
    run = factories.leased(factories.run(by=alice))
    gates.fail(run, "model_error", "The model refused.")
    return Run.objects.get(pk=run.pk)


class TestStart:
    def test_offers_the_agents_of_ones_queues(self, alice):
        factories.card("clerk", description="Sorts things.", sample_input="Sort this.")
        factories.card("lawyer", queue="legal")

        response = page_of(alice, "reviews:start")

        assert [card.slug for card in response.context["cards"]] == ["clerk"] + [
            card.slug for card in catalog.all_cards() if card.queue == "support" and card.slug != "clerk"
        ]
        assert b"Sorts things." in response.content

    def test_fills_in_the_sample_without_a_script(self, alice):
        factories.card("clerk", sample_input="Sort this.")

        response = page_of(alice, "reviews:start", agent="clerk", sample="1")

        assert b"Sort this.</textarea>" in response.content

    def test_leads_to_the_new_run(self, alice):
        factories.card("clerk")

        response = post(alice, "reviews:start", agent="clerk", input="Do it.")

        run = Run.objects.get()
        assert (run.agent, run.input, run.started_by) == ("clerk", "Do it.", alice)
        assert response.url == reverse("reviews:run", args=[run.pk])

    def test_keeps_the_text_beside_the_complaint(self, alice):
        response = post(alice, "reviews:start", agent="ghost", input="Precious words.")

        assert response.status_code == 422
        assert "There is no agent “ghost” that you may start" in response.content.decode()
        assert b"Precious words.</textarea>" in response.content
        assert not Run.objects.exists()

    @pytest.mark.parametrize("text, complaint", [(" \n", "the input is empty"), ("x" * 100_001, "at most 100,000")])
    def test_says_what_is_wrong_with_the_text(self, alice, text, complaint):
        factories.card("clerk")

        response = post(alice, "reviews:start", agent="clerk", input=text)

        assert response.status_code == 422
        assert complaint in response.content.decode()

    def test_tells_charlie_nothing(self, charlie):
        factories.card("clerk")

        page = page_of(charlie, "reviews:start")
        refused = post(charlie, "reviews:start", agent="clerk", input="Let me in.")

        assert page.context["cards"] == []
        assert refused.status_code == 422
        assert b'value="clerk"' not in page.content + refused.content
        assert not Run.objects.exists()

    def test_offers_an_admin_everything(self, admin):
        factories.card("lawyer", queue="legal")

        assert "lawyer" in [card.slug for card in page_of(admin, "reviews:start").context["cards"]]


class TestSteering:
    @pytest.mark.parametrize("verb, status", [("pause", "paused"), ("stop", "cancelled")])
    def test_does_it_and_goes_back_to_the_run(self, alice, verb, status):
        run = factories.run(by=alice)

        response = post(alice, f"reviews:{verb}", run.pk)

        assert response.url == reverse("reviews:run", args=[run.pk])
        assert Run.objects.get().status == status

    def test_lets_a_paused_run_go_on(self, alice):
        run = factories.run(by=alice)
        runs.pause(run.pk, by=alice)

        post(alice, "reviews:resume", run.pk)

        assert Run.objects.get().status == RunStatus.QUEUED

    def test_retries_as_a_new_run(self, alice, failed):
        response = post(alice, "reviews:retry", failed.pk)

        again = Run.objects.get(retry_of=failed)
        assert response.url == reverse("reviews:run", args=[again.pk])

    def test_stops_after_asking_once_more(self, alice):
        run = factories.run(by=alice)

        assert b"Stop run" in page_of(alice, "reviews:stop", run.pk).content
        post(alice, "reviews:stop", run.pk, reason="Wrong customer.")

        assert "Wrong customer." in AuditEntry.objects.get(action="run.stopped").data

    def test_does_not_ask_to_stop_what_has_ended(self, alice, failed):
        assert page_of(alice, "reviews:stop", failed.pk).status_code == 302

    @pytest.mark.parametrize(
        "verb, sentence",
        [("stop", "has already ended"), ("pause", "has already ended"), ("resume", "has already ended")],
    )
    def test_says_when_it_is_too_late(self, alice, failed, verb, sentence):
        response = post(alice, f"reviews:{verb}", failed.pk)

        assert response.status_code == 409
        assert sentence in response.content.decode()

    def test_says_why_a_running_run_cannot_be_retried(self, alice):
        response = post(alice, "reviews:retry", factories.run(by=alice).pk)

        assert response.status_code == 409
        assert "Only a failed or stopped run can be retried" in response.content.decode()

    def test_says_when_the_agent_is_gone(self, alice, failed):
        catalog.withdraw(failed.agent)

        response = post(alice, "reviews:retry", failed.pk)

        assert response.status_code == 409
        assert "No agent is registered" in response.content.decode()

    @pytest.mark.parametrize("verb", ["stop", "pause", "resume", "retry"])
    def test_is_not_for_those_who_only_read(self, alice, otto, charlie, verb):
        run = factories.run(by=alice)

        assert post(otto, f"reviews:{verb}", run.pk).status_code == 403
        assert post(charlie, f"reviews:{verb}", run.pk).status_code == 404
        assert Run.objects.get().status == RunStatus.QUEUED

    @pytest.mark.parametrize("verb", ["pause", "resume"])
    def test_is_never_done_by_a_link(self, alice, verb):
        assert page_of(alice, f"reviews:{verb}", factories.run(by=alice).pk).status_code == 405


class TestRetryInDoubt:
    @pytest.fixture
    def doubtful(self, alice):
        """A run that a reviewer ended because nobody knows whether its refund happened."""
        item = desk_data.unknown()
        interventions.decide(item.pk, by=alice, verdict=Verdict.REJECT)
        return Run.objects.get(pk=item.run_id)

    def test_is_asked_about_first(self, alice, doubtful):
        page = text_of(page_of(alice, "reviews:run", doubtful.pk))

        assert f'<a class="btn" href="/runs/{doubtful.pk}/retry/">' in page
        assert "formaction" not in page

    def test_names_the_call_and_its_key_and_does_nothing(self, alice, doubtful):
        page = text_of(page_of(alice, "reviews:retry", doubtful.pk))

        assert "Nobody knows whether this happened" in page
        assert doubtful.tool_calls.get().idempotency_key in page
        assert not Run.objects.filter(retry_of=doubtful).exists()

    def test_is_done_once_it_is_confirmed(self, alice, doubtful):
        response = post(alice, "reviews:retry", doubtful.pk)

        assert response.url == reverse("reviews:run", args=[Run.objects.get(retry_of=doubtful).pk])

    def test_needs_no_question_where_nothing_is_in_doubt(self, alice, failed):
        assert "formaction" in text_of(page_of(alice, "reviews:run", failed.pk))

    def test_is_not_offered_for_a_run_that_goes_on(self, alice):
        assert page_of(alice, "reviews:retry", factories.run(by=alice).pk).status_code == 302
