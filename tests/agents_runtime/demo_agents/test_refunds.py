"""The refunds agent: what it proposes, and how it takes each verdict."""

import asyncio
import dataclasses
import json

import pytest
from agents import Agent, Runner, RunState

from agents_runtime.agents.refunds import build, issue_refund
from agents_runtime.agents.scripts.refunds import script
from agents_runtime.scripted import Conversation, ScriptedModel
from reviews.actions import trials
from tests.agents_runtime.demo_agents.theatre import edit, play, reject, supply

DUPLICATE = "Customer C-88213 reports a duplicate charge on order O-30912."
SMALL = "Customer C-41077 was charged twice for order O-31004."


class TestLookUp:
    def test_reads_order_and_customer_at_once_before_anything_else(self):
        played = play(build(), DUPLICATE)

        assert set(played.tools[:2]) == {"lookup_order", "get_customer"}
        assert played.tools[2:] == ["issue_refund", "send_email"]

    def test_finds_the_customer_of_an_order(self):
        played = play(build(), "Order O-30977 was charged twice.")

        assert played.calls("get_customer") == [{"customer_id": "C-57730"}]

    def test_finds_the_latest_order_of_a_customer(self):
        played = play(build(), "Customer C-41077 wants their money back.")

        assert played.calls("lookup_order") == [{"order_id": "O-31177"}]
        assert played.calls("issue_refund")[0]["amount"] == 64.0

    def test_asks_for_a_number_when_there_is_none(self):
        played = play(build(), "I want my money back!")

        assert played.tools == []
        assert "order number" in played.final

    def test_refunds_nothing_for_an_order_that_cannot_be_found(self):
        played = play(build(), DUPLICATE, lookup_order=supply("The order system is down."))

        assert "issue_refund" not in played.tools
        assert "could not find order O-30912" in played.final

    @pytest.mark.parametrize("number", [1, 7, 42, 555555])
    def test_handles_any_well_formed_number(self, number):
        played = play(build(), f"Customer C-{number} reports a duplicate charge on order O-{number}.")

        assert played.tools[-2:] == ["issue_refund", "send_email"]


class TestProposal:
    def test_gives_back_what_was_charged_beyond_the_price(self):
        assert play(build(), DUPLICATE).calls("issue_refund") == [
            {
                "customer_id": "C-88213",
                "order_id": "O-30912",
                "amount": 480.0,
                "currency": "USD",
                "reason": "“Espresso machine” was charged twice, USD 480.00 each time.",
                "notify_customer": True,
            }
        ]

    def test_gives_back_the_price_when_there_was_no_surplus(self):
        assert play(build(), "Order O-31120 never arrived.").calls("issue_refund")[0]["amount"] == 215.5

    @pytest.mark.parametrize(
        ("words", "amount"),
        [
            ("wants 350 USD back", 350.0),
            ("wants $1,250.50 back", 1250.5),
            ("asks for a refund of 75", 75.0),
            ("asks to refund 99.90 for the scratches", 99.9),
        ],
    )
    def test_follows_the_sum_the_task_names(self, words, amount):
        assert play(build(), f"Order O-30912: customer {words}.").calls("issue_refund")[0]["amount"] == amount

    @pytest.mark.parametrize(
        ("task", "reason"),
        [
            ("Order O-31120 never arrived.", "“Milk pitcher, set of 3” was lost in transit."),
            ("Order O-30655 came back.", "“Water softener cartridge” was returned."),
        ],
    )
    def test_says_in_a_sentence_how_the_order_stands(self, task, reason):
        assert play(build(), task).calls("issue_refund")[0]["reason"] == reason

    @pytest.mark.parametrize(
        ("order", "reason"),
        [
            ({"price": 9.0, "charges": [9.0] * 3, "item": "Scale"}, "“Scale” was charged 3 times, USD 9.00 each time."),
            ({"price": 9.0, "charges": [9.0]}, "The order has an unknown status."),
        ],
    )
    def test_says_it_of_an_order_that_a_reviewer_wrote_down(self, order, reason):
        played = play(build(), DUPLICATE, lookup_order=supply(json.dumps(order)))

        assert played.calls("issue_refund")[0]["reason"] == reason

    def test_keeps_the_currency_of_the_order(self):
        assert play(build(), SMALL).calls("issue_refund")[0]["currency"] == "EUR"

    def test_satisfies_the_tools_own_schema(self):
        proposed = play(build(), DUPLICATE).calls("issue_refund")[0]

        assert set(proposed) == set(issue_refund.params_json_schema["required"])
        assert issue_refund.params_json_schema["properties"]["currency"]["enum"] == ["USD", "EUR", "GBP"]


class TestApproved:
    def test_writes_to_the_customer_with_the_sum(self):
        mail = play(build(), DUPLICATE).calls("send_email")[0]

        assert mail["to"] == "maren.holt@example.com"
        assert "USD 480.00" in mail["body"]

    def test_sums_up_with_the_receipt(self):
        final = play(build(), DUPLICATE).final

        assert final.startswith("Refunded USD 480.00 to C-88213 for order O-30912, receipt RF-")
        assert "changed" not in final


class TestEdited:
    def test_says_what_was_changed_and_by_whom(self):
        final = play(build(), DUPLICATE, issue_refund=edit(amount=240.0)).final

        assert final.startswith("Refunded USD 240.00 to C-88213")
        assert "A reviewer changed the amount from 480.00 to 240.00." in final

    def test_tells_the_customer_the_sum_that_was_paid(self):
        body = play(build(), DUPLICATE, issue_refund=edit(amount=240.0)).calls("send_email")[0]["body"]

        assert "USD 240.00" in body
        assert "480" not in body

    def test_stays_silent_when_the_reviewer_unticks_the_notice(self):
        played = play(build(), DUPLICATE, issue_refund=edit(notify_customer=False))

        assert "send_email" not in played.tools
        assert "A reviewer changed the notice to the customer from yes to no." in played.final
        assert "The customer was not told by e-mail." in played.final

    def test_quotes_what_holds_quotes_itself_with_inner_ones(self):
        final = play(build(), DUPLICATE, issue_refund=edit(reason='Charged "twice" by us.')).final

        assert "from “‘Espresso machine’ was charged twice, USD 480.00 each time.” to “Charged 'twice' by us.”" in final
        assert "by us.” The customer was told" in final

    def test_reports_every_changed_argument(self):
        final = play(build(), DUPLICATE, issue_refund=edit(amount=10.0, currency="EUR")).final

        assert "the amount from 480.00 to 10.00 and the currency from USD to EUR." in final


class TestRejected:
    def test_offers_a_voucher_by_mail_instead(self):
        played = play(build(), DUPLICATE, issue_refund=reject("The second charge was a hold and is gone."))

        assert played.runs("issue_refund") == []
        assert "voucher" in played.calls("send_email")[0]["body"]
        assert "They said: The second charge was a hold and is gone." in played.final
        assert "offered a voucher" in played.final

    def test_proposes_the_smaller_sum_the_feedback_names(self):
        played = play(build(), DUPLICATE, issue_refund=[reject("Too much, refund 100 at most.")])

        assert [call["amount"] for call in played.calls("issue_refund")] == [480.0, 100.0]
        assert "Too much" in played.calls("issue_refund")[1]["reason"]
        assert "I first proposed USD 480.00, but a reviewer rejected it. They said: Too much" in played.final
        assert "Refunded USD 100.00" in played.final

    def test_gives_up_after_a_second_no(self):
        played = play(build(), DUPLICATE, issue_refund=[reject("refund 100"), reject("no,\n50")])

        assert len(played.calls("issue_refund")) == 2
        assert "They said: refund 100. No refund was made to C-88213" in played.final
        assert "They said: no, 50. The customer was told" in played.final
        assert played.runs("issue_refund") == []
        assert "voucher" in played.calls("send_email")[0]["body"]

    def test_understands_feedback_that_comes_with_a_preface(self):
        verdict = supply("A human reviewer rejected this call. Feedback: 100 is enough")
        played = play(build(), DUPLICATE, issue_refund=[verdict])

        assert played.calls("issue_refund")[1]["reason"] == "Reduced on review: 100 is enough."

    @pytest.mark.parametrize("feedback", ["Refund 900 instead.", "Refund 0.", "Within 30 days.", "See O-30912.", ""])
    def test_proposes_nothing_when_the_feedback_names_no_smaller_sum(self, feedback):
        assert len(play(build(), DUPLICATE, issue_refund=reject(feedback)).calls("issue_refund")) == 1


class TestOverridden:
    def test_takes_the_reviewers_words_for_the_result(self):
        played = play(build(), DUPLICATE, issue_refund=supply("Paid by cheque this morning."))

        assert played.runs("issue_refund") == []
        assert "was settled by a reviewer: Paid by cheque this morning." in played.final

    def test_does_not_tell_the_customer_of_money_it_did_not_send(self):
        mail = play(build(), DUPLICATE, issue_refund=supply("Paid by cheque.")).calls("send_email")[0]

        assert "A colleague is taking care" in mail["body"]

    def test_trusts_a_receipt_the_reviewer_supplies(self):
        assert "receipt RF-777" in play(build(), DUPLICATE, issue_refund=supply("RF-777 booked by hand")).final


class TestMail:
    def test_may_be_rejected_too(self):
        final = play(build(), DUPLICATE, send_email=reject("Call her instead.")).final

        assert "The e-mail was not sent: a reviewer rejected it. They said: Call her instead." in final

    def test_may_go_to_another_address(self):
        final = play(build(), DUPLICATE, send_email=edit(to="billing@example.com")).final

        assert "told by e-mail (billing@example.com)." in final


class TestContext:
    def noted(self, note):
        """Approve the refund with a note, on the plain SDK and through JSON."""
        asked = [dataclasses.replace(tool, needs_approval=tool.name == "issue_refund") for tool in build().tools]
        agent = Agent(name="Refunds", model=ScriptedModel(script), tools=asked)

        async def go():
            paused = await Runner.run(agent, DUPLICATE)
            state = await RunState.from_json(agent, json.loads(json.dumps(paused.to_state().to_json())))
            state.approve(state.get_interruptions()[0])
            state.add_input([{"role": "user", "content": note}])
            return await Runner.run(agent, state)

        return asyncio.run(go())

    @pytest.mark.parametrize(
        ("note", "heeded"),
        [("Please apologise for the delay", True), ("No need to apologise.", False), ("She haggles a lot.", False)],
    )
    def test_goes_into_the_summary_and_never_to_the_customer(self, note, heeded):
        result = self.noted(note)
        body = Conversation(result.to_input_list()).last("send_email").arguments["body"]

        assert note not in body
        assert ("We are sorry" in body) == heeded
        assert result.final_output.endswith(f"I took the reviewers' note into account: {note.rstrip('.')}.")


class TestIssueRefund:
    def test_takes_no_sum_that_is_nothing_or_less(self):
        assert issue_refund.params_json_schema["properties"]["amount"]["exclusiveMinimum"] == 0


class TestDryRun:
    """What the agent says of a call of which nothing was recorded."""

    def test_blames_no_reviewer_for_a_refund_that_was_never_made(self):
        played = play(build(), DUPLICATE, issue_refund=supply(trials.refusal("issue_refund")))

        assert played.final.startswith("No refund was made to C-88213 for order O-30912: this is a dry run")
        assert "rejected" not in played.final
        assert played.tools[-1] == "issue_refund", "nothing is told to the customer, nor proposed anew"

    def test_says_of_an_email_that_it_was_not_sent(self):
        played = play(build(), DUPLICATE, send_email=supply(trials.refusal("send_email")))

        assert "The e-mail was not sent: this is a dry run" in played.final
