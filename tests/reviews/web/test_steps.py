"""How a line of a run's history becomes a step."""

import pytest

from reviews.actions import gates, runs, tool_calls
from reviews.actions.errors import LeaseLost
from reviews.models import Event
from reviews.states import Ruling, Verdict
from reviews.web import steps, timeline
from reviews.web.steps import NOTES
from tests import factories
from tests.reviews.desk_data import text_of
from tests.reviews.recorded import actions
from tests.reviews.web.visits import page_of

TOLD_BY_A_ROW = {
    *("run.submitted", "run.forked", "run.tried"),  # request, fork, trial
    *("run.checkpoint_saved", "run.completed", "run.failed"),  # checkpoint, ending
    *("tool_call.refused", "tool_call.done", "tool_call.failed"),  # the call
    *(
        "intervention.opened",
        "intervention.voted",
        *(f"intervention.{verdict}" for verdict in Verdict.values),
    ),  # question, decision
}


@pytest.fixture
def stopped(alice):
    """A run that alice stopped while its refund ran."""
    run = factories.leased()
    gates.park(run, factories.state(), [factories.proposal(call_id="c1", ruling=Ruling.LET_THROUGH)])
    factories.begin(run, "c1")
    runs.stop(run.pk, by=alice)
    return run


def finish(run, output, **rest):
    with pytest.raises(LeaseLost):
        tool_calls.finish(run, "c1", output, **rest)


def notes_of(run):
    return [steps.note(row, {}) for row in run.events.filter(kind__in=NOTES).order_by("seq")]


class TestNotes:
    def test_have_words_for_all_that_can_happen_to_a_run(self):
        nouns = ("run.", "intervention.", "claim.", "tool_call.", "notice.", "escalation.", "decision.")
        of_runs = {action for action in actions() if action.startswith(nouns)}

        assert of_runs == TOLD_BY_A_ROW | NOTES.keys()
        assert not TOLD_BY_A_ROW & NOTES.keys()

    @pytest.mark.parametrize("kind", NOTES)
    def test_can_be_told_of_an_event_that_carries_nothing(self, kind):
        told = steps.note(Event(pk=1, kind=kind, actor="alice", data={}), {})

        assert told.title
        assert "{" not in told.title


@pytest.mark.django_db
class TestNote:
    def test_says_that_nobody_knows_what_became_of_a_call(self, stopped):
        lost, by = notes_of(stopped)[-2:]

        assert lost.title == "The run ended while issue_refund ran; nobody knows whether it happened"
        assert lost.tone == "wait"
        assert by.title == "Stopped by alice"

    def test_says_that_a_call_finished_after_all(self, stopped):
        finish(stopped, "Receipt RF-1")

        late = notes_of(stopped)[-1]

        assert late.title == "issue_refund finished after the run had ended; the agent never read what came back"
        assert late.tone == "caution"

    def test_says_that_a_call_failed_too_late(self, stopped):
        finish(stopped, "The shop is down.", error="TimeoutError: 30 s")

        late = notes_of(stopped)[-1]

        assert late.title == "issue_refund failed after the run had ended; the agent was never told"
        assert late.tone == "bad"

    def test_that_comes_late_stands_after_the_end_with_what_came_back(self, stopped, alice):
        finish(stopped, {"receipt": "RF-1"})

        kinds = [step.kind for step in timeline.of(type(stopped).objects.get(pk=stopped.pk), alice).steps]
        page = text_of(page_of(alice, "reviews:run", stopped.pk))

        assert kinds[-2:] == ["stopped", "note"]
        assert "What came back: </span>{ &quot;receipt&quot;: &quot;RF-1&quot; }" in page

    @pytest.mark.parametrize("output", [None, ""])
    def test_does_not_show_what_is_nothing(self, stopped, alice, output):
        finish(stopped, output)

        assert "What came back" not in text_of(page_of(alice, "reviews:run", stopped.pk))

    def test_shows_the_error_of_a_call_that_failed_too_late(self, stopped, alice):
        finish(stopped, "told the model", error="<Timeout>")

        page = text_of(page_of(alice, "reviews:run", stopped.pk))

        assert "Error: </span>&lt;Timeout&gt;" in page
        assert "told the model" not in page
