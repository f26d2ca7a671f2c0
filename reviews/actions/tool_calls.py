"""The ledger of side effects: what a tool may do is written before it does it, what came of it after."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from reviews import audit
from reviews.actions import verdicts
from reviews.actions.errors import LeaseLost
from reviews.actions.leases import require_owned
from reviews.actions.text import storable
from reviews.actors import WORKER
from reviews.audit import Act
from reviews.models import Change, Run, ToolCall
from reviews.models.locking import Locking
from reviews.states import ToolCallStatus as Status

KNOWN = frozenset({Status.DONE, Status.FAILED, Status.SUPPLIED})
"""What a call has come to when there is nothing left to run."""


class NotApproved(Exception):
    """A tool was about to run that nobody let through; it does not run."""


class ToolChanged(Exception):
    """A call was let through for a tool that takes other arguments by now; it does not run."""


def begin(run: Run, call_id: str, tool: str) -> ToolCall:
    """The call, marked as started, or as it stands where its output is already known.

    Raises LeaseLost; NotApproved for a call that was rejected, refused, never decided, let through for another tool, or
    whose outcome is unknown.
    """
    again = Q(status=Status.STARTED) & (Q(idempotent=True) | Q(is_agent=True))
    begun = _ours(run, call_id).filter(Q(status=Status.APPROVED) | again, tool=tool)
    changes = {"started_at": timezone.now(), "executed": Coalesce("executed", "proposed"), "lease": run.lease}
    if began := Change(begun, {"status": Status.STARTED, **changes}).make():
        return began
    require_owned(run)
    call = ToolCall.objects.filter(run_id=run.pk, call_id=call_id).first()
    if call is None:
        raise NotApproved(f"The call {call_id!r} never stood at the gate, so it does not run.")
    if call.tool != tool:
        raise NotApproved(f"The call {call_id!r} was let through for {call.tool!r}, so {tool!r} does not run under it.")
    if call.status in KNOWN:
        return call
    raise NotApproved(f"{call.tool} ({call_id}) is {call.get_status_display().lower()}, so it does not run.")


def require_fitting(call: ToolCall, schema: Mapping[str, Any]) -> None:
    """Raises ToolChanged where the tool has changed since the call was judged, and would not take it any more.

    Asked before anything runs: the tool itself would drop an argument it does not know, and fill in one it lacks.
    """
    if schema == call.schema or call.status not in (Status.APPROVED, Status.STARTED):
        return
    arguments = call.proposed if call.executed is None else call.executed
    if wrong := verdicts.misfits(dict(schema), arguments):
        raise ToolChanged(
            f"The tool {call.tool!r} has changed since the call {call.call_id} was let through, and does not take its "
            f"arguments any more: {'; '.join(wrong)}. Deploy the code that asked to finish the run, or retry it from "
            "the start."
        )


def finish(run: Run, call_id: str, output: Any, *, error: str = "", begun: ToolCall | None = None) -> None:
    """Write what came back; after an ``error`` the output is what the model was told.

    ``begun`` is the call as it was begun, for whoever still has it: so it need not be read again.
    Raises LeaseLost, after telling the book what came back once the run had ended; NotApproved for a call that has not
    begun, or has come back already.
    """
    output, error = storable(output), storable(error)
    try:
        _finish(run, begun or _called(run, call_id), output, error)
    except LeaseLost:
        _tell_late(run, call_id, output, error)
        raise


def _called(run: Run, call_id: str) -> ToolCall:
    call = ToolCall.objects.filter(run_id=run.pk, call_id=call_id).only("call_id", "tool", "executed").first()
    if call is None:
        require_owned(run)
        raise NotApproved(f"The call {call_id!r} never stood at the gate, so nothing can come back from it.")
    return call


def _finish(run: Run, call: ToolCall, output: Any, error: str) -> None:
    came_back = Status.FAILED if error else Status.DONE
    changes = {"output": output, "error": error, "finished_at": timezone.now(), "lease": None}
    running = _ours(run, call.call_id).filter(status=Status.STARTED)
    act = _came_back("tool_call.failed" if error else "tool_call.done", run, call, output, error)
    if audit.record_change(Change(running, {"status": came_back, **changes}), [act]) is None:
        require_owned(run)
        raise NotApproved(f"The call {call.call_id!r} is not running, so nothing can come back from it.")


@transaction.atomic
def _tell_late(run: Run, call_id: str, output: Any, error: str) -> None:
    """The run ended while the call ran: the book hears once what it did, and nothing else changes."""
    locked = Run.objects.locked(run.pk)
    begun_here = run.tool_calls.filter(call_id=call_id, status=Status.UNKNOWN, lease=run.lease, lease__isnull=False)
    call = begun_here.first()
    if call is None or not locked.ended:
        return
    call.lease = None
    call.save(update_fields=["lease"])
    audit.record(_came_back("tool_call.finished_late", locked, call, output, error))


def _ours(run: Run, call_id: str) -> QuerySet[ToolCall]:
    """The call, while the run is this worker's; changing it locks the run first, in the same statement."""
    return ToolCall.objects.filter(run=Locking(Run.objects.owned(run.pk, run.lease)), call_id=call_id)


def _came_back(action: str, run: Run, call: ToolCall, output: Any, error: str) -> Act:
    data = {"call_id": call.call_id, "tool": call.tool, "executed": call.executed, "output": output}
    return Act(action, WORKER, run, data=data | ({"error": error} if error else {}))


def of_unknown_outcome(run: Run, idempotent: Collection[str]) -> list[ToolCall]:
    """The calls an earlier worker had started and that must not simply run again.

    ``idempotent`` are the tools that are so now; those that were not when the call was judged do not count.
    """
    started = run.tool_calls.filter(status=Status.STARTED, is_agent=False)
    return [call for call in started if not (call.idempotent and call.tool in idempotent)]
