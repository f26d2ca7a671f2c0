"""What reviewers are shown of a call that may or may not have happened, and what is kept of it afterwards."""

import re

import pytest
from django.urls import reverse

from reviews.actions import interventions, tool_calls
from reviews.models import Decision, Intervention, Run
from reviews.states import Verdict
from reviews.web import talk, timeline
from tests import factories
from tests.reviews import desk_data
from tests.reviews.desk_data import text_of
from tests.reviews.web.visits import page_of, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def unknown(queue):
    """A call that had started when its worker died."""
    return desk_data.unknown()


def run_again(item, alice):
    """The same run after alice had the call run again and a second worker did it."""
    interventions.decide(item.pk, by=alice, verdict=Verdict.APPROVE)
    run = factories.leased(item.run, worker="worker-2")
    factories.begin(run, item.tool_call.call_id)
    tool_calls.finish(run, item.tool_call.call_id, "Receipt RF-2")
    return run


def taken_as_done(item, alice):
    interventions.decide(item.pk, by=alice, verdict=Verdict.OVERRIDE, replacement="Receipt RF-1, by phone.")
    return item.run


def steps_of(run, user):
    return timeline.of(Run.objects.select_related("started_by", "queue").get(pk=run.pk), user).steps


class TestPane:
    def test_offers_three_choices_of_the_same_weight(self, unknown, alice):
        page = text_of(page_of(alice, "reviews:intervention", unknown.pk))
        buttons = re.findall(r'<button class="([^"]*)" type="submit" name="verdict" value="(\w+)"([^>]*)>', page)

        assert [(look, verdict) for look, verdict, _ in buttons] == [
            ("btn", "approve"),
            ("btn", "override"),
            ("btn", "reject"),
        ]
        assert all("data-focuses" in more and "data-main" not in more for _, _, more in buttons)

    def test_hides_none_of_them_behind_a_view(self, unknown, alice):
        page = text_of(page_of(alice, "reviews:intervention", unknown.pk))

        assert 'name="view" value="override"' not in page
        assert "What issue_refund returned, as far as you know" in page
        assert "data-for=" not in page

    def test_lets_enter_in_the_form_press_none_of_them(self, unknown, alice):
        page = text_of(page_of(alice, "reviews:intervention", unknown.pk))
        form = page[page.index('<form class="decision"') :]

        assert re.search(r'<button type="submit"[^>]*>', form)[0] == '<button type="submit" hidden>'

    def test_names_the_worker_and_the_key(self, unknown, alice):
        page = text_of(page_of(alice, "reviews:intervention", unknown.pk))

        assert "<dt>worker</dt><dd>worker-1</dd>" in page
        assert unknown.tool_call.idempotency_key in page

    def test_of_any_other_kind_keeps_its_main_button(self, alice):
        page = text_of(page_of(alice, "reviews:intervention", factories.question().pk))

        assert "data-main" in page and "data-focuses" not in page and 'id="attempt"' not in page


class TestDecide:
    def test_takes_what_came_back_without_a_script(self, unknown, alice):
        response = post(alice, "reviews:decide", unknown.pk, verdict="override", output="RF-1", version=unknown.version)

        assert response.url == reverse("reviews:intervention", args=[unknown.pk])
        assert Decision.objects.get().replacement == "RF-1"

    def test_shows_the_field_that_is_missing_with_its_error(self, unknown, alice):
        response = post(alice, "reviews:decide", unknown.pk, verdict="override", output="", version=unknown.version)

        page = text_of(response)
        assert response.status_code == 422
        assert "Write the output that the agent should read." in page[page.index('id="outcome"') :]
        assert re.search(r'value="fields"[^>]* checked', page), "the proposal is still in view"

    def test_of_run_again_is_told_as_such(self, unknown, alice):
        post(alice, "reviews:decide", unknown.pk, verdict="approve", version=unknown.version)

        assert "Run again by alice" in text_of(page_of(alice, "reviews:intervention", unknown.pk))


class TestTimeline:
    def test_keeps_the_first_attempt_beside_the_second(self, unknown, alice):
        began = unknown.tool_call.started_at
        steps = steps_of(run_again(unknown, alice), alice)

        titles = [step.title for step in steps]
        lost = "issue_refund began, and its worker fell silent; nobody knows whether it happened"
        assert titles.index(lost) < titles.index("Stopped · did issue_refund happen?") < len(titles)
        first = steps[titles.index(lost)]
        assert (first.at, first.row.data["worker"]) == (began, "worker-1")
        second = steps[titles.index("Tool call · issue_refund")]
        assert second.at > began and second.row.output == "Receipt RF-2"

    def test_shows_an_only_attempt_once(self, unknown, alice):
        titles = [step.title for step in steps_of(unknown.run, alice)]

        assert "Tool call · issue_refund" in titles
        assert not any("fell silent" in title for title in titles)

    def test_marks_what_a_person_wrote_and_claims_no_duration(self, unknown, alice):
        run = taken_as_done(unknown, alice)

        made = next(step for step in steps_of(run, alice) if step.kind == "tool")
        assert (made.tone, made.bar, made.facts["written_by"]) == ("caution", "", "alice")
        assert "Taken as done: alice wrote the output" in text_of(page_of(alice, "reviews:run", run.pk))


class TestTalk:
    def test_does_not_say_that_the_tool_returned_what_a_person_wrote(self, unknown, alice):
        taken_as_done(unknown, alice)
        item = Intervention.objects.get(pk=unknown.pk)

        said = {entry.what for entry in talk.so_far(item.run, item).entries}

        assert "counts as done: alice wrote the output" in said
        assert "returned" not in said


class TestAftermath:
    def test_says_that_a_person_wrote_it(self, unknown, alice):
        taken_as_done(unknown, alice)

        assert "a person wrote its output" in text_of(page_of(alice, "reviews:intervention", unknown.pk))
