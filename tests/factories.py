"""Rows for tests, made through the verbs wherever there is one, so that they are rows that can really occur."""

from datetime import datetime
from functools import cache
from itertools import count
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User

from reviews import access, catalog
from reviews.actions import gates, leases, runs, tool_calls
from reviews.catalog import AgentCard
from reviews.models import Intervention, Membership, Queue, ReviewPolicy, Run, ShadowRuling, ToolCall
from reviews.policies import Judgement
from reviews.states import PolicyStatus, Ruling

PASSWORD = "four-eyes-demo"
WALL = 4 * 3600 + 1  # a rule with a time of its own means it by the wall clock: due alike at any hour of the test
AGENT = "clerk"  # known to the desk only: no worker could run it
STATE_SCHEMA = "1.21"  # one that the Agents SDK of the lock reads
SCHEMA = {
    "type": "object",
    "properties": {"customer_id": {"type": "string"}, "amount": {"type": "number"}},
    "required": ["customer_id", "amount"],
    "additionalProperties": False,
}
ARGUMENTS = {"customer_id": "C-88213", "amount": 4820.0}
_numbers = count(1)


@cache
def _hash() -> str:
    return make_password(PASSWORD)  # slow on purpose, so once


def user(username: str, *roles: str, is_superuser: bool = False) -> User:
    """An account with PASSWORD, in the groups named."""
    access.ensure_roles()
    made = User.objects.create(username=username, password=_hash(), is_superuser=is_superuser, is_staff=is_superuser)
    made.groups.set(Group.objects.filter(name__in=roles))
    return made


def queue(slug: str = "support") -> Queue:
    """The queue of that slug."""
    return Queue.objects.get_or_create(slug=slug, defaults={"name": slug.capitalize()})[0]


def seat(person: User, place: Queue, role: str = Membership.Role.REVIEWER) -> Membership:
    """A person's place in a queue."""
    return Membership.objects.create(user=person, queue=place, role=role)


def card(slug: str = AGENT, queue: str = "support", **changes: Any) -> AgentCard:
    """An agent declared to this process; conftest withdraws it after the test."""
    made = AgentCard(**{"slug": slug, "title": slug.capitalize(), "queue": queue, "version": "1"} | changes)
    catalog.declare(made)
    return made


def run(*, by: User | None = None, agent: str = AGENT, input: str = "Refund order O-30912.") -> Run:
    """A queued run of an agent, which is declared where it is not known."""
    if agent not in {known.slug for known in catalog.all_cards()}:
        card(agent)
    return runs.submit(agent, input, by=by)


def leased(queued: Run | None = None, *, worker: str = "worker-1") -> Run:
    """A running run, owned by that worker."""
    taken = leases.take((queued or run()).pk, worker=worker)
    assert taken is not None
    return taken


def state(text: str = "{}") -> gates.SavedState:
    """What an SDK would have saved."""
    return gates.SavedState(text, sdk_version="0.24.0", schema_version=STATE_SCHEMA)


def proposal(
    *, ruling: Ruling = Ruling.ASKED, judgement: dict[str, Any] | None = None, **changes: Any
) -> gates.Proposal:
    """One call a model asked for; `judgement` changes what the rules said of it."""
    said: dict[str, Any] = {"name": "Refund over 200", "title": "Refund 4820 to C-88213", "due_in": WALL}
    return gates.Proposal(
        **{
            "call_id": f"call_{next(_numbers)}",
            "agent": "Clerk",
            "tool": "issue_refund",
            "arguments": dict(ARGUMENTS),
            "schema": SCHEMA,
            "judgement": Judgement(ruling, "amount is 4820, more than 200", **said | (judgement or {})),
        }
        | changes
    )


def begin(run: Run, call_id: str) -> ToolCall:
    """Begin the call as the tool that it is a call of."""
    tool = ToolCall.objects.filter(run=run, call_id=call_id).values_list("tool", flat=True).first()
    return tool_calls.begin(run, call_id, tool or "unknown")


def question(on: Run | None = None, **changes: Any) -> Intervention:
    """An open question of a run that waits for it; further arguments are those of `proposal`."""
    owned = on or leased()
    asked = proposal(**changes)
    gates.park(owned, state(), [asked])
    return owned.interventions.get(tool_call__call_id=asked.call_id)


def shadow_ruling(at: datetime) -> ShadowRuling:
    """What a policy on trial would have said of a call at that moment."""
    new = {"title": "Trial", "status": PolicyStatus.SHADOW, "shadowed_at": at, "created_at": at, "edited_at": at}
    trial, _ = ReviewPolicy.objects.get_or_create(slug="trial", version=1, defaults=new)
    call = question().tool_call
    assert call is not None
    return ShadowRuling.objects.create(policy=trial, tool_call=call, ruling=Ruling.REFUSED, at=at)
