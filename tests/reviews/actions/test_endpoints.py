"""The addresses a queue's messages go to."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from reviews.actions import Conflict, Invalid, endpoints, notices, outbox
from reviews.models import AuditEntry, Endpoint, Notice
from reviews.sealing import Unsealable
from reviews.states import NoticeChannel, NoticeKind
from tests import factories
from tests.reviews.actions.conftest import book

URL = "https://hooks.example.org/services/T0/B0/very-secret"


@pytest.fixture(autouse=True)
def key(settings):
    settings.FOUREYES_SEAL_KEYS = [b"k" * 32]


def add(by, queue, channel=NoticeChannel.WEBHOOK, **changes):
    said = {"name": "Hook", "url": URL, "host": "hooks.example.org", "kinds": ["reminder"]}
    return endpoints.add(by=by, queue=queue, channel=channel, **said | changes)


class TestAdd:
    def test_keeps_the_address_and_the_secret_where_nobody_can_read_them(self, mara, queue):
        endpoint, secret = add(mara, queue)
        stored = Endpoint.objects.get()
        for sealed in (stored.sealed_url, stored.sealed_secret):
            assert b"secret" not in bytes(sealed) and secret.encode() not in bytes(sealed)
        assert endpoints.address(stored) == URL
        assert endpoints.secrets_of(stored, timezone.now()) == [secret]
        assert secret.startswith("whsec_") and len(secret) > 40

    def test_makes_no_secret_for_a_chat_room(self, mara, queue):
        assert add(mara, queue, NoticeChannel.SLACK)[1] == ""

    def test_stands_in_the_book_without_what_lets_people_in(self, mara, queue):
        _, secret = add(mara, queue)
        line = AuditEntry.objects.get(action="endpoint.added")
        assert "hooks.example.org" in line.data and line.actor == "mara"
        assert "very-secret" not in line.data and secret not in line.data

    def test_is_for_managers_of_that_queue_and_for_admins(self, mara, alice, otto, admin, queue):
        for person in (alice, otto):
            with pytest.raises(PermissionDenied):
                add(person, queue)
        with pytest.raises(PermissionDenied):
            add(mara, factories.queue("legal"))
        with pytest.raises(PermissionDenied):
            add(mara, None)
        assert add(admin, None)[0].queue is None

    def test_refuses_a_name_twice_and_more_than_fit(self, mara, queue, monkeypatch):
        add(mara, queue)
        with pytest.raises(Invalid, match="already"):
            add(mara, queue)
        monkeypatch.setattr(notices, "ENDPOINTS_PER_QUEUE", 1)
        with pytest.raises(Invalid, match="at most 1"):
            add(mara, queue, name="Another")

    def test_keeps_nothing_unsealed(self, mara, queue, settings):
        settings.FOUREYES_SEAL_KEYS = []
        with pytest.raises(Unsealable, match="FOUREYES_SEAL_KEYS"):
            add(mara, queue)
        assert not Endpoint.objects.exists()

    def test_notes_whether_it_hears_of_new_items(self, mara, queue):
        assert not add(mara, queue)[0].opened
        assert add(mara, queue, name="All", kinds=["opened"])[0].opened


class TestChange:
    def test_leaves_the_address_unless_there_is_a_new_one(self, mara, queue):
        endpoint, _ = add(mara, queue)
        changed = endpoints.change(endpoint.pk, by=mara, kinds=["opened"], is_active=False)
        assert (changed.kinds, changed.opened, changed.is_active) == (["opened"], True, False)
        assert endpoints.address(changed) == URL
        moved = endpoints.change(
            endpoint.pk, by=mara, kinds=[], is_active=True, url="https://new.example.org/", host="new.example.org"
        )
        assert (endpoints.address(moved), moved.host) == ("https://new.example.org/", "new.example.org")

    def test_is_refused_to_others(self, mara, alice, queue):
        endpoint, _ = add(mara, queue)
        with pytest.raises(PermissionDenied):
            endpoints.change(endpoint.pk, by=alice, kinds=[], is_active=True)


class TestRotate:
    def test_keeps_the_old_secret_in_force_for_a_day(self, mara, queue):
        endpoint, old = add(mara, queue)
        new = endpoints.rotate(endpoint.pk, by=mara)
        endpoint.refresh_from_db()
        now = timezone.now()
        assert endpoints.secrets_of(endpoint, now) == [new, old]
        assert endpoints.secrets_of(endpoint, now + timedelta(hours=25)) == [new]
        assert book()[-1] == "endpoint.rotated"

    def test_is_for_webhooks(self, mara, queue):
        endpoint, _ = add(mara, queue, NoticeChannel.TEAMS)
        with pytest.raises(Invalid):
            endpoints.rotate(endpoint.pk, by=mara)

    def test_leaves_no_secret_usable_in_another_row(self, mara, queue):
        one, _ = add(mara, queue)
        other, _ = add(mara, queue, name="Other")
        other.sealed_secret = one.sealed_secret
        with pytest.raises(Unsealable):
            endpoints.secrets_of(other, timezone.now())


class TestRemove:
    def test_withdraws_what_is_owed_and_keeps_what_was_sent(self, mara, queue):
        endpoint, _ = add(mara, queue)
        item = factories.question(factories.leased())
        notices.owe(item, NoticeKind.REMINDER, [], key="k")
        endpoints.remove(endpoint.pk, by=mara)
        assert not Endpoint.objects.present().exists()
        assert Notice.objects.get().status == "cancelled"
        assert book()[-1] == "endpoint.removed"

    def test_keeps_neither_address_nor_secret(self, mara, queue):
        endpoint, _ = add(mara, queue)
        endpoints.rotate(endpoint.pk, by=mara)
        endpoints.remove(endpoint.pk, by=mara)
        left = Endpoint.objects.get()
        assert [bytes(one) for one in (left.sealed_url, left.sealed_secret, left.sealed_previous)] == [b"", b"", b""]
        assert not left.is_active and left.removed_at is not None

    def test_lets_go_of_its_name_and_its_place(self, mara, queue, monkeypatch):
        monkeypatch.setattr(notices, "ENDPOINTS_PER_QUEUE", 1)
        endpoints.remove(add(mara, queue)[0].pk, by=mara)
        assert add(mara, queue)[0].name == "Hook"

    def test_is_for_good(self, mara, queue):
        endpoint, _ = add(mara, queue)
        endpoints.remove(endpoint.pk, by=mara)
        with pytest.raises(PermissionDenied):
            endpoints.change(endpoint.pk, by=mara, kinds=["opened"], is_active=True)
        with pytest.raises(PermissionDenied):
            endpoints.remove(endpoint.pk, by=mara)

    def test_withdraws_what_a_gate_owes_that_had_read_the_address_before(self, mara, queue):
        endpoint, _ = add(mara, queue)
        read = Endpoint.objects.get()
        endpoints.remove(endpoint.pk, by=mara)
        notices.owe_test(read, key="late")
        assert outbox.take(timezone.now()) is None
        assert Notice.objects.get().status == "cancelled"

    def test_leaves_nowhere_to_send_again_what_was_given_up(self, mara, queue):
        endpoint, _ = add(mara, queue)
        owed = endpoints.test(endpoint.pk, by=mara)
        Notice.objects.update(status="dead")
        endpoints.remove(endpoint.pk, by=mara)
        with pytest.raises(Conflict, match="Hook was removed"):
            notices.send_again(owed.pk, by=mara)


class TestTest:
    def test_owes_one_message_to_that_address_alone(self, mara, queue):
        endpoint, _ = add(mara, queue, kinds=[])
        add(mara, queue, name="Other")
        owed = endpoints.test(endpoint.pk, by=mara)
        assert Notice.objects.get() == owed
        assert (owed.kind, owed.queue, owed.endpoint) == (NoticeKind.TEST, queue, endpoint)
