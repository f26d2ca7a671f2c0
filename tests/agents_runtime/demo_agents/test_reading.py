"""The readers the scripts share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents_runtime.agents.scripts.reading import (
    amount,
    money,
    objection,
    quoted,
    receipt,
    record,
    says,
    turned_down,
    unrecorded,
)
from agents_runtime.scripted import Exchange
from reviews.actions import trials


def came_back(output):
    return Exchange("a", "tool", {}, output)


class TestRecord:
    @pytest.mark.parametrize(
        ("output", "found"),
        [
            ('{"id": 1}', {"id": 1}),
            ('[A note in front]\n{"id": 1}', {"id": 1}),
            ("There is no order O-1.", {}),
            ("{broken", {}),
            ("", {}),
        ],
    )
    def test_reads_the_object_in_an_output(self, output, found):
        assert record(came_back(output)) == found

    def test_is_empty_for_a_call_that_was_never_made(self):
        assert record(None) == {}

    @given(st.text())
    def test_survives_any_output(self, output):
        assert isinstance(record(came_back(output)), dict)


class TestAmount:
    @pytest.mark.parametrize(
        ("text", "sum_"),
        [
            ("refund USD 1,200.50 please", 1200.5),
            ("80 euros will do", 80),
            ("$15.50", 15.5),
            ("12 € per order", 12),
            ("100 is enough.", 100),
            ("keep it under 99.90", 99.9),
            ("order 4 of them for £20", 20),
        ],
    )
    def test_finds_sums_and_plain_numbers(self, text, sum_):
        assert amount(text) == sum_

    @pytest.mark.parametrize(
        "text",
        ["within 30 days", "10 % at most", "see O-30912", "RF-66348", "at 9:30", "24 hours", "no number", "3-4", ""],
    )
    def test_ignores_periods_percentages_clocks_and_ids(self, text):
        assert amount(text) is None

    @given(st.integers(0, 10**6), st.sampled_from(["USD", "EUR", "GBP"]))
    def test_reads_back_any_formatted_sum(self, cents, currency):
        assert money(f"pay {currency} {cents / 100:,.2f} now") == cents / 100


class TestSays:
    @pytest.mark.parametrize("text", ["page them", "Please page them now", "No delay. Page them.", "unsure; page"])
    def test_hears_a_yes(self, text):
        assert says(text, "page")

    @pytest.mark.parametrize("text", ["do not page them", "no need to page", "Never page!", "wait", "a rampage", ""])
    def test_hears_a_no(self, text):
        assert not says(text, "page")


class TestTurnedDown:
    @pytest.mark.parametrize("output", ["Receipt RF-10000: USD 5", "Paid by cheque", "[…changed…]\nReceipt RF-1"])
    def test_is_not_what_was_done(self, output):
        assert not turned_down(came_back(output), "paid")

    @pytest.mark.parametrize(
        ("output", "why"),
        [
            ("Too much.", "Too much."),
            ("Not paid by us.", "Not paid by us."),
            ("A human reviewer rejected this call.", ""),
            ("A human reviewer rejected this call. Feedback: Not paid, RF-1 is wrong.", "Not paid, RF-1 is wrong."),
        ],
    )
    def test_is_what_somebody_objected_to(self, output, why):
        assert turned_down(came_back(output), "paid")
        assert objection(came_back(output)) == why

    def test_is_nobodys_no_where_a_dry_run_knows_of_no_such_call(self):
        assert unrecorded(came_back(trials.refusal("pay")))
        assert not turned_down(came_back(trials.refusal("pay")), "paid")
        assert not unrecorded(came_back("The dry run: fine."))


class TestReceipt:
    def test_is_found_in_a_tools_output(self):
        assert receipt(came_back("Receipt RF-66348: done")) == "RF-66348"

    @pytest.mark.parametrize("output", ["see O-30912", "CO-12", "", "RF-"])
    def test_is_empty_when_there_is_none(self, output):
        assert receipt(came_back(output)) == ""


class TestQuoted:
    def test_puts_notes_on_one_line(self):
        assert quoted(["be\n  brief", "and kind"]) == "be brief and kind"
