"""The contracts agent: the clause checker inside it, the negotiation, the memo and its revisions."""

import asyncio

import pytest
from agents import Runner

from agents_runtime.agents.contracts import build, request_counterparty_change
from reviews.actions import trials
from tests.agents_runtime.demo_agents.theatre import edit, play, reject, supply

TASK = "Review contract K-2207 with Northwind Hosting before Friday's signing."
CAP = "Each party is liable up to the fees of the preceding twelve months, except for intent and injury."


def revised(played, *feedback):
    """The memo after each piece of feedback was said to the one before it, as a reopened run says it."""
    for words in feedback:
        played = play(build(), [*played.items, {"role": "user", "content": words}])
    return played


class TestReading:
    def test_reads_the_draft_first(self):
        assert play(build(), TASK).proposed[0] == ("read_contract", {"contract_id": "K-2207"})

    def test_asks_for_a_number_when_there_is_none(self):
        played = play(build(), "Please review our hosting contract.")

        assert played.tools == []
        assert "K-2207" in played.final

    def test_stops_when_the_draft_cannot_be_read(self):
        played = play(build(), TASK, read_contract=supply("The file is password protected."))

        assert played.tools == ["read_contract"]
        assert "could not read contract K-2207" in played.final

    @pytest.mark.parametrize("number", [1, 99, 31337])
    def test_handles_any_well_formed_number(self, number):
        assert play(build(), f"Review K-{number}.").final.startswith("# Memo: Supply agreement with ")


class TestClauseChecker:
    def test_is_asked_about_the_most_worrying_clause(self):
        assert "K-2207, clause 9 (liability)" in play(build(), TASK).calls("check_clause")[0]["input"]

    @pytest.mark.parametrize(
        ("words", "clause"),
        [("look at clause 12", "clause 12 (termination)"), ("mind the renewal", "clause 18 (renewal)")],
    )
    def test_is_asked_about_the_clause_the_task_names(self, words, clause):
        assert clause in play(build(), f"Review K-2207, {words}.").calls("check_clause")[0]["input"]

    def test_reads_clause_and_playbook_with_tools_of_its_own(self):
        checker = next(tool for tool in build().tools if tool.name == "check_clause")._agent_instance
        played = play(checker, "Check K-2207, clause 9 (liability) against the playbook.")

        assert played.tools == ["get_clause", "playbook_position"]
        assert "departs from the playbook" in played.final
        assert played.final.endswith(f"Proposed wording: {CAP}")

    @pytest.mark.parametrize(
        ("question", "finding"),
        [
            ("Check K-2207, clause 4 (payment).", "follows the playbook"),
            ("Check K-2207, clause 77 (payment).", "could not be compared"),
            ("Check K-2207, clause 9 (weather).", "could not be compared"),
            ("Is this contract good?", "I need the contract's number"),
        ],
    )
    def test_says_what_it_found(self, question, finding):
        checker = next(tool for tool in build().tools if tool.name == "check_clause")._agent_instance

        assert finding in play(checker, question).final

    def test_streams_to_the_same_memo(self):
        async def go():
            streamed = Runner.run_streamed(build(), TASK)
            async for _ in streamed.stream_events():
                pass
            return streamed.final_output

        assert asyncio.run(go()) == play(build(), TASK).final


class TestNegotiation:
    def test_looks_up_a_precedent_and_asks_for_a_change_at_once(self):
        played = play(build(), TASK)

        assert played.tools[2:] == ["lookup_precedent", "request_counterparty_change"]
        assert played.calls("lookup_precedent") == [{"topic": "liability"}]

    def test_asks_for_the_playbooks_wording(self):
        change = play(build(), TASK).calls("request_counterparty_change")[0]

        assert (change["contract_id"], change["clause"], change["wording"]) == ("K-2207", 9, CAP)
        assert set(change) == set(request_counterparty_change.params_json_schema["required"])

    def test_is_left_out_when_the_clause_follows_the_playbook(self):
        played = play(build(), "Review K-2207, clause 4 only.")

        assert "request_counterparty_change" not in played.tools
        assert "None was needed." in played.final
        assert "Sign as drafted." in played.final


class TestMemo:
    def test_covers_finding_precedent_request_and_recommendation(self):
        final = play(build(), TASK).final

        assert final.startswith("# Memo: Master services agreement with Northwind Hosting\n\nK-2207, EUR 640,000")
        assert [line for line in final.splitlines() if line.startswith("## ")] == [
            "## Finding",
            "## Precedent",
            "## Change request",
            "## Recommendation",
        ]
        assert f'Sent in the playbook\'s words: "{CAP}"' in final

    def test_quotes_the_wording_a_reviewer_sent_instead(self):
        final = play(build(), TASK, request_counterparty_change=edit(wording="Liability is capped at one fee.")).final

        assert 'Sent in a reviewer\'s words: "Liability is capped at one fee."' in final

    def test_warns_when_the_request_was_rejected(self):
        final = play(build(), TASK, request_counterparty_change=reject("The CEO will call them.")).final

        assert "Not sent: a reviewer rejected it. They said: The CEO will call them." in final
        assert "Do not sign before clause 9 is settled in another way." in final

    def test_takes_a_supplied_precedent_for_the_precedent(self):
        final = play(build(), TASK, lookup_precedent=supply("Last year they gave in.")).final

        assert "## Precedent\nLast year they gave in." in final

    def test_believes_a_reviewer_who_asked_the_counterparty_personally(self):
        final = play(build(), TASK, request_counterparty_change=supply("They agreed on the phone.")).final

        assert "Sign once the counterparty accepts the new clause 9." in final


class TestRevision:
    def test_is_numbered_and_quotes_the_feedback(self):
        final = revised(play(build(), TASK), "Say who signs for us.").final

        assert final.splitlines()[0].endswith("(revision 1)")
        assert '## Taken up from the review\n- "Say who signs for us."' in final

    def test_adds_the_clauses_the_feedback_names(self):
        final = revised(play(build(), TASK), "Also mention clause 12 and the data protection.").final

        assert "- Added below: clause 12 (termination), clause 15 (data protection)." in final
        assert "## Clause 12: termination\nThe Supplier may end this agreement at any time" in final

    def test_adds_nothing_for_the_clause_it_is_about_anyway(self):
        assert "## Clause 9" not in revised(play(build(), TASK), "Be clearer about liability.").final

    def test_is_shorter_when_the_feedback_asks_for_that(self):
        first = play(build(), TASK)
        final = revised(first, "Too long, make it shorter.").final

        assert "## Precedent" not in final
        assert "EUR 640,000" not in final
        assert "## Recommendation" in final

    def test_keeps_what_earlier_feedback_asked_for(self):
        final = revised(play(build(), TASK), "Mention the renewal.", "And the payment.").final

        assert final.splitlines()[0].endswith("(revision 2)")
        assert '- "Mention the renewal."\n- "And the payment."' in final
        assert "## Clause 18: renewal" in final
        assert "## Clause 4: payment" in final

    def test_calls_no_tool_again(self):
        assert revised(play(build(), TASK), "Shorter.").tools == []


class TestDryRun:
    def test_blames_no_reviewer_for_a_request_that_was_never_sent(self):
        refusal = trials.refusal("request_counterparty_change")
        played = play(build(), TASK, request_counterparty_change=supply(refusal))

        assert "Not sent: this is a dry run" in played.final
        assert "rejected" not in played.final and "Do not sign" in played.final
