"""The managers' board: what is late, who can take it, and giving it to them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Q
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviews import access
from reviews.actions import Conflict, Invalid, assignments, evenly
from reviews.actions.assignments import Seen
from reviews.actors import name_of
from reviews.models import Event, Intervention
from reviews.web import fragments, lanes, texts
from reviews.web.http import ReviewRequest, show, signed_in
from reviews.web.lanes import Look

P = ParamSpec("P")
PAGE, PART = "reviews/board/board.html", "reviews/board/_board.html"
AT_ONCE = 100
"""Questions that one bulk act may name."""


def for_managers(
    view: Callable[Concatenate[ReviewRequest, P], HttpResponseBase],
) -> Callable[Concatenate[ReviewRequest, P], HttpResponseBase]:
    """Let only managers of a queue in; for others there is no such page."""

    @wraps(view)
    def guarded(request: ReviewRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not access.managed_queues(request.user).exists():
            raise Http404("There is no such page.")
        return view(request, *args, **kwargs)

    return signed_in(guarded)


@for_managers
@require_safe
def board(request: ReviewRequest) -> HttpResponse:
    """The open questions by level, and everybody's workload."""
    return _show(request)


@for_managers
@require_safe
def board_delta(request: ReviewRequest) -> HttpResponse:
    """What the socket would send, for those whose network lets no socket through."""
    changes = news(request.user, Look.read(request.GET), texts.number(request.GET.get("since", "")))
    return HttpResponse(changes.html + fragments.mark(changes.seq)) if changes.html else HttpResponse(status=204)


def news(user: User, look: Look, since: int) -> fragments.Changes:
    """Tell the page to fetch itself anew where anything changed in the queues they manage."""
    now_at = fragments.newest()
    mine = access.managed_queues(user).values("pk")
    if now_at <= since or not Event.objects.filter(seq__gt=since, intervention__queue__in=mine).exists():
        return fragments.Changes("", now_at)
    return fragments.Changes(anew(look), now_at)


def anew(look: Look) -> str:
    """Return the order to fetch this view of the board anew."""
    return lanes.resync(reverse("reviews:board") + look.link(after=look.after))


@for_managers
@require_POST
def assign(request: ReviewRequest, intervention_id: UUID) -> HttpResponse:
    """Give the question to somebody, move it, or give it back to the queue."""
    item = _managed(request.user, intervention_id)
    seen, held = (texts.number(request.POST.get(name, "")) or None for name in ("seen", "held"))
    to = request.POST.get("to", "")
    if not to:
        return _attempt(
            request, partial(assignments.unassign, item.pk, by=request.user, seen=seen, held=held), "Nobody has it now."
        )
    person = _member(item, to)
    done = f"{name_of(person)} has it now." if person else ""
    if person is None:
        return _show(request, notice="Choose somebody who works in the queue.", status=422)
    if seen is None:
        return _attempt(request, partial(assignments.assign, item.pk, to=person, by=request.user, held=held), done)
    return _attempt(
        request, partial(assignments.reassign, item.pk, to=person, by=request.user, seen=seen, held=held), done
    )


@for_managers
@require_POST
def de_escalate(request: ReviewRequest, intervention_id: UUID) -> HttpResponse:
    """Bring the question one level down, for a reason."""
    item = _managed(request.user, intervention_id)
    reason = request.POST.get("reason", "")
    return _attempt(
        request, partial(assignments.de_escalate, item.pk, by=request.user, reason=reason), "It is one level lower now."
    )


@for_managers
@require_POST
def assign_chosen(request: ReviewRequest) -> HttpResponse:
    """Give every chosen question to one person; what cannot be given is said."""
    chosen, seen = _chosen(request.POST.getlist("ids")), lanes.read_seen(request.POST.getlist("seen"))
    person = _anyone(request.user, request.POST.get("to", "") or request.POST.get("other", ""))
    if not chosen or person is None:
        return _show(request, notice="Choose questions, and somebody to give them to.", status=422)
    given, refused = 0, ""
    for item in lanes.rows(list(access.managed_queues(request.user))).filter(pk__in=chosen).order_by("due_at", "id"):
        try:
            assignments.give(item.pk, to=person, by=request.user, seen=seen.get(item.pk, Seen()))
            given += 1
        except (Conflict, Invalid) as error:
            refused = str(error)
    said = f"{name_of(person)} has {given} more now." if given else "Nothing was assigned."
    return _done(request, f"{said} {refused}".strip())


@for_managers
@require_http_methods(["GET", "HEAD", "POST"])
def share_out(request: ReviewRequest) -> HttpResponse:
    """What "assign evenly" would do, before it is done; nothing is written. A POST names the questions."""
    look = Look.read(request.GET)
    plan = evenly.plan(request.user, _chosen(request.POST.getlist("ids")), queue=look.queue)
    return _preview(request, plan, look)


@for_managers
@require_POST
def assign_evenly(request: ReviewRequest) -> HttpResponse:
    """Do what was previewed, or show what the preview would be now."""
    ids, look = _chosen(request.POST.getlist("ids")), Look.read(request.GET)
    try:
        number = evenly.assign_evenly(ids, mark=request.POST.get("mark", ""), by=request.user)
    except Conflict as conflict:
        return _preview(request, evenly.plan(request.user, ids, queue=look.queue), look, str(conflict), 409)
    messages.success(request, f"{number} question{'' if number == 1 else 's'} assigned.")
    return redirect(reverse("reviews:board") + look.link())


def _preview(
    request: ReviewRequest, plan: evenly.Plan, look: Look, notice: str = "", status: int = 200
) -> HttpResponse:
    gains = [person.pk for _item, person in plan.given]
    people = [
        {"person": person, "before": plan.loads.get(pk, 0), "gains": gains.count(pk)}
        for pk, person in plan.people.items()
    ]
    context = {"section": "board", "plan": plan, "people": people, "notice": notice, "keep": look.link()}
    return render(request, "reviews/board/evenly.html", context, status=status)


def _attempt(request: ReviewRequest, act: Callable[[], object], done: str) -> HttpResponse:
    """Do it and show the board as it is then; a refusal says who did what."""
    try:
        act()
    except Conflict as conflict:
        return _show(request, notice=str(conflict), status=409)
    except Invalid as invalid:
        return _show(request, notice=str(invalid), status=422)
    return _done(request, done)


def _done(request: ReviewRequest, said: str) -> HttpResponse:
    if request.htmx:
        return _show(request, said=said)
    messages.success(request, said)
    return redirect(reverse("reviews:board") + Look.read(request.GET).link())


def _show(request: ReviewRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    look = Look.read(request.GET)
    context = lanes.board(request.user, look) | {"poll_url": reverse("reviews:board_delta") + look.link()}
    return show(request, PAGE, PART, context | more, status=status)


def _managed(user: User, intervention_id: UUID) -> Intervention:
    found = Intervention.objects.filter(queue__in=access.managed_queues(user), pk=intervention_id)
    item = found.defer("proposal", "schema").first()
    if item is None:
        raise Http404("There is no such question on your board.")
    return item


def _member(item: Intervention, username: str) -> User | None:
    """Somebody with a seat in its queue, or called in to it."""
    here = Q(memberships__queue=item.queue_id) | Q(call_ins__intervention=item, call_ins__by_seat=False)
    return User.objects.filter(here, username=_clean(username)).distinct().first()


def _anyone(user: User, username: str) -> User | None:
    mine = access.managed_queues(user)
    return User.objects.filter(memberships__queue__in=mine, username=_clean(username)).distinct().first()


def _clean(text: str) -> str:
    return text.replace("\x00", "")


def _chosen(texts: list[str]) -> list[UUID]:
    """The ids among them; nonsense is left out."""
    found = []
    for text in texts[:AT_ONCE]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


_one = "board/<uuid:intervention_id>/"
urlpatterns = [
    path("board/", board, name="board"),
    path("board/delta", board_delta, name="board_delta"),
    path("board/assign/", assign_chosen, name="assign_chosen"),
    path("board/evenly/", share_out, name="share_out"),
    path("board/evenly/assign/", assign_evenly, name="assign_evenly"),
    path(f"{_one}assign/", assign, name="assign"),
    path(f"{_one}de-escalate/", de_escalate, name="de_escalate"),
]
