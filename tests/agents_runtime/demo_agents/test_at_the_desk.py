"""The demo agents in the product: through the gate, the ledger, a reviewer's verdict and the worker."""

import pytest

from reviews.actions.eligibility import NotEligible
from reviews.models import Run
from reviews.states import RunStatus
from tests.agents_runtime.demo_agents.desk import decide

pytestmark = pytest.mark.django_db


def outcome_of(run: Run, tool: str) -> tuple[str, object]:
    """What became of the tool's latest call, and the arguments it ran with."""
    call = run.tool_calls.filter(tool=tool).order_by("created_at", "id").last()
    return call.status, call.executed


class TestRefunds:
    TASK = "Customer C-88213 reports a duplicate charge on order O-30912."

    def test_asks_about_a_large_refund_only(self, start):
        run = start("refunds", self.TASK)
        question = run.interventions.open().get()

        assert run.status == RunStatus.AWAITING_REVIEW
        assert question.title == "Refund USD 480.00 to customer C-88213"
        assert question.tool == "issue_refund"

    def test_gives_small_sums_back_alone(self, start):
        run = start("refunds", "Customer C-41077 was charged twice for order O-31004.")

        assert run.status == RunStatus.COMPLETED
        assert "EUR 39.90" in run.result
        assert not run.interventions.exists()

    def test_raises_the_risk_with_the_sum(self, start):
        low, high = start("refunds", self.TASK), start("refunds", "Order O-30977 was charged twice.")

        assert low.interventions.get().risk < high.interventions.get().risk

    def test_asks_two_others_than_the_requester_about_a_very_large_sum(self, start, alice, bob, mara):
        run = start("refunds", "Customer C-72014 was charged twice for order O-31300.")
        question = run.interventions.get()
        assert (question.title, question.needed) == ("Refund EUR 6,400.00 to customer C-72014", 2)
        assert question.policy["not_by"] == ["requester"]

        with pytest.raises(NotEligible):
            decide(run, alice, "approve")
        decide(run, bob, "approve", note="The bank confirms it.")
        assert run.status == RunStatus.AWAITING_REVIEW
        decide(run, mara, "approve", reason="Bob is right.")

        assert run.status == RunStatus.COMPLETED
        assert "Refunded EUR 6400.00 to C-72014" in run.result
        assert "Bob is right" not in str(run.result)

    def test_completes_once_approved(self, start, alice):
        run = start("refunds", self.TASK)
        decide(run, alice, "approve")

        assert run.status == RunStatus.COMPLETED
        assert "Refunded USD 480.00 to C-88213" in run.result

    def test_runs_with_the_edited_amount_and_says_so(self, start, alice):
        run = start("refunds", self.TASK)
        proposal = run.interventions.get().proposal
        decide(run, alice, "edit", replacement=proposal | {"amount": 240.0})

        assert outcome_of(run, "issue_refund")[1]["amount"] == 240.0
        assert "A reviewer changed the amount from 480.00 to 240.00." in run.result

    def test_comes_back_with_the_sum_the_feedback_names(self, start, alice):
        run = start("refunds", self.TASK)
        decide(run, alice, "reject", note="Half of it is enough: 240.")
        second = decide(run, alice, "approve")

        assert second.proposal["amount"] == 240.0
        assert run.status == RunStatus.COMPLETED
        assert "Refunded USD 240.00" in run.result

    def test_offers_a_voucher_when_refused_for_good(self, start, alice):
        run = start("refunds", self.TASK)
        decide(run, alice, "reject", note="That charge was a hold.")

        assert "a reviewer rejected it. They said: That charge was a hold." in run.result
        assert "offered a voucher" in run.result

    def test_believes_a_result_supplied_by_hand(self, start, alice):
        run = start("refunds", self.TASK)
        decide(run, alice, "override", replacement="Paid by cheque.")

        assert "settled by a reviewer: Paid by cheque." in run.result

    def test_reads_the_context_that_comes_with_a_verdict(self, start, alice):
        run = start("refunds", self.TASK)
        decide(run, alice, "approve", context="Apologise for the delay.")

        letter = outcome_of(run, "send_email")[1]["body"]
        assert "We are sorry for the trouble this has caused you." in letter
        assert "Apologise" not in letter, "what colleagues say to each other is not for the customer"
        assert "Apologise for the delay." in run.result


class TestTriage:
    TASK = "Triage patient P-1042: chest pain for 2 hours, came in by ambulance."

    def test_goes_from_laboratory_to_question_to_page_to_note(self, start, alice):
        run = start("triage", self.TASK)
        asked = [
            decide(run, alice, "approve"),
            decide(run, alice, "answer", replacement="Page the on-call team now"),
            decide(run, alice, "approve"),
        ]

        assert [question.tool for question in asked] == ["order_lab", "ask_human", "page_on_call"]
        assert asked[1].kind == "question"
        assert run.result.startswith("Triage level 1 for P-1042.")

    def test_goes_on_with_the_result_a_reviewer_supplies(self, start, alice):
        run = start("triage", self.TASK)
        decide(run, alice, "override", replacement="Troponin T 9 ng/L")
        question = decide(run, alice, "answer", replacement="Observe, no further action")

        assert "Troponin T 9 ng/L." in question.proposal["question"]
        assert run.result.startswith("Triage level 3")

    def test_draws_blood_again_when_told_to(self, start, alice):
        run = start("triage", self.TASK)
        decide(run, alice, "approve")
        decide(run, alice, "answer", replacement="Repeat the test in one hour")
        again = decide(run, alice, "approve")

        assert again.proposal["urgency"] == "urgent"
        assert run.interventions.open().get().kind == "question"


class TestContracts:
    TASK = "Review contract K-2207 with Northwind Hosting before Friday's signing."

    def test_asks_about_one_of_two_parallel_calls(self, start):
        run = start("contracts", self.TASK)
        question = run.interventions.open().get()

        assert question.tool == "request_counterparty_change"
        assert run.tool_calls.filter(checkpoint=question.checkpoint).count() == 2

    def test_runs_the_tools_of_the_clause_checker_through_the_gate(self, start):
        run = start("contracts", self.TASK)
        inner = run.tool_calls.filter(agent="Clause checker").values_list("tool", flat=True)

        assert sorted(inner) == ["get_clause", "playbook_position"]

    def test_holds_the_memo_back_until_it_is_released(self, start, alice):
        run = start("contracts", self.TASK)
        decide(run, alice, "approve")
        memo = run.interventions.open().get()

        assert memo.kind == "final_output"
        decide(run, alice, "approve")
        assert run.status == RunStatus.COMPLETED
        assert run.result == memo.proposal["output"]

    def test_revises_the_memo_until_it_is_released(self, start, alice):
        run = start("contracts", self.TASK)
        decide(run, alice, "approve")
        decide(run, alice, "reject", note="Mention clause 12 too.")
        decide(run, alice, "reject", note="And the renewal.")
        decide(run, alice, "approve")

        assert "(revision 2)" in run.result
        assert "## Clause 12: termination" in run.result
        assert "## Clause 18: renewal" in run.result

    def test_releases_the_memo_in_a_reviewers_words(self, start, alice):
        run = start("contracts", self.TASK)
        decide(run, alice, "reject", note="The CEO will call them.")
        memo = decide(run, alice, "edit", replacement={"output": "Do not sign."})

        assert "They said: The CEO will call them." in memo.proposal["output"]
        assert run.result == "Do not sign."
