"""What a message says."""

import pytest
from django.utils import timezone

from reviews.models import Notice
from reviews.notices import wording
from reviews.states import Kind, NoticeKind

ABOUT = {"tool": "issue_refund", "agent": "Clerk", "queue": "Support", "risk": 3, "level": 0, "holder": ""}


def notice(kind=NoticeKind.REMINDER, **said):
    payload = ABOUT | {"asked": "tool_approval", "due_at": "2026-01-15T22:30:00+00:00"} | said
    return Notice(kind=kind, payload=payload, created_at=timezone.now())


class TestLine:
    @pytest.mark.parametrize("kind", NoticeKind)
    def test_has_words_for_every_kind(self, kind):
        line = wording.line(notice(kind))
        assert line.subject and "{" not in line.subject

    @pytest.mark.parametrize("asked", Kind)
    def test_has_words_for_every_question(self, asked):
        assert "an item" not in wording.line(notice(asked=asked)).subject

    def test_names_the_level_only_where_there_is_one(self):
        assert wording.line(notice(NoticeKind.ESCALATED)).subject == "Escalated: issue_refund needs approval"
        assert wording.line(notice(NoticeKind.ESCALATED, level=2)).subject.startswith("Escalated to level 2: ")

    def test_tells_the_time_in_the_zone_of_its_reader(self):
        facts = dict(wording.line(notice(), "Asia/Kolkata").facts)
        assert facts["Due"] == "Fri 16 Jan 2026, 04:00 (Asia/Kolkata)"
        assert facts["Risk"] == "High" and "Held by" not in facts

    def test_of_the_desk_itself_has_no_facts_and_leads_to_the_desk(self):
        alarm = Notice(kind=NoticeKind.WATCHDOG, payload={"says": "The clock is silent."}, created_at=timezone.now())
        line = wording.line(alarm)
        assert (line.facts, line.says, line.link) == ((), "The clock is silent.", "http://testserver/")

    def test_keeps_names_on_one_line(self):
        assert wording.line(notice(tool="a\r\nb\x1b")).subject == "Reminder: a b needs approval"
