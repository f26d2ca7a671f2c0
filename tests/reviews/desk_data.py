"""Questions of every kind for tests of the desk, asked the way a worker asks them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import F
from django.http import HttpResponse

from reviews.actions import asking_back, gates
from reviews.models import Intervention, Run
from reviews.states import Kind, Risk, Ruling
from tests import factories

OUTPUT_SCHEMA = {"type": "object", "properties": {"output": {"type": "string"}}, "required": ["output"]}
OPTIONS = ["Page the team", "Wait an hour"]


def refund(title: str = "Refund 4820 to C-88213", *, on: Run | None = None, **judgement: Any) -> Intervention:
    """A call that waits for approval."""
    return factories.question(on, judgement={"title": title, **judgement})


def choice(text: str = "Page the team?", *, on: Run | None = None) -> Intervention:
    """A question with two offered answers."""
    arguments = {"question": text, "options": OPTIONS}
    return factories.question(on, kind=Kind.QUESTION, tool="ask_human", arguments=arguments, judgement={"title": ""})


def output(text: str = "Dear customer,\nyour money is on its way.") -> Intervention:
    """A final output that waits for its release."""
    return gates.ask_release(factories.leased(), factories.state(), text, OUTPUT_SCHEMA)


def unknown() -> Intervention:
    """A call that had started when its worker died."""
    run = factories.leased()
    asked = factories.proposal(ruling=Ruling.LET_THROUGH)
    gates.park(run, factories.state(), [asked])
    call = factories.begin(run, asked.call_id)
    gates.ask_outcome(run, [call])
    return run.interventions.get()


def asked_back(*, of: User, by: User) -> Intervention:
    """A call about which somebody is being asked who started its run, and has lost their seat since."""
    item = refund()
    Run.objects.filter(pk=item.run_id).update(started_by=of)
    asking_back.ask(item.pk, of=of, question="Is it the same customer?", by=by)
    return item


def many(count: int) -> list[Intervention]:
    """That many refunds, each of a run of its own, due one after the other."""
    made = [refund(f"Refund {number}", risk=Risk.LOW) for number in range(count)]
    for number, item in enumerate(made):
        shift(item.pk, timedelta(minutes=number))
    return made


def shift(pk: UUID, by: timedelta) -> None:
    """Put off when it is due."""
    Intervention.objects.filter(pk=pk).update(due_at=F("due_at") + by)


def text_of(response: HttpResponse | str) -> str:
    """The markup with every run of white space as one blank, so that a template may be laid out anew."""
    return " ".join((response if isinstance(response, str) else response.content.decode()).split())
