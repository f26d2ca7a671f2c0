"""Contracts: reviews a draft with the help of a second agent; a lawyer releases the memo before anybody reads it."""

from agents import Agent, Tool, function_tool

from agents_runtime import llm, register
from agents_runtime.agents.data import deals
from agents_runtime.agents.data.records import as_json, number
from agents_runtime.agents.scripts import clause_checker, contracts

INSTRUCTIONS = """\
You review draft contracts for the legal department. Read the draft, have the clause that worries you most checked, and
look for precedents. Where a clause departs from the playbook, request a change from the counterparty. Close with a memo
for the business: what the draft says, what you asked for, what you recommend. If the memo is sent back, revise it and
say what you changed."""

CHECKER_INSTRUCTIONS = """\
You compare one clause of a draft with the house's playbook. Read both, then say in two or three sentences whether the
clause departs from the playbook and which wording should replace it."""


@function_tool
def read_contract(contract_id: str) -> str:
    """Read a draft: parties, value, term and clauses.

    Args:
        contract_id: Number of the draft, for example K-2207.
    """
    contract = deals.find_contract(contract_id)
    return as_json(contract) if contract else f"There is no contract {contract_id}."


@function_tool
def get_clause(contract_id: str, clause: int) -> str:
    """Read one clause of a draft word by word.

    Args:
        contract_id: Number of the draft.
        clause: Number of the clause.
    """
    contract = deals.find_contract(contract_id)
    found = contract.clause(clause) if contract else None
    return as_json(found) if found else f"Contract {contract_id} has no clause {clause}."


@function_tool
def playbook_position(topic: str) -> str:
    """Look up what the house wants to read in clauses of a topic.

    Args:
        topic: For example liability, termination or renewal.
    """
    position = deals.PLAYBOOK.get(topic)
    return as_json(position) if position else f"The playbook says nothing about {topic}."


@function_tool
def lookup_precedent(topic: str) -> str:
    """Look up what earlier negotiations about a topic ended in.

    Args:
        topic: For example liability, termination or renewal.
    """
    return deals.PRECEDENTS.get(topic, f"There is no precedent for {topic}.")


@function_tool
def request_counterparty_change(contract_id: str, clause: int, wording: str, rationale: str) -> str:
    """Send a change request to the counterparty's lawyers. They treat it as our position.

    Args:
        contract_id: Number of the draft.
        clause: Number of the clause to be changed.
        wording: Text to stand in its place.
        rationale: One sentence that explains the request.
    """
    return f"Change request {number('CR', contract_id, clause, wording)} for clause {clause} of {contract_id} sent."


@register(
    "contracts",
    queue="legal",
    version="1",
    title="Contracts",
    description="Reviews draft contracts, negotiates one clause, writes a memo that a lawyer releases.",
    review_output=True,
    idempotent=("read_contract", "get_clause", "playbook_position", "lookup_precedent"),
    review=[
        {
            "tool": "request_counterparty_change",
            "risk": "high",
            "name": "Change request to the counterparty",
            "title": "Ask for a new clause {clause} in {contract_id}",
            "due_in": 14400,
        },
    ],
    sample_input="Review contract K-2207 with Northwind Hosting before Friday's signing.",
)
def build() -> Agent:
    """The agent and its helper, fresh for each run."""
    checker = Agent(
        name="Clause checker",
        instructions=CHECKER_INSTRUCTIONS,
        tools=[get_clause, playbook_position],
        model=llm.model(clause_checker.script),
    )
    check_clause = checker.as_tool("check_clause", "Have one clause of a draft compared with the playbook.")
    tools: list[Tool] = [read_contract, check_clause, lookup_precedent, request_counterparty_change]
    return Agent(name="Contracts", instructions=INSTRUCTIONS, tools=tools, model=llm.model(contracts.script))
