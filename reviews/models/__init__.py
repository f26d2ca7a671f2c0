"""The nouns: one file each, asked for through their querysets, changed only by the verbs in reviews.actions."""

from reviews.models.audit_entry import AuditEntry, AuditHead
from reviews.models.checkpoint import Checkpoint
from reviews.models.decision import Decision
from reviews.models.event import Event
from reviews.models.intervention import Intervention
from reviews.models.queue import Membership, Queue
from reviews.models.run import Run
from reviews.models.span import Span
from reviews.models.tool_call import ToolCall
from reviews.models.trial import Trial
from reviews.models.worker import Worker
from reviews.models.writes import Change, New, Saved

__all__ = [
    "AuditEntry",
    "AuditHead",
    "Change",
    "Checkpoint",
    "Decision",
    "Event",
    "Intervention",
    "Membership",
    "New",
    "Queue",
    "Run",
    "Saved",
    "Span",
    "ToolCall",
    "Trial",
    "Worker",
]
