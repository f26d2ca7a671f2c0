"""The nouns: one file each, asked for through their querysets, changed only by the verbs in reviews.actions."""

from reviews.models.absence import Absence
from reviews.models.ask_back import AskBack
from reviews.models.audit_entry import AuditEntry, AuditHead
from reviews.models.back_test import BackTest
from reviews.models.calendar import Calendar
from reviews.models.call_in import CallIn
from reviews.models.checkpoint import Checkpoint
from reviews.models.clock_mark import ClockMark
from reviews.models.decision import Decision
from reviews.models.endpoint import Endpoint
from reviews.models.escalation_policy import EscalationPolicy
from reviews.models.event import Event
from reviews.models.finding import Finding
from reviews.models.intervention import Intervention
from reviews.models.notice import Notice
from reviews.models.notice_settings import Digest, NoticeSettings
from reviews.models.queue import Membership, Queue
from reviews.models.review_policy import PolicyMark, ReviewPolicy
from reviews.models.run import Run
from reviews.models.shadow_ruling import ShadowRuling
from reviews.models.span import Span
from reviews.models.timer import Timer
from reviews.models.tool_call import ToolCall
from reviews.models.trial import Trial
from reviews.models.worker import Worker
from reviews.models.writes import Change, Found, New, Saved

__all__ = [
    "Absence",
    "AskBack",
    "AuditEntry",
    "AuditHead",
    "BackTest",
    "Calendar",
    "CallIn",
    "Change",
    "Checkpoint",
    "ClockMark",
    "Decision",
    "Digest",
    "Endpoint",
    "EscalationPolicy",
    "Event",
    "Finding",
    "Found",
    "Intervention",
    "Membership",
    "New",
    "Notice",
    "NoticeSettings",
    "PolicyMark",
    "Queue",
    "ReviewPolicy",
    "Run",
    "Saved",
    "ShadowRuling",
    "Span",
    "Timer",
    "ToolCall",
    "Trial",
    "Worker",
]
