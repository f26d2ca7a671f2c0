"""The contracts script: read, have a clause checked, negotiate it, write the memo, revise it when it comes back."""

import re
from typing import Any

from agents_runtime.agents.scripts.reading import objection, quoted, record, stopped, turned_down, unrecorded
from agents_runtime.scripted import Call, Conversation, Turn

CONTRACT = re.compile(r"\bK-\d+\b")
CLAUSE = re.compile(r"\bclause (\d+)", re.IGNORECASE)
WORDING = re.compile(r"Proposed wording: (.+)")
SENT = r"sent|asked|agreed|accepted|signed|done"
CONCERNS = ("liability", "data protection", "termination", "renewal", "payment")


def script(talk: Conversation) -> Turn:
    """The first step that still has something to do."""
    return _read(talk) or _check(talk) or _negotiate(talk) or _memo(talk)


def _read(talk: Conversation) -> Turn | None:
    contract_id = CONTRACT.search(talk.task)
    if contract_id is None:
        return "Which contract is this about? Please send its number; it looks like K-2207."
    if not talk.last("read_contract"):
        return Call("read_contract", {"contract_id": contract_id[0]})
    if not _clauses(talk):
        return f"I could not read contract {contract_id[0]}, so there is nothing to review."
    return None


def _contract(talk: Conversation) -> dict[str, Any]:
    return record(talk.last("read_contract"))


def _clauses(talk: Conversation) -> list[dict[str, Any]]:
    return list(_contract(talk).get("clauses", []))


def _worst(talk: Conversation) -> dict[str, Any]:
    """The clause the task names, else the one whose topic worries us most."""
    named = _named(talk, talk.task)
    return named[0] if named else min(_clauses(talk), key=lambda clause: CONCERNS.index(clause["topic"]))


def _named(talk: Conversation, text: str) -> list[dict[str, Any]]:
    """The clauses a text speaks of, by number or by topic."""
    numbers = {int(number) for number in CLAUSE.findall(text)}
    return [clause for clause in _clauses(talk) if clause["number"] in numbers or clause["topic"] in text.lower()]


def _check(talk: Conversation) -> Turn | None:
    if talk.last("check_clause"):
        return None
    clause = _worst(talk)
    question = f"Check {_contract(talk)['id']}, clause {clause['number']} ({clause['topic']}) against the playbook."
    return Call("check_clause", {"input": question})


def _negotiate(talk: Conversation) -> Turn | None:
    """Two calls at once: the precedent is only looked up, the change request leaves the house."""
    wording = WORDING.search(_finding(talk))
    if wording is None or talk.last("request_counterparty_change"):
        return None
    contract, clause = _contract(talk), _worst(talk)
    change = {
        "contract_id": contract["id"],
        "clause": clause["number"],
        "wording": wording[1],
        "rationale": f"Our policy on {clause['topic']} allows no other wording for contracts of this value.",
    }
    return [Call("lookup_precedent", {"topic": clause["topic"]}), Call("request_counterparty_change", change)]


def _finding(talk: Conversation) -> str:
    check = talk.last("check_clause")
    return check.output if check else ""


def _memo(talk: Conversation) -> str:
    contract, brief = _contract(talk), "short" in quoted(talk.notes).lower()
    revision = f" (revision {len(talk.replies)})" if talk.replies else ""
    sections = [
        f"# Memo: {contract['title']} with {contract['counterparty']}{revision}",
        "" if brief else f"{contract['id']}, {contract['annual_value']} a year, {contract['term']}.",
        _changes(talk),
        f"## Finding\n{_finding(talk)}",
        "" if brief else _precedent(talk),
        f"## Change request\n{_request(talk)}",
        *(f"## Clause {clause['number']}: {clause['topic']}\n{clause['text']}" for clause in _asked_for(talk)),
        f"## Recommendation\n{_recommendation(talk)}",
    ]
    return "\n\n".join(section for section in sections if section)


def _changes(talk: Conversation) -> str:
    """What people asked for since the task was given, and that it was done."""
    if not talk.notes:
        return ""
    points = [f'- "{quoted([note])}"' for note in talk.notes]
    added = [f"clause {clause['number']} ({clause['topic']})" for clause in _asked_for(talk)]
    if added:
        points.append(f"- Added below: {', '.join(added)}.")
    return "\n".join(["## Taken up from the review", *points])


def _asked_for(talk: Conversation) -> list[dict[str, Any]]:
    """Clauses the reviewers mentioned that the memo does not cover anyway."""
    return [clause for clause in _named(talk, quoted(talk.notes)) if clause != _worst(talk)]


def _precedent(talk: Conversation) -> str:
    precedent = talk.last("lookup_precedent")
    return f"## Precedent\n{precedent.output}" if precedent else ""


def _request(talk: Conversation) -> str:
    request = talk.last("request_counterparty_change")
    if request is None:
        return "None was needed."
    if unrecorded(request):
        return "Not sent: this is a dry run, and no such request was recorded."
    if turned_down(request, SENT):
        said = f" They said: {stopped(objection(request))}" if objection(request) else ""
        return f"Not sent: a reviewer rejected it.{said}"
    by = "a reviewer's words" if "wording" in request.edited else "the playbook's words"
    return f'Sent in {by}: "{request.executed["wording"]}"'


def _recommendation(talk: Conversation) -> str:
    request = talk.last("request_counterparty_change")
    if request is None:
        return "Sign as drafted."
    if turned_down(request, SENT) or unrecorded(request):
        return f"Do not sign before clause {request.arguments['clause']} is settled in another way."
    return f"Sign once the counterparty accepts the new clause {request.executed['clause']}."
