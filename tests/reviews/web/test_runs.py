"""The runs pages: the list, one run, starting one and steering it."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from reviews.actions import fleet, gates, interventions, leases, runs, tool_calls
from reviews.actions.fleet import Abilities
from reviews.models import Event, Run
from reviews.states import Ruling, Verdict
from reviews.web.runs import PAGE_SIZE, live_fragments
from tests import factories
from tests.reviews import desk_data
from tests.reviews.desk_data import text_of
from tests.reviews.web.visits import page_of


def cost_of(user, url):
    """How many queries the page costs somebody who is signed in."""
    client = Client()
    client.force_login(user)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def listed(user, **query):
    return [run.input for run, *_ in page_of(user, "reviews:runs", **query).context["rows"]]


def ran(*outputs):
    """A run whose tool returned these, one call after the other."""
    run = factories.leased()
    for output in outputs:
        asked = factories.proposal(ruling=Ruling.LET_THROUGH)
        gates.park(run, factories.state(), [asked])
        factories.begin(run, asked.call_id)
        tool_calls.finish(run, asked.call_id, output)
    return run


@pytest.fixture
def failed(alice):
    run = factories.leased(factories.run(by=alice))
    gates.fail(run, "model_error", "The model refused.")
    return Run.objects.get(pk=run.pk)


class TestRuns:
    def test_are_listed_newest_first(self, alice):
        for text in ("first", "second"):
            factories.run(by=alice, input=text)

        assert listed(alice) == ["second", "first"]

    def test_of_other_queues_are_not_listed(self, alice, charlie):
        factories.run(by=alice)

        assert listed(charlie) == []
        assert b"No runs to see" in page_of(charlie, "reviews:runs").content
        assert b"seen=0" in page_of(charlie, "reviews:runs").content

    def test_are_all_listed_for_an_auditor(self, alice, otto):
        factories.run(by=alice, input="seen by otto")

        assert listed(otto) == ["seen by otto"]

    def test_say_how_many_questions_are_open(self, alice):
        run = factories.leased()
        gates.park(run, factories.state(), [factories.proposal(), factories.proposal()])

        assert [count for _, count, _ in page_of(alice, "reviews:runs").context["rows"]] == [2]
        assert b"2 open" in page_of(alice, "reviews:runs").content

    def test_name_the_agent_by_its_title_where_it_is_known(self, alice):
        factories.card("scribe", title="The Scribe")
        factories.run(by=alice, agent="scribe")
        known = page_of(alice, "reviews:runs").content.decode()
        Run.objects.update(agent="gone-agent")

        assert "<td>The Scribe" in known
        assert "<td>gone-agent" in page_of(alice, "reviews:runs").content.decode()

    @pytest.mark.parametrize(
        "query, expected",
        [
            ({"status": "awaiting_review"}, ["waiting"]),
            ({"status": ["awaiting_review", "queued"]}, ["waiting", "queued"]),
            ({"agent": "scribe"}, ["waiting"]),
            ({"queue": "support"}, ["waiting", "queued"]),
            ({"q": "WAIT"}, ["waiting"]),
            ({"q": "scribe"}, ["waiting"]),
            ({"q": "nothing like it"}, []),
        ],
    )
    def test_can_be_filtered(self, alice, query, expected):
        factories.card("scribe")
        factories.run(by=alice, input="queued")
        desk_data.refund(on=factories.leased(factories.run(by=alice, agent="scribe", input="waiting")))

        assert listed(alice, **query) == expected

    def test_are_found_by_their_id(self, alice):
        wanted = factories.run(by=alice, input="this one")
        factories.run(by=alice, input="another")

        assert listed(alice, q=str(wanted.pk)) == ["this one"]

    @pytest.mark.parametrize("query", [{"status": "exploded"}, {"agent": "nobody"}, {"queue": "elsewhere"}])
    def test_are_not_shown_by_mistake_when_a_filter_makes_no_sense(self, alice, query):
        factories.run(by=alice)

        response = page_of(alice, "reviews:runs", **query)

        assert (response.status_code, response.context["rows"]) == (200, [])
        assert b"is not one of the available choices" in response.content
        assert b"Nothing was searched" in response.content

    def test_filters_name_no_agent_of_another_queue(self, alice):
        factories.card("secret-agent", queue="legal")

        assert b"secret-agent" not in page_of(alice, "reviews:runs").content.lower()

    def test_come_in_pages_that_lose_none(self, alice):
        for number in range(PAGE_SIZE + 3):
            factories.run(by=alice, input=f"run {number}")

        first = page_of(alice, "reviews:runs")
        rest = page_of(alice, "reviews:runs", after=first.context["after"])

        seen = [run.input for page in (first, rest) for run, *_ in page.context["rows"]]
        assert seen == [f"run {number}" for number in reversed(range(PAGE_SIZE + 3))]
        assert rest.context["after"] == ""

    def test_cost_the_same_however_many_there_are(self, alice):
        desk_data.refund()
        few = cost_of(alice, "/runs/")
        for _ in range(9):
            desk_data.refund()

        assert cost_of(alice, "/runs/") == few <= 10

    def test_are_sent_again_only_when_something_happened(self, alice):
        factories.run(by=alice)
        client = Client(headers={"HX-Request": "true"})
        client.force_login(alice)
        seen = client.get("/runs/").context["seq"]

        assert client.get("/runs/", {"seen": seen}).status_code == 204
        factories.run(by=alice)
        assert client.get("/runs/", {"seen": seen}).status_code == 200

    def test_refresh_as_a_fragment_under_the_same_filters(self, alice):
        client = Client(headers={"HX-Request": "true"})
        client.force_login(alice)

        text = client.get("/runs/", {"status": "failed", "seen": "7"}).content.decode()

        assert text.lstrip().startswith('<div id="run-rows"')
        assert "status=failed&amp;seen=" in text

    def test_want_a_signed_in_person(self, client):
        assert client.get("/runs/").status_code == 302


class TestRun:
    def test_says_what_a_run_waits_for_that_no_worker_offers(self, alice):
        run = factories.run(by=alice)
        fleet.announce("host:1", 1, Abilities({"other": "1"}, frozenset()))

        page = page_of(alice, "reviews:run", run.pk)
        assert f"Waits for a worker that knows {run.agent} (1 worker is up, none does)" in page.content.decode()

    def test_shows_the_open_question_and_the_way_to_it(self, alice):
        asked = desk_data.refund()

        text = page_of(alice, "reviews:run", asked.run_id).content.decode()

        assert asked.title in text
        assert reverse("reviews:intervention", args=[asked.pk]) in text
        assert asked.why in text

    def test_shows_feedback_and_the_internal_reason_as_what_they_are(self, alice):
        asked = desk_data.refund()
        interventions.decide(asked.pk, by=alice, verdict=Verdict.REJECT, note="Offer a voucher.", reason="Known trick.")

        text = page_of(alice, "reviews:run", asked.run_id).content.decode()

        assert text.index("Feedback the agent reads") < text.index("Offer a voucher.")
        assert text.index("never shown to the agent") < text.index("Known trick.")

    def test_says_why_it_failed_and_what_to_do(self, alice, failed):
        text = page_of(alice, "reviews:run", failed.pk).content.decode()

        assert "The model refused." in text
        assert "model_error" in text
        assert reverse("reviews:retry", args=[failed.pk]) in text

    def test_says_that_a_pause_is_on_its_way_and_no_more_once_it_ended(self, alice):
        asked = desk_data.refund()
        runs.pause(asked.run_id, by=alice)
        assert b"Pauses after the decision" in page_of(alice, "reviews:run", asked.run_id).content
        runs.stop(asked.run_id, by=alice)

        text = page_of(alice, "reviews:run", asked.run_id).content.decode()

        assert "Pauses" not in text
        assert "Withdrawn" in text

    def test_shows_an_edited_text_line_by_line_and_whole_only_as_the_result(self, alice):
        lines = [f"Line {number} of the memo." for number in range(20)]
        asked = desk_data.output("\n".join(lines))
        edited = "\n".join([*lines[:-1], "The end."])
        interventions.decide(asked.pk, by=alice, verdict=Verdict.EDIT, replacement={"output": edited})
        gates.complete(leases.take(asked.run_id, worker="w"), edited, usage={})

        page = text_of(page_of(alice, "reviews:run", asked.run_id))

        assert "alice released the output with edits" in page
        assert "changed, see the lines below" in page
        assert "⋯ 16 lines that are the same" in page
        assert page.count("Line 3 of the memo.") == 1
        assert page.count("The end.") == 2  # in the comparison and in the result

    def test_names_people_as_the_rest_of_the_desk_does(self, alice, mara):
        User.objects.filter(pk=mara.pk).update(first_name="Mara")
        asked = desk_data.refund()
        runs.pause(asked.run_id, by=mara)

        assert "Mara asked the run to pause" in text_of(page_of(alice, "reviews:run", asked.run_id))

    def test_labels_the_scripted_model(self, alice):
        factories.card("actor", scripted=True)
        run = factories.run(by=alice, agent="actor")

        assert "Scripted model — no real AI" in page_of(alice, "reviews:run", run.pk).content.decode()

    def test_of_a_retry_links_both_ways(self, alice, failed):
        again = runs.retry(failed.pk, by=alice)

        assert str(failed.pk) in page_of(alice, "reviews:run", again.pk).content.decode()
        assert str(again.pk) in page_of(alice, "reviews:run", failed.pk).content.decode()

    def test_of_a_retry_in_another_queue_is_not_named_to_whom_it_is_not_shown(self, alice, otto, failed):
        again = runs.retry(failed.pk, by=alice)
        Run.objects.filter(pk=again.pk).update(queue=factories.queue("legal"))
        last = factories.run(by=alice)
        Run.objects.filter(pk=last.pk).update(retry_of=again)

        for known in (failed, last):
            assert str(again.pk)[:8] not in page_of(alice, "reviews:run", known.pk).content.decode()
            assert str(again.pk) in page_of(otto, "reviews:run", known.pk).content.decode()

    def test_names_the_newest_checkpoints_and_decisions_and_counts_the_others(self, alice, monkeypatch):
        monkeypatch.setattr("reviews.web.run_page.LISTED", 2)
        run = factories.leased()
        gates.park(run, factories.state(), [factories.proposal() for _ in range(5)])
        for asked in run.interventions.all():
            interventions.decide(asked.pk, by=alice, verdict=Verdict.APPROVE)

        facts = page_of(alice, "reviews:run", run.pk).context

        assert (len(facts["decisions"]), facts["earlier_decisions"]) == (2, 3)
        assert (len(facts["checkpoints"]), facts["earlier_checkpoints"]) == (1, 0)

    def test_treats_what_agents_say_as_text(self, alice):
        run = factories.leased(factories.run(by=alice, input="<img src=x onerror=alert(1)>"))
        gates.complete(run, '<script>alert(1)</script><b hx-get="/x">', usage={})

        text = page_of(alice, "reviews:run", run.pk).content.decode()

        assert "<img src=x" not in text
        assert "<script>alert" not in text
        assert "<b hx-get" not in text

    @pytest.mark.parametrize("output", ["[" * 5000, '{"a":' * 5000, "1" * 5000])
    def test_survives_what_a_tool_returned(self, alice, output):
        run = ran(output)

        assert page_of(alice, "reviews:run", run.pk).status_code == 200
        assert page_of(alice, "reviews:run_delta", run.pk).status_code == 200

    def test_cuts_what_is_endless(self, alice):
        run = ran(*["lorem ipsum " * 4000] * 3)

        page = page_of(alice, "reviews:run", run.pk)

        assert len(page.content) < 100_000
        assert b"more characters)" in page.content

    def test_shows_the_newest_steps_and_says_how_many_it_leaves_out(self, alice, monkeypatch):
        monkeypatch.setattr("reviews.web.timeline.MOST", 3)
        run = ran("1", "2", "3")

        page = page_of(alice, "reviews:run", run.pk)

        kinds = [step.kind for step in page.context["timeline"].steps]
        assert kinds[:2] == ["request", "earlier"] and kinds[-1] == "working" and len(kinds) == 6
        assert b"earlier steps are not shown" in page.content

    def test_uses_no_inline_style_or_script(self, alice):
        text = page_of(alice, "reviews:run", desk_data.refund().run_id).content.decode()

        assert "style=" not in text
        assert "<style" not in text
        assert "<script>" not in text

    def test_of_another_queue_is_not_there(self, alice, charlie):
        run = factories.run(by=alice)

        for url in ("reviews:run", "reviews:run_delta", "reviews:stop"):
            assert page_of(charlie, url, run.pk).status_code == 404

    def test_that_never_was_is_not_there(self, alice):
        assert page_of(alice, "reviews:run", uuid4()).status_code == 404

    def test_costs_the_same_however_long_it_is(self, alice):
        short = reverse("reviews:run", args=[desk_data.refund().run_id])
        run = factories.leased()
        gates.park(run, factories.state(), [factories.proposal() for _ in range(8)])
        for asked in run.interventions.all():
            interventions.decide(asked.pk, by=alice, verdict=Verdict.APPROVE)
        factories.leased(run)  # while it is queued its page also asks who could take it

        assert cost_of(alice, reverse("reviews:run", args=[run.pk])) == cost_of(alice, short) <= 18

    @pytest.mark.parametrize(
        "status, offered",
        [("queued", {"pause", "stop"}), ("paused", {"resume", "stop"}), ("failed", {"retry"}), ("completed", set())],
    )
    def test_offers_what_is_possible(self, alice, status, offered):
        run = factories.run(by=alice)
        if status == "paused":
            runs.pause(run.pk, by=alice)
        if status == "failed":
            gates.fail(factories.leased(run), "x", "y")
        if status == "completed":
            gates.complete(factories.leased(run), "done", usage={})

        assert page_of(alice, "reviews:run", run.pk).context["acts"] == offered | {"fork"}

    def test_offers_nothing_to_an_auditor(self, alice, otto):
        assert page_of(otto, "reviews:run", factories.run(by=alice).pk).context["acts"] == set()


class TestLiveFragments:
    def test_find_their_places_in_the_page(self, alice):
        run = factories.run(by=alice)
        page = page_of(alice, "reviews:run", run.pk).content.decode()

        fragments = live_fragments(alice, run.pk, "")[0]

        for place in ("run-head", "run-steps", "run-facts", "live-seq"):
            assert f'id="{place}"' in page
            assert f'id="{place}"' in fragments
        assert fragments.count("hx-swap-oob") == 4

    def test_carry_the_new_sequence_number(self, alice):
        run = factories.run(by=alice)

        assert f'value="{Event.objects.latest("seq").seq}.0.0"' in live_fragments(alice, run.pk, "")[0]

    def test_hold_no_form_that_would_need_a_token(self, alice):
        assert "<form" not in live_fragments(alice, factories.run(by=alice).pk, "")[0]

    def test_are_empty_for_whom_the_run_is_not(self, alice, charlie):
        run = factories.run(by=alice)

        assert live_fragments(charlie, run.pk, "")[0] == ""
        assert live_fragments(alice, uuid4(), "")[0] == ""

    def test_are_sent_only_when_something_happened_or_a_span_came_or_went(self, alice):
        run = factories.run(by=alice)
        _, mark = live_fragments(alice, run.pk, "")
        assert live_fragments(alice, run.pk, mark) == ("", mark)

        call = run.spans.create(span_id="s", trace_id=run.trace_id, kind="generation", started_at=timezone.now())
        html, thinking = live_fragments(alice, run.pk, mark)
        assert "Thinking" in html
        assert live_fragments(alice, run.pk, thinking)[0] == ""

        call.ended_at = timezone.now()
        call.save()
        html, said = live_fragments(alice, run.pk, thinking)
        assert "No tokens counted" in html

        runs.stop(run.pk, by=alice)
        assert live_fragments(alice, run.pk, said)[0]

    @pytest.mark.parametrize("since", ["x", "-1", "9" * 40, "9" * 5000])
    def test_are_not_confused_by_nonsense(self, alice, failed, since):
        assert page_of(alice, "reviews:run_delta", failed.pk, since=since).status_code in (200, 204)

    def test_come_by_polling_as_well(self, alice, failed):
        seen = page_of(alice, "reviews:run", failed.pk).context["seq"]

        assert b"run-steps" in page_of(alice, "reviews:run_delta", failed.pk, since=0).content
        assert page_of(alice, "reviews:run_delta", failed.pk, since=seen).status_code == 204
        assert page_of(alice, "reviews:run_delta", failed.pk, since="x").status_code == 200
