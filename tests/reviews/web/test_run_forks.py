"""Running again from a checkpoint: the button, the question before it, what both pages tell, and the command."""

import pytest

from reviews.actions import interventions, leases, runs
from reviews.management.cli import Refused
from reviews.models import Run
from reviews.states import Verdict
from tests import factories
from tests.reviews.desk_data import text_of
from tests.reviews.management.shell import call, told
from tests.reviews.web.visits import page_of, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(queue):
    """A run that waits at its first checkpoint."""
    return factories.question().run


def forked():
    return Run.objects.get(fork_of__isnull=False)


class TestButton:
    def test_stands_at_every_checkpoint_for_who_may(self, run, alice):
        assert f'href="/runs/{run.pk}/fork/1/"' in text_of(page_of(alice, "reviews:run", run.pk))

    def test_is_not_shown_to_who_only_reads(self, run, otto):
        assert "/fork/" not in text_of(page_of(otto, "reviews:run", run.pk))


class TestList:
    def test_marks_what_comes_from_another_run(self, run, alice):
        post(alice, "reviews:fork", run.pk, 1)
        runs.stop(run.pk, by=alice)
        runs.retry(run.pk, by=alice)

        page = text_of(page_of(alice, "reviews:runs"))

        assert f'title="Goes on from checkpoint 1 of run {str(run.pk)[:8]}">run again</span>' in page
        assert f'title="Repeats run {str(run.pk)[:8]}">retry</span>' in page
        assert page.count("run again</span>") == page.count("retry</span>") == 1


class TestFork:
    def test_says_first_what_it_means(self, run, alice):
        page = text_of(page_of(alice, "reviews:fork", run.pk, 1))

        assert "takes effect a second time, under an idempotency key of its own" in page
        assert "<code>issue_refund</code>" in page
        assert Run.objects.count() == 1

    def test_starts_the_run_and_goes_there(self, run, alice):
        response = post(alice, "reviews:fork", run.pk, 1)

        assert (response.status_code, response.url) == (302, f"/runs/{forked().pk}/")

    def test_is_told_on_both_pages(self, run, alice):
        post(alice, "reviews:fork", run.pk, 1)

        assert f'href="/runs/{forked().pk}/"' in text_of(page_of(alice, "reviews:run", run.pk))
        page = text_of(page_of(alice, "reviews:run", forked().pk))
        assert f'href="/runs/{run.pk}/"' in page
        assert "Goes on from checkpoint 1" in page

    def test_tells_why_it_cannot(self, run, alice):
        factories.card(version="2")

        response = post(alice, "reviews:fork", run.pk, 1)

        assert response.status_code == 409
        assert "today that agent is version 2" in text_of(response)

    def test_is_hidden_from_who_may_not_see_the_run(self, run, charlie):
        assert page_of(charlie, "reviews:fork", run.pk, 1).status_code == 404
        assert post(charlie, "reviews:fork", run.pk, 1).status_code == 404

    def test_is_refused_to_who_only_reads(self, run, otto):
        assert page_of(otto, "reviews:fork", run.pk, 1).status_code == 302
        assert post(otto, "reviews:fork", run.pk, 1).status_code == 403
        assert Run.objects.count() == 1

    def test_knows_no_checkpoint_that_is_not_there(self, run, alice):
        assert page_of(alice, "reviews:fork", run.pk, 9).status_code == 404


class TestTimeline:
    def test_leaves_out_what_happened_in_the_other_run(self, run, alice):
        interventions.decide(run.interventions.get().pk, by=alice, verdict=Verdict.OVERRIDE, replacement="by hand")
        factories.question(leases.take(run.pk, worker="w"))
        post(alice, "reviews:fork", run.pk, 2)

        assert forked().tool_calls.count() == 1
        assert 'id="step-call-' in text_of(page_of(alice, "reviews:run", run.pk))
        assert 'id="step-call-' not in text_of(page_of(alice, "reviews:run", forked().pk))


class TestCommand:
    def test_starts_from_the_newest_checkpoint(self, run, alice):
        shape = told("fork", run.pk, "--as", "alice")

        assert shape["forked_from"] == {"run": str(run.pk), "checkpoint": 1}
        assert shape["status"] == "queued"

    def test_tells_people_what_to_do_next(self, run, alice):
        said = call("fork", str(run.pk)[:8], "--checkpoint", 1, "--as", "alice")

        assert f"Queued run {forked().pk}" in said
        assert "manage.py show" in said

    def test_names_the_checkpoints_there_are(self, run, alice):
        with pytest.raises(Refused, match="has no checkpoint 7. It has: 1"):
            call("fork", run.pk, "--checkpoint", 7, "--as", "alice")

    def test_needs_a_run_with_a_checkpoint(self, alice):
        with pytest.raises(Refused, match="has no checkpoint. It has: none"):
            call("fork", factories.run().pk, "--as", "alice")

    def test_refuses_what_the_page_refuses(self, run, otto, charlie):
        for name, code in (("otto", "permission"), ("charlie", "not_found")):
            with pytest.raises(Refused) as refusal:
                call("fork", run.pk, "--as", name)
            assert refusal.value.code == code

    def test_is_shown_from_both_sides(self, run, alice):
        told("fork", run.pk, "--as", "alice")

        assert told("show", run.pk)["forks"] == [str(forked().pk)]
        assert [one["number"] for one in told("show", run.pk)["checkpoints"]] == [1]
        assert f"checkpoint 1 of {run.pk}" in call("show", forked().pk)
