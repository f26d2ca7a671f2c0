"""Each check finds what it is there to find."""

from copy import deepcopy

import pytest

from tests.chaos import checks, plans
from tests.chaos.facts import Facts
from tests.chaos.people import Said

TASK = plans.task(1, 7)
KEY = "r1:c1"


@pytest.fixture
def good() -> Facts:
    """A run whose one call was edited and happened."""
    count = plans.count(plans.plan(TASK))
    run = {"agent": "chaos-desk", "input": TASK, "status": "completed", "error_code": "", "error": ""}
    call = {"id": 1, "run_id": "r1", "tool": "charge", "status": "done", "error": "", "is_agent": False}
    call |= {"proposed": {"account": "A-1-0-0", "amount": 5}, "output": "charged", "idempotent": False}
    kept = {"verdict": "edit", "replacement": {"account": "A-1-0-0", "amount": 6}}
    return Facts(
        runs={"r1": run | {"result": f"{TASK} done after {count} calls"}},
        calls={KEY: call},
        decisions={"i1": kept | {"decided_by__username": "alice", "intervention__tool_call_id": 1}},
        effects=[{"key": KEY, "tool": "charge", "arguments": {"account": "A-1-0-0", "amount": 6}}],
        said=[Said("i1", "alice", "tool_approval", "edit", {"account": "A-1-0-0", "amount": 6}, heard=True)],
        submitted=["r1"],
        book_seqs=[1, 2, 3],
        history=[(1, "r1", "run.submitted"), (2, "r1", "intervention.edit"), (3, "r1", "run.completed")],
    )


def test_nothing_is_wrong_where_all_is_well(good):
    assert checks.violations(good) == []


def twice(facts):
    facts.effects *= 2


def never(facts):
    facts.effects.clear()


def unedited(facts):
    facts.effects[0]["arguments"]["amount"] = 5


def unheard_of(facts):
    facts.effects.append({"key": "r1:c2", "tool": "charge", "arguments": {}})


def rejected(facts):
    facts.calls[KEY]["status"] = "refused"


def asleep(facts):
    facts.runs["r1"]["status"] = "queued"


def failed(facts):
    facts.runs["r1"] |= {"status": "failed", "error_code": "internal_error"}


def torn(facts):
    facts.runs["r1"]["result"] = f"{TASK} done after 1 calls"


def begun(facts):
    facts.calls[KEY]["status"] = "started"


def lost(facts):
    facts.decisions.clear()


def forged(facts):
    facts.said.clear()


def ignored(facts):
    facts.decisions["i1"] |= {"verdict": "override", "replacement": "by hand"}


def gone(facts):
    facts.submitted.append("r2")


def revived(facts):
    facts.stopped.append("r1")


def altered(facts):
    facts.book = "the text of entry 2 was altered"


def gap(facts):
    facts.history.pop(1)


def endless(facts):
    facts.history.pop()


def confused(facts):
    facts.calls[KEY]["proposed"]["account"] = "A-2-0-0"


def unexpected(facts):
    facts.faults.append("alice: KeyError")


@pytest.mark.parametrize(
    "spoil, check",
    [
        (twice, "happened 2 times"),
        (never, "happened 0 times"),
        (unedited, "approved was"),
        (unheard_of, "knows no such call"),
        (rejected, "is refused and happened 1 times"),
        (asleep, "is asleep: queued"),
        (failed, "failed by internal_error"),
        (torn, "came to"),
        (begun, "nobody works on it"),
        (lost, "was told that edit"),
        (forged, "never said edit"),
        (ignored, "is done after override"),
        (gone, "was taken and is gone"),
        (revived, "was stopped and is completed"),
        (altered, "the_book_is_whole"),
        (gap, "differ in [2]"),
        (endless, "its history says []"),
        (confused, "belongs to another job"),
        (unexpected, "nobody expected: alice"),
    ],
)
def test_what_is_wrong_is_found(good, spoil, check):
    facts = deepcopy(good)
    spoil(facts)
    assert any(check in text for text in checks.violations(facts)), checks.violations(facts)
