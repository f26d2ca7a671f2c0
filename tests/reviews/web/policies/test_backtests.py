"""The back-test through its pages: counts by tool, what rejected calls would pass, and page after page."""

import re

import pytest

from reviews.actions import backtest, interventions, review_policies
from reviews.states import Ruling
from tests import factories
from tests.reviews.actions.test_backtest import OVER_1000, recorded
from tests.reviews.desk_data import text_of
from tests.reviews.web.visits import page_of, post, statements

pytestmark = pytest.mark.django_db
ONE = ("payments", 1)


@pytest.fixture
def draft(mara):
    return review_policies.draft("payments", by=mara, body={"rules": OVER_1000})


def result(person, **query):
    return post(person, "reviews:back_test", *ONE, **({"days": "30"} | query))


class TestBackTest:
    def test_runs_only_when_it_is_asked_for(self, draft, mara):
        recorded(100)
        assert "report" not in page_of(mara, "reviews:back_test", *ONE).context

    def test_tells_before_and_after_by_tool(self, draft, mara):
        recorded(100, 300, 5000)
        recorded(1, tool="wire", ruling=Ruling.LET_THROUGH)
        page = text_of(result(mara))
        assert "4 calls" in page
        row = page[page.index('<td class="mono grow">pay</td>') :]
        row = " ".join(re.sub(r"<[^>]+>", " ", row[: row.index("</tr>")]).split())
        assert row == "pay 3 3 → before, after 1 0 → before, after 0 0 → before, after 2"

    def test_lists_what_a_person_had_rejected_with_a_way_to_it(self, draft, mara, alice):
        run = recorded(300, 500)
        rejected = run.interventions.get(proposal__amount=500)
        interventions.decide(rejected.pk, by=alice, verdict="reject", note="No.")
        page = text_of(result(mara))
        listed = page[page.index('id="released"') : page.index('id="lighter"')]
        assert f"/interventions/{rejected.pk}/" in listed and f"/runs/{run.pk}/" in listed
        assert "<b>rejected</b>" in listed and "300" not in listed

    def test_lists_what_is_newly_asked(self, draft, mara):
        recorded(5000, ruling=Ruling.LET_THROUGH)
        page = text_of(result(mara))
        listed = page[page.index('id="asked"') :]
        assert "amount is 5,000" in listed and "No call that a person had rejected would pass." in page

    @pytest.mark.parametrize("days", ["0", "91", "many", ""])
    def test_says_which_days_it_takes(self, draft, mara, days):
        assert result(mara, days=days).status_code == 422

    def test_is_one_at_a_time_for_each_person(self, draft, mara, otto, monkeypatch):
        recorded(100)
        meanwhile, judge = {}, backtest._run

        def slow(policy_id, by, days):
            if by == mara and not meanwhile:
                meanwhile.update({person: result(person) for person in (mara, otto)})
            return judge(policy_id, by, days)

        monkeypatch.setattr(backtest, "_run", slow)
        assert result(mara).status_code == 200
        assert [meanwhile[person].status_code for person in (mara, otto)] == [409, 200]
        assert "Another back-test of yours is under way" in text_of(meanwhile[mara])
        assert result(mara).status_code == 200

    def test_says_where_it_stopped_before_the_end(self, draft, mara, monkeypatch):
        recorded(100, 300)
        monkeypatch.setattr(backtest, "MOST_CALLS", 1)
        assert "It stopped before the oldest calls" in text_of(result(mara))

    def test_goes_on_with_the_calls_of_the_same_time(self, draft, mara):
        run = factories.leased()
        recorded(*range(1, 26), run=run)
        page = result(mara)
        report = page.context["report"]
        assert f"after={report.after('let_through')}" in text_of(page)
        span = {"since": report.since.isoformat(), "until": report.until.isoformat()}
        rest = page_of(mara, "reviews:back_test_list", *ONE, "let_through", **span, after=report.after("let_through"))
        assert [row.call.arguments["amount"] for row in rest.context["rows"]] == [5, 4, 3, 2, 1]
        assert "Older" not in text_of(rest) and "Newest" in text_of(rest)

    @pytest.mark.parametrize("query", [{}, {"since": "x", "until": "y"}, {"since": "2026-13-01T00:00", "until": "1"}])
    def test_has_no_list_without_a_time(self, draft, mara, query):
        assert page_of(mara, "reviews:back_test_list", *ONE, "released", **query).status_code == 404

    def test_judges_only_calls_that_the_reader_may_see(self, draft, nina, mara):
        recorded(100)
        assert "No calls in these days" in text_of(result(nina)) and "1 call " in text_of(result(mara))

    def test_costs_the_same_for_more_calls(self, draft, mara):
        recorded(1, 5000)
        few = statements(lambda: result(mara))
        recorded(*range(1, 30))
        assert statements(lambda: result(mara)) == few
