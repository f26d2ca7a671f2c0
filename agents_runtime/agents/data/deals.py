"""A legal department's shelf: contracts on the table, the house's positions, and what was agreed before."""

import re
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Clause:
    """One clause of a draft as the counterparty wrote it."""

    number: int
    topic: str
    text: str


@dataclass(frozen=True)
class Contract:
    """A draft under negotiation."""

    id: str
    title: str
    counterparty: str
    annual_value: str
    term: str
    clauses: tuple[Clause, ...]

    def clause(self, number: int) -> Clause | None:
        """The clause of that number, or None if the draft has none."""
        return next((clause for clause in self.clauses if clause.number == number), None)


@dataclass(frozen=True)
class Position:
    """What the house wants to read in clauses of a topic, and the wording it proposes."""

    topic: str
    rule: str
    wording: str


HARSH = (
    Clause(4, "payment", "Invoices fall due within 30 days of receipt."),
    Clause(
        9,
        "liability",
        "The Customer's liability is unlimited. The Supplier is liable up to one month's fees.",
    ),
    Clause(12, "termination", "The Supplier may end this agreement at any time with 14 days' notice."),
    Clause(15, "data protection", "The Supplier may use Customer data to improve its services."),
    Clause(18, "renewal", "The term renews for 24 months unless cancelled 180 days before its end."),
)
MILD = (
    Clause(3, "payment", "Invoices fall due within 10 days of receipt."),
    Clause(6, "termination", "Either party may end this agreement with 90 days' notice."),
    Clause(8, "renewal", "The term renews for 12 months unless cancelled 120 days before its end."),
)

CONTRACTS = {
    contract.id: contract
    for contract in (
        Contract("K-2207", "Master services agreement", "Northwind Hosting", "EUR 640,000", "36 months", HARSH),
        Contract("K-2219", "Maintenance agreement", "Brandt Elevators", "EUR 48,000", "12 months", MILD),
        Contract("K-2231", "Data processing agreement", "Lumen Analytics", "USD 210,000", "24 months", HARSH[1:4]),
    )
}

PLAYBOOK = {
    position.topic: position
    for position in (
        Position(
            "liability",
            "Both sides are liable alike, up to the fees of twelve months; intent and personal injury stay unlimited.",
            "Each party is liable up to the fees of the preceding twelve months, except for intent and injury.",
        ),
        Position(
            "data protection",
            "Customer data is used to provide the service and for nothing else.",
            "The Supplier processes Customer data solely to provide the services.",
        ),
        Position(
            "termination",
            "Notice is the same for both sides and no shorter than 90 days.",
            "Either party may end this agreement with 90 days' notice.",
        ),
        Position(
            "renewal",
            "Renewal for at most twelve months, cancellable until 60 days before the end.",
            "The term renews for 12 months unless cancelled 60 days before its end.",
        ),
        Position("payment", "Thirty days or more.", "Invoices fall due within 30 days of receipt."),
    )
}

PRECEDENTS = {
    "liability": "2024, Halden Cloud: mutual cap at twelve months' fees. 2023, Ostra Telecom: cap at 24 months.",
    "data protection": "2025, Vireo Metrics: use for improvement struck out without discussion.",
    "termination": "2024, Brandt Elevators: 90 days on both sides.",
    "renewal": "2022, Ostra Telecom: twelve months, 90 days' notice.",
}

PARTIES = ("Alder Logistics", "Fenwick Robotics", "Sable Energy", "Tern Insurance")


def find_contract(contract_id: str) -> Contract | None:
    """The draft of that number; well-formed numbers beyond the shelf get a made-up but constant one."""
    if contract_id in CONTRACTS or not re.fullmatch(r"K-\d+", contract_id):
        return CONTRACTS.get(contract_id)
    chance = Random(contract_id)
    value = f"EUR {chance.randint(20, 900)},000"
    return Contract(contract_id, "Supply agreement", chance.choice(PARTIES), value, "24 months", HARSH)
