"""Out of office: one's own times away, and for managers those of their teams."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from reviews import access
from reviews.actions import Conflict, Invalid, absences
from reviews.actors import name_of
from reviews.models import Absence, Membership
from reviews.web import texts
from reviews.web.http import ReviewRequest, signed_in

PAGE = "reviews/away/away.html"
SHOWN = 100


def _moment(label: str) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, widget=widget, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


class AwayForm(forms.Form):
    """One time away; only managers and admins choose whose it is."""

    who = forms.ModelChoiceField(User.objects.none(), label="Who is away", to_field_name="username")
    starts_at = _moment("From")
    ends_at = _moment("Until")
    delegate = forms.ModelChoiceField(
        User.objects.none(),
        label="Who stands in",
        required=False,
        empty_label="Nobody: back to the queue",
        to_field_name="username",
    )

    def __init__(self, by: User, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={"who": by.get_username()})
        others = absences.planned_by(by)
        self._offer("who", User.objects.filter(Q(pk=by.pk) | Q(pk__in=others.values("pk"))))
        self._offer("delegate", _colleagues(by))
        if not others.exists():
            self.fields["who"].widget = forms.HiddenInput()

    def _offer(self, name: str, people: QuerySet[User]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        field.label_from_instance = name_of  # type: ignore[method-assign, assignment]  # Django's own way wants a subclass
        field.queryset = people.order_by("first_name", "username")


@signed_in
@require_safe
def away(request: ReviewRequest) -> HttpResponse:
    """Who is away and when."""
    return _show(request, AwayForm(request.user))


@signed_in
@require_POST
def plan_away(request: ReviewRequest) -> HttpResponse:
    """Plan a time away."""
    form = AwayForm(request.user, request.POST)
    if not form.is_valid():
        return _show(request, form, status=422)
    try:
        said = form.cleaned_data
        absences.leave(
            said["who"],
            starts_at=said["starts_at"],
            ends_at=said["ends_at"],
            delegate=said["delegate"],
            by=request.user,
        )
    except Invalid as invalid:
        for name, message in invalid.errors.items():
            form.add_error(name, message)
        return _show(request, form, status=422)
    messages.success(request, f"{name_of(said['who'])} is out of office then.")
    return redirect("reviews:away")


@signed_in
@require_POST
def come_back(request: ReviewRequest) -> HttpResponse:
    """End a time away, or call it off."""
    try:
        absences.come_back(texts.number(request.POST.get("absence", "")), by=request.user)
    except Conflict as conflict:
        messages.error(request, str(conflict))
    return redirect("reviews:away")


def _show(request: ReviewRequest, form: AwayForm, *, status: int = 200) -> HttpResponse:
    theirs = absences.planned_by(request.user).values("pk")
    mine = Q(user=request.user) | Q(user__in=theirs)
    shown = Absence.objects.filter(mine | Q(user__in=_managed(request.user))).annotate(
        may_end=ExpressionWrapper(mine, output_field=BooleanField())
    )
    ahead = shown.ahead(timezone.now()).select_related("user", "delegate", "set_by")
    context = {"section": "away", "form": form, "absences": ahead.distinct()[:SHOWN], "now": timezone.now()}
    return render(request, PAGE, context, status=status)


def _managed(by: User) -> QuerySet[User]:
    """Who works in the queues that they manage."""
    seats = Membership.objects.filter(queue__in=access.managed_queues(by))
    return User.objects.filter(pk__in=seats.values("user"), is_active=True)


def _colleagues(by: User) -> QuerySet[User]:
    """Who works in their queues: the people who could stand in."""
    seats = access.queues_of(by).values("pk")
    return User.objects.filter(memberships__queue__in=seats, is_active=True).distinct()


urlpatterns = [
    path("away/", away, name="away"),
    path("away/plan/", plan_away, name="plan_away"),
    path("away/end/", come_back, name="come_back"),
]
