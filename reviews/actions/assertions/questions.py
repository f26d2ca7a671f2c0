"""Questions do not wait for ever unless somebody wants them to, and their timers fire."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from reviews.actions.assertions.fault import LATE, Fault, some
from reviews.models import Intervention, Timer
from reviews.models.finding import Alarm

# a key that is not there would make the whole condition unknown
FINAL = Coalesce(KT("policy__time__body__final__do"), Value(""), output_field=TextField())


def forgotten(now: datetime, known: Collection[str]) -> list[Fault]:
    """Each open question has a timer to come, or its frozen policy keeps it waiting."""
    coming = Timer.objects.waiting().filter(intervention=OuterRef("pk"))
    ends = Q(expires_at__isnull=False) | ~Q(final="keep_waiting")
    alone = Intervention.objects.open().alias(final=FINAL).filter(ends, ~Exists(coming)).order_by("due_at", "id")
    return [
        Fault(Alarm.NO_TIMER, f"intervention:{one.pk}", "Open, and no timer reminds anybody of it or ends it")
        for one in some(alone.only("pk"), known)
    ]


def late(now: datetime, known: Collection[str]) -> list[Fault]:
    """No timer of a question is overdue."""
    # from the timers to the questions: of the former hardly any are overdue, of the latter there may be very many
    overdue = Timer.objects.due(now - LATE).order_by().values("intervention")
    questions = Intervention.objects.filter(pk__in=overdue).order_by("due_at", "id")
    return [
        Fault(Alarm.LATE_TIMER, f"intervention:{one.pk}", "A reminder, a step or the end of its time did not come")
        for one in some(questions.only("pk"), known)
    ]
