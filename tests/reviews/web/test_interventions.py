"""The review pane and what is done there."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from reviews.actions import gates, interventions, runs, tool_calls
from reviews.models import Decision, Intervention
from reviews.states import InterventionStatus, Outcome, Ruling, RunStatus, ToolCallStatus, Verdict
from tests import factories
from tests.reviews import desk_data
from tests.reviews.desk_data import text_of

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def address(item: Intervention, verb: str = "") -> str:
    """The question's page, or where its verb is posted to."""
    return f"/interventions/{item.pk}/{verb and f'{verb}/'}"


def decide(browser: Client, item: Intervention, verdict: str, *, htmx: bool = True, **typed: Any):
    """Press a button of the form."""
    headers = HTMX if htmx else {}
    return browser.post(
        address(item, "decide"), {"verdict": verdict, "version": item.version, **typed}, headers=headers
    )


@pytest.fixture
def desk(client, alice) -> Client:
    """Alice's browser."""
    client.force_login(alice)
    return client


@pytest.fixture
def bobs_desk(bob) -> Client:
    """Bob's browser."""
    browser = Client()
    browser.force_login(bob)
    return browser


@pytest.fixture
def refund(queue) -> Intervention:
    """A call that waits for approval."""
    return desk_data.refund()


class TestIntervention:
    def test_shows_why_it_stopped_and_what_would_happen(self, desk, refund):
        page = text_of(desk.get(address(refund)))

        for text in ("Refund over 200", "amount is 4820, more than 200", "issue_refund", "C-88213", ">4,820.00<"):
            assert text in page
        assert "issue_refund runs as proposed" in page
        assert "then: rejected with a message" in page
        assert '<div class="why"><dt>amount</dt>' in page

    def test_stands_beside_the_list(self, desk, refund):
        page = text_of(desk.get(address(refund)))

        assert f'id="row-{refund.pk}"' in page
        assert 'aria-current="true"' in page
        assert 'data-open="pane"' in page

    def test_links_to_the_run_for_what_came_long_before(self, desk, queue, monkeypatch):
        monkeypatch.setattr("reviews.web.talk.MOST", 1)
        run = factories.leased()
        gates.park(run, factories.state(), [factories.proposal(ruling=Ruling.REFUSED)])

        page = text_of(desk.get(address(desk_data.refund(on=run))))

        assert f'<a href="/runs/{run.pk}/">1 earlier step</a>' in page

    def test_is_a_fragment_for_htmx(self, desk, refund):
        page = text_of(desk.get(address(refund), headers=HTMX))

        assert page.strip().startswith("<title>Refund 4820 to C-88213 · Foureyes</title>")
        assert f'id="review-{refund.pk}"' in page
        assert "<html" not in page

    @pytest.mark.parametrize("verb", ["", "decide", "claim", "release", "preview", "aftermath"])
    def test_is_not_there_for_charlie(self, client, charlie, refund, verb):
        client.force_login(charlie)
        method = client.get if verb in ("", "aftermath") else client.post

        assert method(address(refund, verb), {"verdict": "approve"}).status_code == 404
        assert not Decision.objects.exists()

    @pytest.mark.parametrize("verb", ["", "decide", "claim", "release", "preview", "aftermath"])
    def test_is_not_there_for_strangers(self, client, refund, verb):
        method = client.get if verb in ("", "aftermath") else client.post

        assert method(address(refund, verb), {"verdict": "approve"}).status_code == 302

    def test_can_be_read_but_not_decided_by_auditors(self, client, otto, refund):
        client.force_login(otto)

        page = text_of(client.get(address(refund)))

        assert "You can read this, not decide it." in page
        assert 'name="verdict"' not in page
        assert decide(client, refund, "approve").status_code == 403
        assert not Decision.objects.exists()

    @pytest.mark.parametrize(
        ("make", "verdicts"),
        [
            (desk_data.refund, {"approve", "edit", "override", "reject"}),
            (desk_data.choice, {"answer", "reject"}),
            (desk_data.output, {"approve", "edit", "reject"}),
            (desk_data.unknown, {"approve", "override", "reject"}),
            (lambda: desk_data.refund(verdicts=("approve", "reject")), {"approve", "reject"}),
        ],
    )
    def test_offers_only_the_verdicts_of_its_kind_and_rule(self, desk, make, verdicts):
        page = text_of(desk.get(address(make())))

        offered = {verdict for verdict in Verdict.values if f'name="verdict" value="{verdict}"' in page}
        assert offered == verdicts
        assert ('data-view="edit"' in page) == ("edit" in verdicts)
        assert ('id="id_output"' in page) == ("override" in verdicts)

    def test_shows_what_the_agent_says_as_text_without_any_power(self, desk):
        evil = '<a hx-get="/x" href="javascript:alert(1)">x</a>'
        item = factories.question(arguments={"customer_id": evil, "amount": 1}, judgement={"title": evil})

        page = text_of(desk.get(address(item)))

        assert "<a hx-get" not in page
        assert "&lt;a hx-get=" in page

    def test_tells_the_conversation_so_far_in_order(self, desk, alice):
        run = factories.leased(factories.run(by=alice, input="Please refund me."))
        earlier = factories.proposal(tool="lookup_order", arguments={"order": "O-1"}, ruling="let_through")
        gates.park(run, factories.state(), [earlier])
        factories.begin(run, earlier.call_id)
        tool_calls.finish(run, earlier.call_id, "Order O-1: one grinder")
        item = desk_data.refund(on=run)

        page = text_of(desk.get(address(item)))
        talk = page[page.index('id="talk"') : page.index('id="next"')]

        places = [talk.index(text) for text in ("Please refund me.", "called lookup_order", "Order O-1: one grinder")]
        assert places == sorted(places)
        assert "called issue_refund" not in talk

    def test_tells_what_people_decided_before(self, desk, bob):
        first = desk_data.refund()
        interventions.decide(first.pk, by=bob, verdict="reject", note="Too much.", reason="secret")
        second = desk_data.refund(on=factories.leased(first.run))

        page = text_of(desk.get(address(second)))

        assert "rejected issue_refund" in page
        assert "Too much." in page

    def test_asks_the_database_as_often_for_a_long_run_as_for_a_short_one(self, desk, bob, django_assert_num_queries):
        item = desk_data.refund()
        with django_assert_num_queries(21):
            desk.get(address(item))
        for _ in range(6):
            interventions.decide(item.pk, by=bob, verdict="override", replacement="by hand")
            item = desk_data.refund(on=factories.leased(item.run))
        desk_data.many(5)

        with django_assert_num_queries(21):
            desk.get(address(item))

    def test_shows_who_holds_it_and_closes_the_buttons(self, desk, bob, refund):
        interventions.claim(refund.pk, by=bob)

        page = text_of(desk.get(address(refund)))

        assert "bob has claimed this" in page
        assert page.count('data-main data-key="a" disabled') == 3

    def test_says_that_the_run_is_paused_by_whom_and_what_becomes_of_the_verdict(self, desk, mara, refund):
        User.objects.filter(pk=mara.pk).update(first_name="Mara")
        assert "paused" not in text_of(desk.get(address(refund)))
        runs.pause(refund.run_id, by=mara)

        page = text_of(desk.get(address(refund)))
        assert "<b>The run is paused by Mara</b> <p>Your verdict is kept; the agent goes on when" in page

        page = text_of(decide(desk, refund, "approve"))
        assert "<b>The run is paused by Mara</b> <p>The agent goes on when somebody continues it.</p>" in page

    def test_names_other_questions_of_the_run(self, desk):
        run = factories.leased()
        asked = [factories.proposal(), factories.proposal()]
        gates.park(run, factories.state(), asked)

        page = text_of(desk.get(address(run.interventions.first())))

        assert "1 more of this run waits for a decision" in page


class TestDecide:
    def test_approves(self, desk, refund):
        response = decide(desk, refund, "approve", reason="checked")

        assert response.status_code == 200
        assert f'id="review-{refund.pk}"' in text_of(response)
        assert "Approved by alice" in text_of(response)
        assert f'data-draft-done="{refund.pk}"' in text_of(response)
        refund.refresh_from_db()
        assert (refund.status, refund.outcome) == (InterventionStatus.DECIDED, Outcome.APPROVED)
        assert refund.run.status == RunStatus.QUEUED

    def test_leads_back_to_the_page_without_htmx(self, desk, refund):
        response = desk.post(f"{address(refund, 'decide')}?risk=4", {"verdict": "approve"})

        assert response.status_code == 302
        assert response.url == f"{address(refund)}?risk=4"

    def test_rejects_with_feedback_and_keeps_the_reason_inside(self, desk, refund):
        decide(desk, refund, "reject", note="Only the duplicate.", reason="Fraud suspected", context="Ask Anna.")

        said = Decision.objects.get()
        assert (said.note, said.reason, said.context) == ("Only the duplicate.", "Fraud suspected", "Ask Anna.")
        output = refund.run.tool_calls.get().output
        assert "Only the duplicate." in output
        assert "Fraud" not in output

    def test_edits_in_fields_with_types_kept(self, desk, refund):
        response = decide(desk, refund, "edit", **{"edit-customer_id": "C-88213", "edit-amount": "482"})

        assert response.status_code == 200
        assert Decision.objects.get().replacement == {"customer_id": "C-88213", "amount": 482}
        assert "<del>4,820.00</del>" in text_of(response)
        assert "<ins>482.00</ins>" in text_of(response)

    def test_edits_as_json(self, desk, refund):
        decide(desk, refund, "edit", edit_as="json", edit_json='{"customer_id": "C-1", "amount": 5}')

        assert Decision.objects.get().replacement == {"customer_id": "C-1", "amount": 5}

    @pytest.mark.parametrize(
        ("typed", "message"),
        [
            ({"edit-customer_id": "C-1", "edit-amount": "lots"}, "Enter a number."),
            ({"edit-customer_id": "C-88213", "edit-amount": "4820.0"}, "Nothing was changed"),
            ({}, "Nothing was changed"),
            ({"edit_as": "json", "edit_json": "{"}, "This is not JSON"),
            ({"edit_as": "json", "edit_json": '{"customer_id": "C-1"}'}, "is a required property"),
            ({"edit_as": "json", "edit_json": "[]"}, "Give a JSON object"),
        ],
    )
    def test_says_what_is_wrong_with_an_edit_and_keeps_it(self, desk, refund, typed, message):
        response = decide(desk, refund, "edit", note="kept note", **typed)

        page = text_of(response).replace("&#x27;", "'")
        assert response.status_code == 422
        assert message in page
        assert "kept note" in page
        assert 'value="edit" data-key="3" checked' in page
        for text in typed.values():
            assert text.replace('"', "&quot;") in page
        assert not Decision.objects.exists()

    def test_overrides_the_output(self, desk, refund):
        decide(desk, refund, "override", output="Refunded by hand.\r\nReceipt 7.")

        call = refund.run.tool_calls.get()
        assert (call.status, call.output) == (ToolCallStatus.SUPPLIED, "Refunded by hand.\nReceipt 7.")

    def test_wants_an_output_to_override_with(self, desk, refund):
        response = decide(desk, refund, "override", output=" ")

        assert response.status_code == 422
        assert "Write the output that the agent should read." in text_of(response)

    @pytest.mark.parametrize(
        ("typed", "answer"),
        [
            ({"choice": "Page the team"}, "Page the team"),
            ({"answer": "Neither; call me."}, "Neither; call me."),
            ({"choice": "Wait an hour", "answer": "Then test again."}, "Wait an hour\nThen test again."),
        ],
    )
    def test_answers(self, desk, typed, answer):
        item = desk_data.choice()

        assert decide(desk, item, "answer", **typed).status_code == 200
        assert Decision.objects.get().replacement == answer

    def test_wants_an_answer(self, desk):
        response = decide(desk, desk_data.choice(), "answer")

        assert response.status_code == 422
        assert "Write the answer." in text_of(response)

    def test_releases_an_edited_output(self, desk):
        item = desk_data.output()

        decide(desk, item, "edit", **{"edit-output": "Dear Anna."})

        assert Decision.objects.get().replacement == {"output": "Dear Anna."}

    @pytest.mark.parametrize(
        ("verdict", "typed", "called"),
        [
            ("approve", {}, "Released by alice"),
            ("edit", {"edit-output": "Dear Anna."}, "Released with edits by alice"),
            ("reject", {"note": "Shorter."}, "Sent back by alice"),
        ],
    )
    def test_calls_the_deed_as_the_button_does(self, desk, verdict, typed, called):
        assert called in text_of(decide(desk, desk_data.output(), verdict, **typed))

    def test_wants_feedback_for_an_output_that_is_sent_back(self, desk):
        item = desk_data.output()

        assert decide(desk, item, "reject").status_code == 422
        assert decide(desk, item, "reject", note="Shorter.").status_code == 200

    def test_wants_a_reason_where_the_rule_does(self, desk):
        item = desk_data.refund(reason_required=True)

        response = decide(desk, item, "approve", note="typed")

        assert response.status_code == 422
        assert "The rule that stopped this asks for your reason." in text_of(response)
        assert "typed" in text_of(response)

    @pytest.mark.parametrize("verdict", ["", "answer", "destroy"])
    def test_refuses_what_cannot_be_said_here(self, desk, refund, verdict):
        assert decide(desk, refund, verdict).status_code == 422
        assert not Decision.objects.exists()

    @pytest.mark.parametrize("htmx", [True, False])
    def test_tells_the_second_reviewer_who_was_first_and_keeps_the_text(self, desk, bobs_desk, refund, htmx):
        decide(desk, refund, "approve")

        response = decide(bobs_desk, refund, "reject", htmx=htmx, note="My long feedback", reason="My reason")

        page = text_of(response)
        assert response.status_code == 409
        assert "alice approved this item on" in page
        assert "My long feedback" in page
        assert "My reason" in page
        assert "data-draft-done" not in page
        assert Decision.objects.get().verdict == "approve"

    def test_keeps_the_typed_edit_of_the_second_reviewer(self, desk, bobs_desk, refund):
        decide(desk, refund, "approve")

        page = text_of(decide(bobs_desk, refund, "edit", edit_as="json", edit_json='{"amount": 77}'))

        assert "{&quot;amount&quot;: 77}" in page

    def test_keeps_the_fields_of_the_second_reviewer(self, desk, bobs_desk, refund):
        decide(desk, refund, "approve")

        page = text_of(decide(bobs_desk, refund, "edit", **{"edit-customer_id": "C-77", "edit-amount": "5"}))

        assert "C-77" in page[page.index("What you had written") :]

    def test_refuses_while_a_colleague_holds_it(self, desk, bob, refund):
        interventions.claim(refund.pk, by=bob)

        response = decide(desk, refund, "reject", note="typed")

        assert response.status_code == 409
        assert "bob has claimed this item" in text_of(response)
        assert "> typed</textarea>" in text_of(response)

    def test_refuses_a_form_that_is_older_than_the_question(self, desk, refund):
        Intervention.objects.update(version=2)

        response = decide(desk, refund, "reject", note="typed")

        assert response.status_code == 409
        assert "This item has changed since you opened it." in text_of(response)
        assert "> typed</textarea>" in text_of(response)
        assert 'name="version" value="2"' in text_of(response)

    def test_says_that_the_run_ended(self, desk, alice, refund):
        runs.stop(refund.run_id, by=alice)

        response = decide(desk, refund, "approve")

        assert response.status_code == 409
        assert "stopped the run" in text_of(response)

    def test_is_never_a_get(self, desk, refund):
        assert desk.get(address(refund, "decide")).status_code == 405

    def test_is_guarded_against_other_sites(self, alice, refund):
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(alice)

        assert decide(browser, refund, "approve").status_code == 403
        assert not Decision.objects.exists()

    def test_leads_to_the_next_question(self, desk):
        first, second = desk_data.many(2)

        page = text_of(decide(desk, first, "approve"))

        assert f'id="next-item" href="{address(second)}"' in " ".join(page.split())


class TestClaim:
    def test_reserves_and_releases(self, desk, alice, refund):
        claimed = desk.post(address(refund, "claim"), headers=HTMX)
        refund.refresh_from_db()
        assert refund.claimed_by == alice
        assert address(refund, "release") in text_of(claimed)

        desk.post(address(refund, "release"), headers=HTMX)

        refund.refresh_from_db()
        assert refund.claimed_by is None

    def test_works_without_htmx(self, desk, refund):
        assert desk.post(address(refund, "claim")).url == address(refund)

    def test_says_who_was_first(self, desk, bob, refund):
        interventions.claim(refund.pk, by=bob)

        response = desk.post(address(refund, "claim"), headers=HTMX)

        assert response.status_code == 409
        assert "bob has claimed this item" in text_of(response)

    def test_is_released_by_a_manager(self, client, mara, bob, refund):
        interventions.claim(refund.pk, by=bob)
        client.force_login(mara)
        assert "you may release it yourself" in text_of(client.get(address(refund)))

        client.post(address(refund, "release"))

        refund.refresh_from_db()
        assert refund.claimed_by is None


class TestPreview:
    def test_marks_each_touched_field_with_what_stood_there(self, desk, refund):
        typed = {"edit_as": "fields", "edit-customer_id": "C-88213", "edit-amount": "482"}

        part = text_of(desk.post(address(refund, "preview"), typed, headers=HTMX))
        page = text_of(desk.post(address(refund, "preview"), typed))

        assert 'id="was-id_edit_edit-amount" hx-swap-oob="true">changed from 4,820.00</p>' in part
        assert 'id="was-id_edit_edit-customer_id" hx-swap-oob="true" hidden></p>' in part
        assert 'id="was-id_edit_edit-amount">changed from 4,820.00</p>' in page
        assert page.count("was-id_edit_edit-amount") == 1

    def test_marks_a_long_text_without_repeating_it(self, desk):
        item = desk_data.output("Dear customer,\nyour money is on its way.")

        part = text_of(desk.post(address(item, "preview"), {"edit-output": "No."}, headers=HTMX))

        assert 'hx-swap-oob="true">changed</p>' in part

    def test_shows_what_the_edit_would_change(self, desk, refund):
        typed = {"edit-customer_id": "C-88213", "edit-amount": "482.5"}

        page = text_of(desk.post(address(refund, "preview"), typed, headers=HTMX))

        assert "<del>4,820.00</del>" in page
        assert "<ins>482.50</ins>" in page
        assert "<mark>482.5</mark>" in page
        assert "customer_id</dt>" not in page

    def test_shows_mistakes_instead(self, desk, refund):
        typed = {"edit_as": "json", "edit_json": '{"customer_id": 5}'}

        page = text_of(desk.post(address(refund, "preview"), typed, headers=HTMX))

        assert "customer_id: 5 is not of type" in page

    def test_says_that_nothing_is_changed(self, desk, refund):
        typed = {"edit-customer_id": "C-88213", "edit-amount": "4820.0"}

        assert "Nothing is changed yet." in text_of(desk.post(address(refund, "preview"), typed, headers=HTMX))

    def test_is_a_whole_page_without_htmx_and_keeps_the_text(self, desk, refund):
        typed = {"view": "edit", "edit-customer_id": "C-88213", "edit-amount": "482.5", "note": "typed"}

        page = text_of(desk.post(address(refund, "preview"), typed))

        assert "<html" in page
        assert "<ins>482.50</ins>" in page
        assert 'value="482.5"' in page
        assert "> typed</textarea>" in page
        assert 'value="edit" data-key="3" checked' in page

    def test_decides_nothing(self, desk, refund):
        desk.post(address(refund, "preview"), {"verdict": "approve"})

        assert not Decision.objects.exists()


class TestAftermath:
    def test_asks_again_only_while_the_run_moves(self, desk, alice, refund):
        interventions.decide(refund.pk, by=alice, verdict="approve")
        assert "hx-trigger" in text_of(desk.get(address(refund, "aftermath")))

        run = factories.leased(refund.run)
        call = run.tool_calls.get()
        factories.begin(run, call.call_id)
        tool_calls.finish(run, call.call_id, "Receipt RF-1")
        gates.complete(run, "All done.", usage={})

        page = text_of(desk.get(address(refund, "aftermath")))
        assert "hx-trigger" not in page
        assert "Receipt RF-1" in page
        assert "All done." in page


class TestAnAbandonedClaim:
    def test_leaves_the_item_to_the_others(self, refund, alice, bob, client):
        interventions.claim(refund.pk, by=alice)
        alice.memberships.all().delete()

        client.force_login(bob)
        page = client.get(f"/interventions/{refund.pk}/")

        assert (page.context["may_decide"], page.context["may_claim"]) == (True, True)
