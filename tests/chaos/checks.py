"""What must be true after a campaign; each violation is a sentence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from tests.chaos import plans
from tests.chaos.facts import Facts, Row

ENDED = {"completed", "failed", "cancelled"}
REASONS = {"unknown_outcome", "workers_lost"}
"""Why a run of the campaign may fail: a person ended it, or five workers in a row were killed on it."""
HOW_OFTEN = {"done": (1, 1), "failed": (1, 1), "unknown": (0, 1)}
"""How often a call's effect may have happened, by what the ledger says; never, where it is not named."""
SETTLED = {"done", "failed", "refused", "supplied"}
ENDING = {"completed": ("run.completed",), "failed": ("run.failed",), "cancelled": ("run.stopped",)}
FOLLOWS = {
    "approve": {"done", "failed", "unknown", "approved", "cancelled"},
    "edit": {"done", "failed", "unknown", "approved", "cancelled"},
    "reject": {"refused"},
    "override": {"supplied"},
    "answer": {"supplied"},
}
"""What a call may have come to, by the verdict that was given on it."""


def violations(facts: Facts) -> list[str]:
    """All that is wrong; empty is what everybody wants."""
    checks: list[Callable[[Facts], Iterator[str]]] = [
        runs_end_or_wait, effects_happened_as_often_as_approved, effects_are_what_was_approved, verdicts_are_kept,
        verdicts_are_obeyed, nothing_acknowledged_is_lost, the_book_is_whole, histories_have_no_gaps,
    ]  # fmt: skip
    found = [f"{check.__name__}: {text}" for check in checks for text in check(facts)]
    return found + [f"nobody expected: {fault}" for fault in facts.faults]


def runs_end_or_wait(facts: Facts) -> Iterator[str]:
    """Every run ended as it should, or waits on a person who can decide."""
    asked = {str(question["run_id"]) for question in facts.open_questions}
    for pk, run in facts.runs.items():
        if run["status"] not in ENDED and not (run["status"] == "awaiting_review" and pk in asked):
            yield f"run {pk} is asleep: {run['status']}"
        if run["status"] == "failed" and run["error_code"] not in REASONS:
            yield f"run {pk} failed by {run['error_code']}: {run['error'][:300]}"
        if run["status"] in ENDED and pk in asked:
            yield f"run {pk} is {run['status']} and still asks"
        if run["status"] == "completed":
            yield from _completed(facts, pk, run)


def _completed(facts: Facts, pk: str, run: Row) -> Iterator[str]:
    words = f"{run['input']} done after {plans.count(plans.of_agent(run['agent'], run['input']))} calls"
    if not str(run["result"]).startswith(words):
        yield f"run {pk} came to {run['result']!r} instead of {words!r}"
    for key, call in facts.calls.items():
        if str(call["run_id"]) == pk and call["status"] not in SETTLED:
            yield f"run {pk} is completed, but its call {key} of {call['tool']} is {call['status']}"


def effects_happened_as_often_as_approved(facts: Facts) -> Iterator[str]:
    """Exactly once where a call came back, at most once where nobody knows, never else."""
    times: dict[str, int] = defaultdict(int)
    for effect in facts.effects:
        times[effect["key"]] += 1
    for key in times.keys() - facts.calls.keys():
        yield f"{key} happened, and the ledger knows no such call"
    for key, call in facts.calls.items():
        if call["is_agent"]:
            continue
        least, most = HOW_OFTEN.get(call["status"], (0, 0))
        if call["status"] == "started":
            if facts.runs[str(call["run_id"])]["status"] != "awaiting_review" or not call["idempotent"]:
                yield f"{key} of {call['tool']} has begun, and nobody works on it"
            most = 1
        if not least <= times[key] <= most:
            yield f"{call['tool']} {key} is {call['status']} and happened {times[key]} times: {call['error']!r}"


def effects_are_what_was_approved(facts: Facts) -> Iterator[str]:
    """The proposed arguments, or those a reviewer put in their place, and only of the plan."""
    edits = [row for row in facts.decisions.values() if row["verdict"] == "edit"]
    edited = {row["intervention__tool_call_id"]: row["replacement"] for row in edits}
    for effect in facts.effects:
        call = facts.calls.get(effect["key"])
        if call is None:
            continue
        approved = edited.get(call["id"], call["proposed"])
        if (effect["tool"], effect["arguments"]) != (call["tool"], approved):
            yield f"{effect['key']} happened as {effect['tool']} {effect['arguments']}, approved was {approved}"
    for key, call in facts.calls.items():
        job = str(call["proposed"].get("account", "")).removeprefix("A-").split("-")[0].split(".")[0]
        if job and not facts.runs[str(call["run_id"])]["input"].startswith(f"Job {job},"):
            yield f"{key} proposes what belongs to another job: {call['proposed']}"


def verdicts_are_kept(facts: Facts) -> Iterator[str]:
    """What a person was told is decided stands as they said it; nobody's hand was forged."""
    for said in facts.said:
        kept = facts.decisions.get(said.intervention)
        if said.heard and (kept is None or _words(kept) != (said.by, said.verdict, said.replacement)):
            yield f"{said.by} was told that {said.verdict} on {said.intervention} is decided; kept is {kept}"
    spoken = {(said.intervention, said.by, said.verdict, repr(said.replacement)) for said in facts.said}
    for pk, kept in facts.decisions.items():
        by, verdict, replacement = _words(kept)
        if (pk, by, verdict, repr(replacement)) not in spoken:
            yield f"{by} never said {verdict} {replacement!r} on {pk}"


def verdicts_are_obeyed(facts: Facts) -> Iterator[str]:
    """A call came to what its verdict says."""
    by_id = {call["id"]: (key, call) for key, call in facts.calls.items()}
    kinds = {said.intervention: said.kind for said in facts.said}
    for pk, kept in facts.decisions.items():
        if kept["intervention__tool_call_id"] is None or kinds.get(pk) == "unknown_outcome":
            continue
        key, call = by_id[kept["intervention__tool_call_id"]]
        if call["status"] not in FOLLOWS[kept["verdict"]]:
            yield f"{key} of {call['tool']} is {call['status']} after {kept['verdict']}"
        if call["status"] == "supplied" and call["output"] != kept["replacement"]:
            yield f"{key} came to {call['output']!r}, supplied was {kept['replacement']!r}"


def nothing_acknowledged_is_lost(facts: Facts) -> Iterator[str]:
    """Every run that was taken is there, every one that was stopped is stopped."""
    for pk in facts.submitted:
        if pk not in facts.runs:
            yield f"run {pk} was taken and is gone"
    for pk in facts.stopped:
        if facts.runs[pk]["status"] != "cancelled":
            yield f"run {pk} was stopped and is {facts.runs[pk]['status']}"


def the_book_is_whole(facts: Facts) -> Iterator[str]:
    """The chain holds from its first entry to its last."""
    if facts.book:
        yield facts.book


def histories_have_no_gaps(facts: Facts) -> Iterator[str]:
    """A run's history is what the book says of it, from its start to its end."""
    if (seqs := [seq for seq, _, _ in facts.history]) != facts.book_seqs:
        yield f"the book and the histories differ in {sorted(set(seqs) ^ set(facts.book_seqs))[:10]}"
    told: dict[str, list[str]] = defaultdict(list)
    for _, run, kind in facts.history:
        told[run].append(kind)
    for pk, run in facts.runs.items():
        if told[pk][:1] != ["run.submitted"]:
            yield f"the history of run {pk} begins with {told[pk][:1]}"
        ends = [kind for kind in told[pk] if kind in ("run.completed", "run.failed", "run.stopped")]
        if ends != list(ENDING.get(run["status"], ())):
            yield f"run {pk} is {run['status']}, its history says {ends}"
    heard = sum(kind.removeprefix("intervention.") in FOLLOWS for _, _, kind in facts.history)
    if heard != len(facts.decisions):
        yield f"{len(facts.decisions)} decisions were made, the histories tell of {heard}"


def _words(kept: Row) -> tuple[str, str, object]:
    return kept["decided_by__username"], kept["verdict"], kept["replacement"]
