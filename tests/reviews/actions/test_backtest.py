"""What a draft would have said about the calls that were recorded."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from reviews.actions import backtest, gates, interventions, review_policies
from reviews.actions.backtest import ASKED, LET_THROUGH, LIGHTER, REFUSED, RELEASED
from reviews.models import Intervention, ToolCall
from reviews.policies import MARKED, PASSES, Judgement
from reviews.states import InterventionStatus, Outcome, Risk, Ruling
from tests import factories

OVER_200 = [{"tool": "pay", "when": "amount > 200", "name": "Over 200"}]
OVER_1000 = [{"tool": "pay", "when": "amount > 1000", "name": "Over 1000"}]


def drafted(by, rules, slug="payments"):
    return review_policies.draft(slug, by=by, body={"rules": rules})


def recorded(*amounts, ruling=Ruling.ASKED, run=None, tool="pay", judgement=None, **more):
    """Calls at one gate, as the policies of that time ruled about them."""
    said = judgement or Judgement(ruling, "a rule of then", "then")
    calls = [
        replace(factories.proposal(tool=tool, arguments={"amount": amount}), judgement=said, **more)
        for amount in amounts
    ]
    run = run or factories.leased()
    gates.park(run, factories.state(), calls)
    return run


class TestRun:
    def test_counts_who_was_asked_before_and_who_would_be_after(self, mara):
        recorded(100, 300, 500, 5000)

        report = backtest.run(drafted(mara, OVER_1000).pk, by=mara)

        counts = report.counts
        assert (counts.calls, counts.asked_before, counts.asked_after) == (4, 4, 1)
        assert (counts.changes[LET_THROUGH], report.is_whole) == (3, True)

    def test_lists_what_would_pass_although_a_person_had_rejected_it(self, mara, alice):
        run = recorded(300, 500)
        rejected = run.interventions.get(proposal__amount=500)
        interventions.decide(rejected.pk, by=alice, verdict="reject", note="No.")

        report = backtest.run(drafted(mara, OVER_1000).pk, by=mara)

        (found,) = report.released
        assert (found.arguments, found.run, found.was, found.now) == ({"amount": 500}, run.pk, "asked", "let_through")
        assert (report.counts.changes[RELEASED], report.counts.changes[LET_THROUGH]) == (1, 1)

    def test_tells_tools_apart_and_what_is_newly_asked_and_refused(self, mara):
        recorded(300, ruling=Ruling.LET_THROUGH)
        recorded(1, tool="wire", ruling=Ruling.LET_THROUGH)
        recorded(1, tool="note", ruling=Ruling.LET_THROUGH)

        report = backtest.run(drafted(mara, [*OVER_200, {"tool": "wire", "ruling": "refuse"}]).pk, by=mara)

        assert {tool: dict(counts.changes) for tool, counts in report.by_tool.items()} == {
            "pay": {ASKED: 1},
            "wire": {REFUSED: 1},
            "note": {},
        }
        assert [(one.tool, one.rule, one.why) for one in report.first[ASKED]] == [
            ("pay", "Over 200", "amount is 300; the rule is amount > 200.")
        ]

    def test_judges_by_the_other_policies_in_force_as_well(self, mara, admin):
        review_policies.activate(drafted(mara, [{"tool": "wire"}], slug="wires").pk, by=admin)
        review_policies.activate(drafted(mara, OVER_200).pk, by=admin)
        recorded(300)
        recorded(1, tool="wire")

        report = backtest.run(drafted(mara, OVER_1000).pk, by=mara)

        assert {tool: counts.asked_after for tool, counts in report.by_tool.items()} == {"pay": 0, "wire": 1}

    def test_remembers_what_the_author_had_marked(self, mara):
        recorded(1, judgement=MARKED, tool="old")
        recorded(1, judgement=Judgement(Ruling.ASKED, "a rule of then"), author_asks=True, tool="new")
        recorded(1, judgement=PASSES, tool="free")

        report = backtest.run(drafted(mara, OVER_200).pk, by=mara)

        assert (report.counts.asked_before, report.counts.asked_after) == (2, 2)

    def test_knows_the_run_and_who_asked_for_it(self, mara, alice):
        recorded(1, run=factories.leased(factories.run(by=alice, input="urgent")))
        recorded(1, run=factories.leased(factories.run(by=mara, input="calm")))
        rules = [
            {"tool": "pay", "when": ["run.input contains urgent", "requester.username = alice"]},
            {"tool": "pay", "when": "requester.groups contains manager", "ruling": "refuse"},
        ]

        report = backtest.run(drafted(mara, rules).pk, by=mara)

        assert dict(report.counts.after) == {"asked": 1, "refused": 1}

    def test_lists_what_would_still_be_asked_but_more_lightly(self, mara):
        strict = Judgement(Ruling.ASKED, "then", rule="then", approvals=2, risk=Risk.HIGH)
        recorded(300, judgement=strict)
        recorded(400)

        report = backtest.run(drafted(mara, OVER_200).pk, by=mara)

        (found,) = report.first[LIGHTER]
        assert (found.arguments, found.lighter) == ({"amount": 300}, "approvals 2 → 1; risk high → medium")
        assert (report.counts.changes, report.counts.asked_after) == ({LIGHTER: 1}, 2)
        span = {"since": report.since, "until": report.until}
        assert [one.lighter for one in backtest.page(report.policy.pk, LIGHTER, by=mara, **span).rows] == [
            found.lighter
        ]

    def test_lists_what_another_queue_would_be_asked(self, mara):
        factories.queue("legal")
        run = recorded(300)

        report = backtest.run(drafted(mara, [OVER_200[0] | {"queue": "legal"}]).pk, by=mara)
        same = backtest.run(drafted(mara, [OVER_200[0] | {"queue": run.queue.slug}], slug="same").pk, by=mara)

        assert [one.lighter for one in report.first[LIGHTER]] == [f"queue {run.queue.slug} → legal"]
        assert same.counts.changes == {}

    def test_leaves_questions_of_the_agent_as_they_are(self, mara):
        recorded(1, tool="ask_human")

        report = backtest.run(drafted(mara, [{"tool": "*", "ruling": "refuse"}]).pk, by=mara)

        assert dict(report.counts.after) == {"asked": 1}

    def test_looks_no_further_back_than_asked(self, mara):
        recorded(300)
        ToolCall.objects.update(created_at=timezone.now() - timedelta(days=8))

        made = drafted(mara, OVER_1000)
        assert backtest.run(made.pk, by=mara, days=7).counts.calls == 0
        assert backtest.run(made.pk, by=mara, days=9).counts.calls == 1

    def test_shows_each_person_only_calls_of_runs_they_may_see(self, mara, otto):
        factories.card("lawyer", queue="legal")
        recorded(300, run=factories.leased(factories.run(agent="lawyer")))
        recorded(300)
        made = drafted(mara, OVER_1000)

        assert backtest.run(made.pk, by=mara).counts.calls == 1
        assert backtest.run(made.pk, by=otto).counts.calls == 2

    @pytest.mark.parametrize("person", ["alice", "charlie"])
    def test_is_for_those_who_may_read_policies(self, request, mara, person):
        with pytest.raises(PermissionDenied):
            backtest.run(drafted(mara, OVER_200).pk, by=request.getfixturevalue(person))

    def test_of_an_unreadable_version_asks_about_everything(self, mara):
        recorded(1, ruling=Ruling.LET_THROUGH)
        made = drafted(mara, OVER_200)
        type(made).objects.update(rules=[{"tool": 5}])

        assert backtest.run(made.pk, by=mara).counts.asked_after == 1

    def test_says_so_where_it_stopped_before_the_end(self, mara, monkeypatch):
        recorded(1, 2, 3)
        monkeypatch.setattr(backtest, "MOST_CALLS", 2)

        report = backtest.run(drafted(mara, OVER_200).pk, by=mara)

        assert (report.is_whole, report.counts.calls) == (False, 2)


class TestTenThousandCalls:
    MOST = 10_000

    @pytest.fixture
    def draft(self, mara, run):
        now = timezone.now()
        calls = ToolCall.objects.bulk_create(
            ToolCall(
                run=run,
                call_id=f"bulk-{number}",
                agent="Clerk",
                tool=("pay", "refund", "note")[number % 3],
                proposed={"amount": number, "to": f"person-{number}@acme.com"},
                ruling=Ruling.ASKED if number % 3 == 0 else Ruling.LET_THROUGH,
                why="then",
                created_at=now,
            )
            for number in range(self.MOST)
        )
        checkpoint = factories.question().checkpoint
        Intervention.objects.bulk_create(
            Intervention(
                run=run,
                checkpoint=checkpoint,
                tool_call=call,
                kind="tool_approval",
                title="Pay",
                agent="Clerk",
                proposal={},
                policy=Judgement(Ruling.ASKED, "then", approvals=2).snapshot(),
                digest="",
                queue_id=run.queue_id,
                status=InterventionStatus.DECIDED,
                outcome=Outcome.REJECTED,
                decided_at=now,
                due_at=now,
                created_at=now,
            )
            for call in calls[:300:3]
        )
        rules = [
            *OVER_1000,
            {"tool": "refund", "when": ["amount > 9000", r"to matches ^person-\d+@acme\.com$"], "ruling": "refuse"},
        ]
        return drafted(mara, rules)

    def test_are_judged_in_less_than_five_seconds(self, draft, mara, django_assert_max_num_queries):
        backtest.run(draft.pk, by=mara, days=1)  # so that nothing is read for the first time
        with django_assert_max_num_queries(16):
            report = backtest.run(draft.pk, by=mara)

        assert report.counts.calls == self.MOST + 1
        assert report.counts.changes[RELEASED] == 100
        assert report.by_tool["refund"].changes[REFUSED] == 333
        assert len(report.released) == backtest.SIZE
        assert report.seconds < 5 or min(backtest.run(draft.pk, by=mara).seconds for _ in range(3)) < 5

    def test_are_listed_page_by_page_without_gap_or_repeat(self, draft, mara):
        report = backtest.run(draft.pk, by=mara)
        span = {"since": report.since, "until": report.until}

        listed, after = list(report.released), report.after(RELEASED)
        while after:
            page = backtest.page(draft.pk, RELEASED, by=mara, after=after, size=30, **span)
            listed, after = listed + page.rows, page.after

        calls = [one.call for one in listed]
        assert (len(calls), calls) == (100, sorted(set(calls), reverse=True))

    def test_end_with_the_last_page(self, draft, mara):
        report = backtest.run(draft.pk, by=mara)

        page = backtest.page(draft.pk, REFUSED, by=mara, since=report.since, until=report.until, size=500)

        assert (len(page.rows), page.after) == (333, 0)


class TestPage:
    def test_is_for_those_who_may_read_policies(self, mara, alice):
        made, now = drafted(mara, OVER_200), timezone.now()

        with pytest.raises(PermissionDenied):
            backtest.page(made.pk, ASKED, by=alice, since=now, until=now)

    def test_knows_the_changes_that_a_report_counts(self):
        assert set(backtest.CHANGES) == {RELEASED, LIGHTER, *Ruling.values}
