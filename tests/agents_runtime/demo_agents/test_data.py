"""The demo worlds: they hold together, and every well-formed number leads somewhere."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents_runtime.agents.data import deals, shop, ward
from agents_runtime.agents.data.records import as_json, number

numbers = st.integers(0, 10**9)


class TestShop:
    @pytest.mark.parametrize("order", shop.ORDERS.values(), ids=lambda order: order.id)
    def test_every_order_belongs_to_a_customer_who_knows_of_it(self, order):
        assert order.id in shop.CUSTOMERS[order.customer_id].orders

    @pytest.mark.parametrize("customer", shop.CUSTOMERS.values(), ids=lambda customer: customer.id)
    def test_every_customers_orders_exist(self, customer):
        assert all(order in shop.ORDERS for order in customer.orders)

    @pytest.mark.parametrize(("low", "high"), [(0, 200), (200, 1000), (1000, 10_000)])
    def test_has_a_duplicate_charge_for_each_kind_of_review(self, low, high):
        assert any(low < sum(order.charges) - order.price <= high for order in shop.ORDERS.values())

    @given(numbers)
    def test_makes_up_the_same_order_and_customer_every_time(self, n):
        order = shop.find_order(f"O-{n}")

        assert order == shop.find_order(f"O-{n}")
        assert shop.find_customer(order.customer_id) is not None

    @pytest.mark.parametrize("wrong", ["", "30912", "O-", "C-1 or 2", "order O-1"])
    def test_knows_nothing_of_malformed_numbers(self, wrong):
        assert shop.find_order(wrong) is None
        assert shop.find_customer(wrong) is None


class TestWard:
    @pytest.mark.parametrize("patient_id", ward.PATIENTS)
    def test_every_patient_has_vital_signs(self, patient_id):
        assert ward.measure(patient_id).patient_id == patient_id

    @pytest.mark.parametrize(("patient_id", "test"), ward.FINDINGS)
    def test_every_finding_is_abnormal(self, patient_id, test):
        assert "above the limit" in ward.analyse(patient_id, test)

    @given(numbers, st.sampled_from(sorted(ward.ASSAYS)))
    def test_finds_nothing_wrong_with_made_up_patients(self, n, test):
        assert f"P-{n}" in ward.FINDINGS or "within the limit" in ward.analyse(f"P-{n}", test)

    @given(numbers)
    def test_makes_up_the_same_patient_every_time(self, n):
        assert ward.find_patient(f"P-{n}") == ward.find_patient(f"P-{n}")
        assert ward.measure(f"P-{n}") == ward.measure(f"P-{n}")

    @pytest.mark.parametrize("wrong", ["", "1042", "P-", "P-10-42"])
    def test_knows_nothing_of_malformed_numbers(self, wrong):
        assert ward.find_patient(wrong) is None
        assert ward.measure(wrong) is None


class TestDeals:
    @pytest.mark.parametrize("contract", deals.CONTRACTS.values(), ids=lambda contract: contract.id)
    def test_every_clause_is_about_something_the_playbook_covers(self, contract):
        assert all(clause.topic in deals.PLAYBOOK for clause in contract.clauses)

    @pytest.mark.parametrize("contract", deals.CONTRACTS.values(), ids=lambda contract: contract.id)
    def test_every_draft_departs_from_the_playbook_somewhere(self, contract):
        assert any(clause.text != deals.PLAYBOOK[clause.topic].wording for clause in contract.clauses)

    def test_finds_clauses_by_number(self):
        contract = deals.find_contract("K-2207")

        assert contract.clause(9).topic == "liability"
        assert contract.clause(1) is None

    @given(numbers)
    def test_makes_up_the_same_draft_every_time(self, n):
        assert deals.find_contract(f"K-{n}") == deals.find_contract(f"K-{n}")

    def test_knows_nothing_of_malformed_numbers(self):
        assert deals.find_contract("2207") is None


class TestRecords:
    def test_are_json_a_person_can_read(self):
        assert as_json(shop.CUSTOMERS["C-88213"]).startswith('{\n  "id": "C-88213",\n  "name": "Maren Holt"')

    @given(st.lists(st.text()))
    def test_receipts_have_five_digits_and_are_the_same_for_the_same_parts(self, parts):
        assert re.fullmatch(r"RF-\d{5}", number("RF", *parts))
        assert number("RF", *parts) == number("RF", *parts)

    def test_receipts_differ_with_their_parts(self):
        assert number("RF", "C-1", 10) != number("RF", "C-1", 11)
