"""The list of policies, and beginning a new one."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from reviews import access
from reviews.actions import Conflict, Invalid, review_policies, shadows
from reviews.models import ReviewPolicy
from reviews.states import PolicyStatus
from reviews.web import keyset
from reviews.web.http import ReviewRequest
from reviews.web.policies.doors import for_readers, for_writers
from reviews.web.policies.trials import spoken

SIZE = 40
ORDER = ("slug", "-version")


class NewPolicyForm(forms.Form):
    """What a policy begins with; what it says comes after."""

    slug = forms.CharField(
        label="Short name",
        max_length=100,
        help_text="Lowercase letters, digits and dashes, such as refunds-eu. It never changes.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    title = forms.CharField(label="Title", max_length=200, required=False)
    agent = forms.CharField(
        label="Agents", max_length=100, initial="*", help_text="A name, or a pattern such as refunds*; * is all."
    )


@for_readers
@require_safe
def policies(request: ReviewRequest) -> HttpResponse:
    """Every policy with its versions, and what those on trial would have changed."""
    every, slug = request.GET.get("show") == "all", request.GET.get("policy", "")[:100].replace("\x00", "")
    rows = access.visible_policies(request.user).for_list().defer("rules")  # type: ignore[attr-defined]
    rows = rows if every else rows.exclude(status=PolicyStatus.RETIRED)
    page = keyset.page(
        rows.filter(slug=slug) if slug else rows, by=ORDER, cursor=request.GET.get("after", ""), size=SIZE
    )
    _with_tallies(page.rows)
    query = urlencode({name: value for name, value in (("show", "all" if every else ""), ("policy", slug)) if value})
    context = {"section": "policies", "page": page, "every": every, "slug": slug, "query": query}
    return render(request, "reviews/policies/policies.html", context | {"writes": access.writes_policies(request.user)})


@for_writers
@require_http_methods(["GET", "HEAD", "POST"])
def new_policy(request: ReviewRequest) -> HttpResponse:
    """Begin a policy that judges nothing yet."""
    form = NewPolicyForm(request.POST or None)
    if form.is_valid():
        body = {name: value for name, value in form.cleaned_data.items() if value and name != "slug"}
        try:
            made = review_policies.draft(form.cleaned_data["slug"], by=request.user, body=body)
            return redirect("reviews:edit_policy", made.slug, made.version)
        except Conflict as conflict:
            form.add_error("slug", str(conflict))
        except Invalid as invalid:
            form.add_error(None, dict(invalid.errors))
    status = 422 if form.is_bound else 200
    return render(request, "reviews/policies/new.html", {"section": "policies", "form": form}, status=status)


def _with_tallies(rows: list[ReviewPolicy]) -> None:
    trials = [row for row in rows if row.status == PolicyStatus.SHADOW]
    tallies, judged = shadows.tallies(trials), shadows.judged(trials)
    for row in trials:
        row.trial = spoken(tallies[row.pk], judged[row.pk])  # type: ignore[attr-defined]  # for the template
