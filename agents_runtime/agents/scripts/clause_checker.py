"""The clause checker's script: read the clause and the playbook, then compare."""

import re

from agents_runtime.agents.scripts.reading import record
from agents_runtime.scripted import Call, Conversation, Turn

QUESTION = re.compile(r"(K-\d+), clause (\d+) \(([^)]+)\)")


def script(talk: Conversation) -> Turn:
    """Two look-ups at once, then the finding."""
    question = QUESTION.search(talk.task)
    if question is None:
        return "I need the contract's number, the clause and its topic, like: K-2207, clause 9 (liability)."
    contract_id, clause, topic = question.groups()
    if not talk.exchanges:
        return [
            Call("get_clause", {"contract_id": contract_id, "clause": int(clause)}),
            Call("playbook_position", {"topic": topic}),
        ]
    text = record(talk.last("get_clause")).get("text")
    position = record(talk.last("playbook_position"))
    if not text or not position:
        return f"Clause {clause} of {contract_id} could not be compared: the clause or the position is missing."
    if text == position["wording"]:
        return f"Clause {clause} ({topic}) follows the playbook."
    return (
        f'Clause {clause} ({topic}) departs from the playbook. It reads: "{text}" '
        f"The playbook wants: {position['rule']}\n"
        f"Proposed wording: {position['wording']}"
    )
