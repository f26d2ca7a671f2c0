"""Who may see and do what."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from reviews import access
from reviews.models import CallIn, Intervention, Membership, Run
from tests import factories

pytestmark = pytest.mark.django_db
SUPPORT, LEGAL = "support", "legal"


@pytest.fixture
def items(queue):
    """One open question in each of two queues."""
    factories.card("clerk", queue=SUPPORT)
    factories.card("lawyer", queue=LEGAL)
    return {
        SUPPORT: factories.question(factories.leased(factories.run(agent="clerk"))),
        LEGAL: factories.question(factories.leased(factories.run(agent="lawyer"))),
    }


@pytest.fixture
def gone(alice):
    """A reviewer whose account was switched off."""
    alice.is_active = False
    alice.save()
    return alice


@pytest.fixture
def gone_admin(admin):
    """A superuser whose account was switched off."""
    admin.is_active = False
    return admin


@pytest.fixture
def gone_auditor(otto):
    """An auditor whose account was switched off."""
    otto.is_active = False
    return otto


@pytest.fixture
def nobody():
    """A visitor who has not signed in."""
    return AnonymousUser()


BOTH, NONE = {SUPPORT, LEGAL}, set()
MATRIX = [
    # who, sees queues and items, sees the book, decides in, operates in, manages
    ("alice", {SUPPORT}, False, {SUPPORT}, {SUPPORT}, NONE),
    ("bob", {SUPPORT}, False, {SUPPORT}, {SUPPORT}, NONE),
    ("mara", {SUPPORT}, False, {SUPPORT}, {SUPPORT}, {SUPPORT}),
    ("charlie", NONE, False, NONE, NONE, NONE),
    ("otto", BOTH, True, NONE, NONE, NONE),
    ("admin", BOTH, True, NONE, BOTH, NONE),
    ("gone", NONE, False, NONE, NONE, NONE),
    ("gone_admin", NONE, False, NONE, NONE, NONE),
    ("gone_auditor", NONE, False, NONE, NONE, NONE),
    ("nobody", NONE, False, NONE, NONE, NONE),
]


@pytest.mark.parametrize(
    ("who", "sees", "book", "decides", "operates", "manages"), MATRIX, ids=[row[0] for row in MATRIX]
)
class TestTheMatrix:
    @pytest.fixture
    def user(self, who, request):
        return request.getfixturevalue(who)

    def test_of_what_is_seen(self, user, sees, book, decides, operates, manages, items):
        assert {queue.slug for queue in access.visible_queues(user)} == sees
        assert {item.queue.slug for item in access.visible_interventions(user)} == sees
        assert {run.queue.slug for run in access.visible_runs(user)} == sees

    def test_of_the_book(self, user, sees, book, decides, operates, manages, items):
        assert access.sees_audit(user) is book

    def test_of_who_decides(self, user, sees, book, decides, operates, manages, items):
        assert {slug for slug, item in items.items() if allowed(access.require_reviewer, user, item)} == decides
        assert {slug for slug, item in items.items() if access.can_work_in(user, item.queue_id)} == decides
        asked = Intervention.objects.annotate(mine=access.works_on(user)).select_related("queue")
        assert {item.queue.slug for item in asked if item.mine} == decides

    def test_of_who_decides_once_they_are_called_in(self, user, sees, book, decides, operates, manages, items):
        if user.pk:
            CallIn.objects.create(intervention=items[LEGAL], user=user, level=1, at=timezone.now())
        mine = set(Intervention.objects.annotate(mine=access.works_on(user)).filter(mine=True))
        assert mine == {item for item in items.values() if access.can_work_on(user, item)}
        assert (items[LEGAL] in mine) is (user.is_active and user.pk is not None)

    def test_of_who_operates(self, user, sees, book, decides, operates, manages, items):
        assert {slug for slug, item in items.items() if allowed(access.require_operator, user, item.run)} == operates

    def test_of_who_manages(self, user, sees, book, decides, operates, manages, items):
        assert {slug for slug, item in items.items() if access.manages(user, item.queue_id)} == manages


def allowed(require, user, thing):
    try:
        require(user, thing)
    except PermissionDenied:
        return False
    return True


class TestVisibleRuns:
    def test_include_those_with_a_question_in_ones_queue_once_each(self, items, alice):
        run = items[LEGAL].run
        for _ in range(2):
            Intervention.objects.filter(run=run).update(queue=items[SUPPORT].queue)
        assert set(access.visible_runs(alice)) == {run, items[SUPPORT].run}
        assert access.visible_runs(alice).count() == 2

    def test_take_one_query_once_the_roles_are_known(self, items, alice, django_assert_num_queries):
        access.sees_everything(alice)
        with django_assert_num_queries(1):
            list(access.visible_runs(alice))


class TestSeats:
    def test_that_are_taken_away_close_the_queue_at_once(self, items, alice):
        assert access.visible_interventions(alice).exists()
        Membership.objects.filter(user=alice).delete()
        assert not access.visible_interventions(alice).exists()
        assert not access.visible_runs(alice).exists()

    def test_count_and_not_the_reviewers_group(self, items, charlie):
        charlie.groups.add(Group.objects.get_or_create(name=access.REVIEWER)[0])
        assert not access.can_work_in(charlie, items[SUPPORT].queue_id)
        assert not access.visible_interventions(charlie).exists()


class TestRoles:
    def test_are_made_once(self, db):
        access.ensure_roles()
        access.ensure_roles()
        assert set(Group.objects.values_list("name", flat=True)) == {"reviewer", "manager", "auditor", "admin"}

    def test_of_a_superuser_are_admin_and_no_other(self, admin):
        admin.groups.clear()
        assert access.has_role(admin, access.ADMIN)
        assert not access.has_role(admin, access.AUDITOR)

    def test_are_asked_for_once_per_account(self, otto, django_assert_num_queries):
        with django_assert_num_queries(1):
            assert access.has_role(otto, access.AUDITOR)
            assert not access.has_role(otto, access.MANAGER)


def test_refusals_name_who_and_where(items, charlie):
    with pytest.raises(PermissionDenied, match="charlie is not a reviewer of the queue “Support”"):
        access.require_reviewer(charlie, items[SUPPORT])
    with pytest.raises(PermissionDenied, match="charlie may not operate runs of the queue “Support”"):
        access.require_operator(charlie, items[SUPPORT].run)
    assert (Intervention.objects.count(), Run.objects.count()) == (2, 2)
