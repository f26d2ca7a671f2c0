"""What a version of a policy would have said about the calls that were recorded, beside what was said."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from reviews import access
from reviews.actions import rulebook, tested
from reviews.actions.errors import Conflict
from reviews.models import BackTest, Intervention, ReviewPolicy, ToolCall
from reviews.policies import ASK_HUMAN, MARKED, Case, Policy, judge_by, lighter, mentions, with_trial
from reviews.states import Kind, Outcome, Ruling

MOST_DAYS = 90
MOST_CALLS = 200_000
SECONDS = 30.0
"""After so long, or so many calls, a back-test stops and says so."""
SIZE, CHUNK = 20, 2000
RELEASED, LIGHTER, REFUSED, ASKED, LET_THROUGH = "released", "lighter", "refused", "asked", "let_through"
CHANGES = (RELEASED, LIGHTER, REFUSED, ASKED, LET_THROUGH)
"""What may change: let through though a person had rejected it, asked as before but more lightly or in another queue,
newly refused, newly asked, newly let through."""
ABOUT_RUN = {"agent": "run__agent", "version": "run__agent_version", "queue": "run__queue__slug", "input": "run__input"}
COLUMNS = ("pk", "tool", "agent", "proposed", "ruling", "why", "author_asks", "created_at")
COLUMNS_OF_RUN = ("run_id", "run__agent", "run__queue__slug")
PUT = (
    Intervention.objects.filter(tool_call=OuterRef("pk"), kind=Kind.TOOL_APPROVAL)
    .order_by("created_at", "pk")
    .values("policy")[:1]
)
"""How a call was put to people: the frozen copy of what asked first."""


@dataclass(frozen=True)
class Changed:
    """One recorded call about which the version would have said something else."""

    call: int
    run: Any
    tool: str
    agent: str
    arguments: Any
    at: datetime
    was: str
    now: str
    rule: str
    why: str
    rejected: bool
    lighter: str = ""

    @property
    def change(self) -> str:
        """Which of CHANGES it is."""
        if self.lighter:
            return LIGHTER
        return RELEASED if self.rejected and self.now == Ruling.LET_THROUGH else str(self.now)


@dataclass
class Counts:
    """How often the gate asked, refused and let through: as recorded, and by the version."""

    calls: int = 0
    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)

    @property
    def asked_before(self) -> int:
        """Calls about which a person was asked."""
        return self.before[Ruling.ASKED]

    @property
    def asked_after(self) -> int:
        """Calls about which a person would be asked."""
        return self.after[Ruling.ASKED]


@dataclass
class Report:
    """What a back-test found. ``is_whole`` is False where it stopped before it had seen every call.

    ``first`` holds the newest calls of each of CHANGES, ``after`` from where ``page`` goes on with them.
    """

    policy: ReviewPolicy
    since: datetime
    until: datetime
    counts: Counts = field(default_factory=Counts)
    by_tool: dict[str, Counts] = field(default_factory=dict)
    first: dict[str, list[Changed]] = field(default_factory=lambda: {change: [] for change in CHANGES})
    is_whole: bool = True
    seconds: float = 0.0

    @property
    def released(self) -> list[Changed]:
        """What would pass now although a person had rejected it."""
        return self.first[RELEASED]

    def after(self, change: str) -> int:
        """The cursor behind the calls in ``first``; 0 where there are no more."""
        listed = self.first[change]
        return listed[-1].call if self.counts.changes[change] > len(listed) else 0


@dataclass(frozen=True)
class Page:
    """Some of the calls that would change, newest first; ``after`` is 0 behind the last."""

    rows: list[Changed]
    after: int


def run(policy_id: int, *, by: User, days: int = 30) -> Report:
    """Judge the calls of the last ``days`` by that version, and count what differs from what was recorded.

    Only calls of runs that this person may read are judged. Raises PermissionDenied for who may not read policies,
    Conflict where another back-test of this person is under way.
    """
    with _alone(by):
        return _run(policy_id, by, days)


def _run(policy_id: int, by: User, days: int) -> Report:
    began, until = time.monotonic(), timezone.now()
    policy = _readable(policy_id, by)
    report = Report(policy, until - timedelta(days=min(max(days, 1), MOST_DAYS)), until)
    test = _Test(policy, by, report.since, until)
    for row in test.rows():
        if report.counts.calls >= MOST_CALLS or time.monotonic() - began > SECONDS:
            report.is_whole = False
            break
        _count(report, row, test.judge(row))
    report.seconds = time.monotonic() - began
    _keep(report, by)
    return report


@transaction.atomic
def _keep(report: Report, by: User) -> None:
    counts = report.counts
    tested.keep(
        BackTest(
            policy=report.policy,
            digest=report.policy.digest,
            run_by=by,
            since=report.since,
            until=report.until,
            calls=counts.calls,
            asked_before=counts.asked_before,
            asked_after=counts.asked_after,
            changes=dict(counts.changes),
            rejected=counts.changes[RELEASED],
            released=[one.call for one in report.released],
            is_whole=report.is_whole,
        )
    )


def page(
    policy_id: int, change: str, *, by: User, since: datetime, until: datetime, after: int = 0, size: int = SIZE
) -> Page:
    """The calls of one of CHANGES that follow the call ``after``, of the same time as a report; newest first.

    Raises PermissionDenied, and Conflict as ``run`` does.
    """
    with _alone(by):
        return _page(policy_id, change, by, since, until, after, size)


def _page(policy_id: int, change: str, by: User, since: datetime, until: datetime, after: int, size: int) -> Page:
    began = time.monotonic()
    policy = _readable(policy_id, by)
    test = _Test(policy, by, since, until)
    rows: list[Changed] = []
    for row in test.rows(below=after, only_rejected=change == RELEASED):
        found = test.judge(row)
        if found is not None and found.change == change:
            if len(rows) == size:
                return Page(rows, rows[-1].call)
            rows.append(found)
        if time.monotonic() - began > SECONDS:
            return Page(rows, row["pk"])
    return Page(rows, 0)


class _Test:
    """What stays the same from call to call."""

    def __init__(self, policy: ReviewPolicy, by: User, since: datetime, until: datetime) -> None:
        trial = policy.read()
        self.policies: tuple[Policy, ...] = with_trial(rulebook.current().active, trial)
        self.calls: QuerySet[ToolCall] = ToolCall.objects.filter(
            created_at__gte=since, created_at__lte=until, run__dry_run=False, run__in=access.visible_runs(by)
        )
        self.columns = [
            *COLUMNS,
            *COLUMNS_OF_RUN,
            *(column for name, column in ABOUT_RUN.items() if self._asks(f"run.{name}")),
        ]
        self.asks_requester = self._asks("requester")
        self.rejected = frozenset(
            Intervention.objects.filter(
                outcome=Outcome.REJECTED, kind=Kind.TOOL_APPROVAL, tool_call__in=self.calls.values("pk")
            ).values_list("tool_call_id", flat=True)
        )
        self._requesters: dict[int, Mapping[str, Any]] = {}

    def rows(self, below: int = 0, *, only_rejected: bool = False) -> Iterator[dict[str, Any]]:
        """The calls, newest first, as they come; those ``below`` an id, or only those that a person had rejected."""
        calls = self.calls.filter(pk__lt=below) if below else self.calls
        columns = list(dict.fromkeys([*self.columns, *(["run__started_by"] if self.asks_requester else [])]))
        rows = calls.annotate(put=Subquery(PUT)).order_by("-pk").values(*columns, "put")
        if only_rejected:
            rows = rows.filter(pk__in=Intervention.objects.filter(outcome=Outcome.REJECTED).values("tool_call_id"))
        yield from rows.iterator(chunk_size=CHUNK)

    def judge(self, row: dict[str, Any]) -> Changed | None:
        """The call, where the version says something else about it; what asks a person always asks."""
        if row["tool"] == ASK_HUMAN:
            return None
        case = Case(
            tool=row["tool"],
            agent=row["agent"],
            arguments=row["proposed"],
            run={name: row[column] for name, column in ABOUT_RUN.items() if column in row},
            requester=lambda: self._requester(row.get("run__started_by")),
        )
        author_asks = row["author_asks"] or row["why"] == MARKED.why
        said = judge_by(self.policies, case, agent=row["run__agent"], author_asks=author_asks)
        less = ""
        if said.ruling == row["ruling"]:
            is_asked = said.ruling == Ruling.ASKED and row["put"] is not None
            less = lighter(row["put"], vars(said), row["run__queue__slug"]) if is_asked else ""
            if not less:
                return None
        return Changed(
            call=row["pk"],
            run=row["run_id"],
            tool=row["tool"],
            agent=row["agent"],
            arguments=row["proposed"],
            at=row["created_at"],
            was=row["ruling"],
            now=said.ruling,
            rule=said.rule,
            why=said.why,
            rejected=row["pk"] in self.rejected,
            lighter=less,
        )

    def _asks(self, path: str) -> bool:
        return mentions(self.policies, path)

    def _requester(self, user_id: int | None) -> Mapping[str, Any]:
        """Who started the run, with the groups they have today; two statements for each person once."""
        if user_id is None:
            return {}
        if user_id not in self._requesters:
            groups = Group.objects.filter(user=user_id).order_by("name").values_list("name", flat=True)
            username = User.objects.filter(pk=user_id).values_list("username", flat=True).first()
            self._requesters[user_id] = {"username": username, "groups": list(groups)}
        return self._requesters[user_id]


@contextmanager
def _alone(by: User) -> Iterator[None]:
    """One back-test of a person at a time, in all processes; who is cut off waits no longer than one may take."""
    key = f"backtest-{by.pk}"
    if not cache.add(key, True, timeout=int(SECONDS * 2)):
        raise Conflict("Another back-test of yours is under way; try again once it is done.")
    try:
        yield
    finally:
        cache.delete(key)


def _readable(policy_id: int, by: User) -> ReviewPolicy:
    row = access.visible_policies(by).filter(pk=policy_id).first()
    if row is None:
        raise PermissionDenied(f"There is no policy {policy_id} that you may read.")
    return row


def _count(report: Report, row: dict[str, Any], found: Changed | None) -> None:
    now = found.now if found else row["ruling"]
    for counts in (report.counts, report.by_tool.setdefault(row["tool"], Counts())):
        counts.calls += 1
        counts.before[row["ruling"]] += 1
        counts.after[now] += 1
        if found:
            counts.changes[found.change] += 1
    if found and len(report.first[found.change]) < SIZE:
        report.first[found.change].append(found)
