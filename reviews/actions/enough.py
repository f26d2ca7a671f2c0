"""Whether there are enough people for what the rules of a policy ask; a warning, for people come and go."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef

from reviews.actions import voters
from reviews.models import Membership, ReviewPolicy
from reviews.policies import Rule
from reviews.states import Ruling

MOST = 20
"""Different sets of people that are counted at most, with one statement each."""


def too_few(row: ReviewPolicy) -> list[str]:
    """What cannot be decided as things are, a sentence for each rule; nothing of rules that anybody decides alone."""
    asking = [rule for rule in row.read().rules if rule.ruling == Ruling.ASKED]
    wanted = [rule for rule in asking if rule.groups or rule.queue or rule.approvals > 1]
    sets = list(dict.fromkeys((rule.queue, rule.groups) for rule in wanted))[:MOST]
    found = {one: _people(*one) for one in sets}
    return [
        _said(rule, found[rule.queue, rule.groups])
        for rule in wanted
        if found.get((rule.queue, rule.groups), rule.approvals) < rule.approvals
    ]


def _people(queue: str, groups: tuple[str, ...]) -> int:
    """How many have a seat in the queue, or in any where it is that of the run, and belong to one of the groups."""
    seats = Membership.objects.filter(user=OuterRef("pk"))
    people = User.objects.filter(Exists(seats.filter(queue__slug=queue) if queue else seats), is_active=True)
    return people.filter(pk__in=voters.members_of(groups).values("pk")).count() if groups else people.count()


def _said(rule: Rule, people: int) -> str:
    where = f"the queue {rule.queue}" if rule.queue else "any queue"
    who = f" and belong to {' or '.join(rule.groups)}" if rule.groups else ""
    number = "nobody has" if not people else "1 person has" if people == 1 else f"{people} people have"
    has = who.replace("belong", "belongs", 1) if people < 2 else who
    return f"“{rule.label}” needs {rule.approvals} to approve, and {number} a seat in {where}{has}."
