"""Taking one queued run up to its next question or its end."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError

from agents_runtime import fleet, leaving, llm, registry, sdk
from agents_runtime.desk import RunDesk, book_with
from agents_runtime.dry_run import DryRunDesk
from agents_runtime.heartbeat import heartbeat
from agents_runtime.registry import Entry
from agents_runtime.sdk import bridge
from reviews.actions import LeaseLost, again, checkpoints, forks, gates, leases, rulebook, spans, tool_calls, trials
from reviews.actions import fleet as waiting
from reviews.actions.again import Hindered
from reviews.actions.checkpoints import SavedState
from reviews.actions.gates import ReusedCallId
from reviews.actions.tool_calls import NotApproved, ToolChanged
from reviews.catalog import UnknownAgent
from reviews.models import Checkpoint, Decision, Intervention, Run, ToolCall, Trial
from reviews.models.checkpoint import CorruptCheckpoint
from reviews.states import Kind, Verdict

logger = logging.getLogger(__name__)
Said = Decision | Trial
CODES: dict[type[Exception], str] = {
    UnknownAgent: "unknown_agent",
    CorruptCheckpoint: "corrupt_checkpoint",
    ReusedCallId: "model_behavior",
    NotApproved: "not_approved",
    ToolChanged: "tool_changed",
}
"""Why a run fails when something other than the SDK refuses; all else is a fault of ours."""


def advance(run_id: UUID) -> None:
    """Take a queued run as far as it goes. Safe to call twice, at once or again: one caller gets the lease."""
    if leaving.notice.given():
        leases.pass_on(run_id)
        return
    run = leases.take(run_id, worker=fleet.name(), able=fleet.abilities()) or _stranded(run_id)
    if run is None:
        return  # another worker has it or can go on with it, or it needs no work
    try:
        with heartbeat.keep(run) as recall:
            _advance_or_fail(run, recall)
    except LeaseLost as lost:
        logger.warning("%s What it came to is dropped.", lost)


def _stranded(run_id: UUID) -> Run | None:
    """A run that no worker can go on with, once it has waited long enough: it is taken, and fails with the reason."""
    if waiting.is_stranded(run_id):
        return leases.take(run_id, worker=fleet.name())
    waiting.decline(run_id)
    return None


def _advance_or_fail(run: Run, recall: sdk.Recall) -> None:
    try:
        _advance(run, recall)
    except sdk.Recalled:
        leases.hand_back(run)
    except Hindered as error:
        if not leases.give_back(run, str(error)):
            _give_up(run, error)
    except (LeaseLost, OperationalError, InterfaceError):
        raise  # no fault of the run: it is somebody else's, or is taken back and tried again
    except (sdk.Failure, UnknownAgent, CorruptCheckpoint, ReusedCallId, NotApproved, ToolChanged) as error:
        code = error.code if isinstance(error, sdk.Failure) else CODES[type(error)]
        logger.info("run %s failed (%s): %s", run.pk, code, error)
        gates.fail(run, code, str(error))
    except Exception as error:  # it would fail the same way each time
        logger.exception("run %s failed by a fault of Foureyes", run.pk)
        text = f"Foureyes itself failed; the worker's log has the details. {type(error).__name__}: {error}"
        gates.fail(run, "internal_error", text)


def _give_up(run: Run, error: Exception) -> None:
    logger.error("run %s failed: its gate could not be stored: %s", run.pk, error)
    gates.fail(run, "internal_error", f"{leases.MAX_LOSSES} workers in a row could not store its gate. {error}")


def _advance(run: Run, recall: sdk.Recall) -> None:
    entry = registry.get(run.agent)
    spans.expect((run.trace_id, run.pk))
    checkpoint, in_doubt = checkpoints.newest(run)
    if in_doubt and (unknown := tool_calls.of_unknown_outcome(run, entry.idempotent)):
        again.anew(partial(gates.ask_outcome, run, unknown))
        return
    begins = forks.stands_at_its_start(run, checkpoint)
    said = trials.said_at_the_start(run) if begins and run.dry_run else _said(checkpoint)
    release = next((one for one in said if _releases(one)), None)
    if release is not None:
        gates.complete(run, _released(release), usage=run.usage, model=run.model)
        return
    if begins and not run.dry_run and (asked := forks.output_at_its_start(run)):
        _release_again(run, entry, checkpoint, asked)
        return
    gated = _gated(entry)
    _require_readable(entry, checkpoint)
    state, shelf = checkpoints.load(checkpoint)
    desk = (DryRunDesk if run.dry_run else RunDesk)(run, entry, llm.name_of(gated.agent), shelf, _decided(said))
    brief = _brief(run, entry, state, said, at_the_gate=begins and not run.dry_run)
    outcome = bridge.run(sdk.advance(gated, brief, desk, llm.provider(), recall=recall))
    if isinstance(outcome, sdk.Finished):
        _finish(run, entry, desk, outcome)


def _gated(entry: Entry) -> sdk.Gated:
    try:
        return sdk.gated(entry.build(), entry.ungated)
    except DatabaseError:
        raise  # no fault of the agent: the run is taken back and tried again
    except Exception as error:
        text = f"The agent {entry.slug!r} could not be built. {type(error).__name__}: {error}"
        raise sdk.Failure("build_failed", text) from error


def _finish(run: Run, entry: Entry, desk: RunDesk, outcome: sdk.Finished) -> None:
    if entry.review_output and not run.dry_run:
        book_with(entry, rulebook.remembered())  # an agent without tools comes to no gate before this one
        state = desk.saved(outcome.snapshot)
        asked = partial(gates.ask_release, run, state, outcome.output, outcome.schema, agent=outcome.agent)
        again.anew(partial(asked, max_rejections=entry.max_rejections))
    else:
        again.anew(partial(gates.complete, run, outcome.output, usage=outcome.snapshot.usage, model=desk.model))


def _release_again(run: Run, entry: Entry, checkpoint: Checkpoint | None, asked: Intervention) -> None:
    """A fork from a final output that waited for its release: it waits for it anew."""
    output = asked.proposal["output"]
    if not (entry.review_output and checkpoint):
        gates.complete(run, output, usage=run.usage, model=run.model)
        return
    state = SavedState(checkpoints.state_of(checkpoint), checkpoint.sdk_version, checkpoint.schema_version)
    book_with(entry, rulebook.remembered())
    gates.ask_release(run, state, output, asked.schema, agent=asked.agent, max_rejections=entry.max_rejections)


def _require_readable(entry: Entry, checkpoint: Checkpoint | None) -> None:
    """Raises Failure where another release of the SDK or of the agent wrote it than this worker has."""
    if checkpoint is None:
        return
    sdk.require_readable(str(checkpoint), checkpoint.schema_version, checkpoint.sdk_version)
    if checkpoint.agent_version != entry.version:
        raise sdk.Failure(
            "unknown_version",
            f"The run waits at a checkpoint of {entry.slug} version {checkpoint.agent_version!r}, but this worker runs "
            f"version {entry.version!r}. Deploy the old version to finish it, or retry it from the start.",
        )


def _brief(run: Run, entry: Entry, state: str | None, said: list[Said], *, at_the_gate: bool) -> sdk.Brief:
    sent_back = [one.note for one in said if one.intervention.kind == Kind.FINAL_OUTPUT]
    return sdk.Brief(
        input=run.input,
        trace_id=run.trace_id,
        workflow=entry.title,
        max_turns=entry.max_turns,
        state=state,
        at_the_gate=at_the_gate,
        dry=run.dry_run,
        notes=tuple(text for one in said for text in _messages(one)),
        feedback="\n\n".join(sent_back) or None,
        context={"run_id": str(run.pk), "agent": run.agent},
        stream=getattr(settings, "FOUREYES_STREAM", False),
        trace_data=getattr(settings, "FOUREYES_TRACE_DATA", True),
    )


def _said(checkpoint: Checkpoint | None) -> list[Said]:
    """What the people said who decided the questions of this checkpoint, in order."""
    if checkpoint is None:
        return []
    deciding = Decision.objects.deciding().filter(intervention__checkpoint=checkpoint)
    return list(deciding.select_related("intervention__tool_call").order_by("id"))


def _decided(said: list[Said]) -> list[ToolCall]:
    """The calls that people decided about, as they stand in the ledger."""
    return [one.intervention.tool_call for one in said if one.intervention.tool_call]


def _messages(decision: Said) -> Iterator[str]:
    """What one verdict tells the agent besides the call's output; a rejection's note is that output already."""
    if decision.note and decision.verdict != Verdict.REJECT:
        yield decision.note
    if decision.context:
        yield decision.context


def _releases(decision: Said) -> bool:
    return decision.intervention.kind == Kind.FINAL_OUTPUT and decision.verdict != Verdict.REJECT


def _released(decision: Said) -> Any:
    edited = decision.verdict == Verdict.EDIT
    return (decision.replacement if edited else decision.intervention.proposal)["output"]
