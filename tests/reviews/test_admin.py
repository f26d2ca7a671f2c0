"""The admin: what may be edited is signed, what the verbs wrote is only read."""

import json
from datetime import UTC, datetime

import pytest
from django.contrib import admin as site
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from reviews import access, audit
from reviews.admin.read_only import ReadOnly
from reviews.models import (
    AuditEntry,
    AuditHead,
    Checkpoint,
    Decision,
    Event,
    Intervention,
    Membership,
    Queue,
    Run,
    Span,
    ToolCall,
)
from tests import factories
from tests.reviews import desk_data

WRITTEN_BY_VERBS = [AuditEntry, AuditHead, Checkpoint, Decision, Event, Intervention, Run, Span, ToolCall]


@pytest.fixture
def desk(admin):
    """The admin's browser."""
    client = Client()
    client.force_login(admin)
    return client


def address(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def signed():
    return [
        (entry.action, entry.actor, json.loads(entry.data)["name"])
        for entry in AuditEntry.objects.filter(action__startswith="admin.").order_by("seq")
    ]


def rights():
    """What the newest line says of rights: for each its value before and after."""
    return json.loads(AuditEntry.objects.order_by("-seq").first().data).get("rights")


@pytest.mark.parametrize("model", WRITTEN_BY_VERBS, ids=lambda model: model.__name__)
class TestReadOnly:
    def test_holds_even_for_a_superuser(self, rf, admin, model):
        request = rf.get("/admin/")
        request.user = admin
        face = site.site._registry[model]

        assert isinstance(face, ReadOnly)
        assert face.has_view_permission(request)
        assert not face.has_add_permission(request)
        assert not face.has_change_permission(request)
        assert not face.has_delete_permission(request)

    def test_pages_can_be_read_and_not_posted_to(self, desk, alice, model):
        asked = desk_data.refund(on=factories.leased(factories.run(by=alice)))
        pk = {Run: asked.run_id, Intervention: asked.pk}.get(model) or model.objects.values_list(
            "pk", flat=True
        ).first()

        assert desk.get(address(model, "changelist")).status_code == 200
        assert desk.get(address(model, "add")).status_code == 403
        if pk is not None:
            assert desk.get(address(model, "change", pk)).status_code == 200
            assert desk.post(address(model, "change", pk), {"status": "completed"}).status_code == 403
            assert desk.post(address(model, "delete", pk), {"post": "yes"}).status_code == 403

    def test_hides_from_staff_who_are_no_auditors(self, rf, alice, model):
        alice.is_staff = True
        request = rf.get("/admin/")
        request.user = alice

        assert not site.site._registry[model].has_view_permission(request)
        assert not site.site._registry[model].has_module_permission(request)


class TestSigned:
    def test_a_new_queue_is_in_the_book(self, desk):
        data = {"name": "Legal", "slug": "legal", "description": ""}
        form = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}

        assert desk.post(address(Queue, "add"), data | form).status_code == 302

        assert signed() == [("admin.added", "admin", "Legal")]

    def test_a_changed_account_is_in_the_book_without_its_password(self, desk, bob):
        data = {"username": "bob", "first_name": "Robert", "is_active": "on"}
        joined = {"date_joined_0": "2026-01-01", "date_joined_1": "12:00:00"}

        assert desk.post(address(User, "change", bob.pk), data | joined).status_code == 302

        entry = AuditEntry.objects.get(action="admin.changed")
        assert "first name" in entry.data.lower()
        assert bob.password not in entry.data

    def test_a_granted_right_is_named_with_what_was_before(self, desk, bob):
        auditor = Group.objects.get(name="auditor")
        data = {"username": "bob", "is_active": "on", "is_superuser": "on", "is_staff": "on", "groups": [auditor.pk]}
        joined = {"date_joined_0": "2026-01-01", "date_joined_1": "12:00:00"}

        assert desk.post(address(User, "change", bob.pk), data | joined).status_code == 302

        assert rights() == {
            "is_staff": [False, True],
            "is_superuser": [False, True],
            "groups": [["reviewer"], ["auditor"]],
        }

    def test_a_queue_keeps_the_short_name_that_rules_know_it_by(self, desk, queue):
        page = desk.get(address(Queue, "change", queue.pk)).content.decode()
        assert 'name="slug"' not in page and 'name="name"' in page
        seats = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
        sent = {"name": "Helpers", "slug": "helpers", "description": ""} | seats
        assert desk.post(address(Queue, "change", queue.pk), sent).status_code == 302
        queue.refresh_from_db()
        assert (queue.name, queue.slug) == ("Helpers", "support")

    def test_a_seat_is_named_when_it_is_given_changed_and_taken(self, desk, queue, charlie):
        form = {"user": charlie.pk, "queue": queue.pk}
        desk.post(address(Membership, "add"), form | {"role": "reviewer"})
        assert rights() == {"user": [None, "charlie"], "queue": [None, "support"], "role": [None, "reviewer"]}

        seat = Membership.objects.get(user=charlie)
        desk.post(address(Membership, "change", seat.pk), form | {"role": "manager"})
        assert rights() == {"role": ["reviewer", "manager"]}

        desk.post(address(Membership, "delete", seat.pk), {"post": "yes"})
        assert rights() == {"user": ["charlie", None], "queue": ["support", None], "role": ["manager", None]}

    def test_a_seat_given_on_the_page_of_its_queue_is_named(self, desk, queue, charlie):
        form = {"name": "Support", "slug": "support", "description": ""}
        seats = {"memberships-TOTAL_FORMS": 1, "memberships-INITIAL_FORMS": 0}
        first = {"memberships-0-user": charlie.pk, "memberships-0-role": "manager", "memberships-0-queue": queue.pk}

        assert desk.post(address(Queue, "change", queue.pk), form | seats | first).status_code == 302

        assert rights() == {"seats": [{}, {"charlie": "manager"}]}

    def test_the_permissions_of_a_group_are_named(self, desk, queue, admin):
        group = Group.objects.get(name="auditor")
        granted = Permission.objects.get(codename="change_queue")

        desk.post(address(Group, "change", group.pk), {"name": "auditor", "permissions": [granted.pk]})

        assert rights() == {"permissions": [[], ["reviews.change_queue"]]}

    def test_a_deleted_person_is_named_with_every_right_they_had(self, desk, queue):
        dora = factories.user("dora")
        factories.seat(dora, queue)
        dora.groups.add(Group.objects.get(name="auditor"))

        assert desk.post(address(User, "delete", dora.pk), {"post": "yes"}).status_code == 302

        found = rights()
        assert found["seats"] == [{"support": "reviewer"}, None]
        assert found["groups"][1] is None and "auditor" in found["groups"][0]

    def test_a_deleted_group_is_named_with_its_people(self, desk, bob):
        group = Group.objects.create(name="readers")
        bob.groups.add(group)

        assert desk.post(address(Group, "delete", group.pk), {"post": "yes"}).status_code == 302

        assert rights() == {"name": ["readers", None], "permissions": [[], None], "people": [["bob"], None]}

    def test_a_renamed_group_is_named_with_what_it_was(self, desk):
        group = Group.objects.create(name="readers")

        assert desk.post(address(Group, "change", group.pk), {"name": "writers"}).status_code == 302

        assert rights() == {"name": ["readers", "writers"]}

    def test_a_new_password_is_in_the_book_but_not_its_text(self, desk, bob):
        word = "correct-horse-battery-7"
        data = {"password1": word, "password2": word, "usable_password": "true"}

        assert desk.post(reverse("admin:auth_user_password_change", args=[bob.pk]), data).status_code == 302

        assert signed() == [("admin.changed", "admin", "bob")]
        assert rights() is None
        assert not AuditEntry.objects.filter(data__contains=word).exists()

    def test_deleting_several_at_once_signs_for_each(self, desk, queue, charlie, bob):
        seats = [factories.seat(charlie, queue), *Membership.objects.filter(user=bob)]
        data = {"action": "delete_selected", "_selected_action": [seat.pk for seat in seats], "post": "yes"}

        assert desk.post(address(Membership, "changelist"), data).status_code == 302

        assert [action for action, *_ in signed()] == ["admin.deleted"] * 2
        assert not Membership.objects.filter(pk__in=[seat.pk for seat in seats]).exists()

    def test_the_chain_still_holds(self, desk):
        desk.post(address(Queue, "add"), {"name": "A", "slug": "a"})

        assert isinstance(audit.verify(), audit.Verified)

    def test_what_cannot_be_signed_is_not_done(self, desk, monkeypatch):
        def refuse(*acts):
            raise RuntimeError("the book is closed")

        monkeypatch.setattr(audit, "record", refuse)
        form = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}

        with pytest.raises(RuntimeError):
            desk.post(address(Queue, "add"), {"name": "Legal", "slug": "legal"} | form)

        assert not Queue.objects.filter(slug="legal").exists()


@pytest.mark.parametrize("name", access.ROLES)
class TestRoles:
    @pytest.fixture
    def role(self, name, admin):
        return Group.objects.get_or_create(name=name)[0]

    def test_keep_their_names(self, desk, role, name):
        desk.post(address(Group, "change", role.pk), {"name": "readers", "permissions": []})

        role.refresh_from_db()
        assert role.name == name

    def test_are_not_deleted(self, desk, role, name):
        assert desk.post(address(Group, "delete", role.pk), {"post": "yes"}).status_code == 403

        assert Group.objects.filter(name=name).exists()
        assert signed() == []

    def test_are_not_deleted_among_others(self, desk, role, name):
        other = Group.objects.create(name="readers")
        data = {"action": "delete_selected", "_selected_action": [role.pk, other.pk], "post": "yes"}

        page = desk.post(address(Group, "changelist"), data).content.decode()

        assert f"the role {name}" in page
        assert Group.objects.filter(name__in=[name, "readers"]).count() == 2
        assert signed() == []

    def test_may_be_taken_for_a_new_group_by_nobody(self, desk, role, name):
        desk.post(address(Group, "add"), {"name": name})

        assert Group.objects.filter(name=name).count() == 1


class TestDoor:
    def test_is_closed_to_those_who_are_no_staff(self, alice, charlie):
        for user in (alice, charlie):
            client = Client()
            client.force_login(user)
            assert client.get("/admin/").status_code in (302, 403, 404)


def test_moments_are_written_as_on_the_desk_with_their_time_zone(desk):
    run = factories.run()
    Run.objects.filter(pk=run.pk).update(created_at=datetime(2026, 11, 22, 23, 12, 5, tzinfo=UTC))

    assert "22 Nov 2026, 23:12:05 UTC" in desk.get(address(Run, "changelist")).content.decode()
