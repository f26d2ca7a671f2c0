"""What the desk sends out, and where to."""

import ipaddress

import pytest
from django.contrib.messages import get_messages
from django.utils import timezone

from reviews.actions import endpoints, notices, outbox
from reviews.models import AuditEntry, Endpoint, Notice
from reviews.states import NoticeKind
from tests import factories
from tests.reviews import desk_data
from tests.reviews.desk_data import text_of
from tests.reviews.web.visits import page_of, post

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.org/services/very-secret"


@pytest.fixture(autouse=True)
def outside(settings, alice):
    settings.FOUREYES_SEAL_KEYS = [b"k" * 32]
    settings.FOUREYES_SMTP = {**settings.FOUREYES_SMTP, "host": "mail.example.org"}
    alice.email = "alice@example.org"
    alice.save()


@pytest.fixture
def hook(mara, queue):
    return endpoints.add(
        by=mara, queue=queue, channel="webhook", name="Hook", url=URL, host="hooks.example.org", kinds=["reminder"]
    )[0]


@pytest.fixture
def dead(alice):
    notices.owe(desk_data.refund(), NoticeKind.REMINDER, [alice], key="k")
    outbox.failed(outbox.take(timezone.now()), "550 no such mailbox", for_good=True)
    return Notice.objects.get(channel="email")


def form(queue, /, **changes):
    said = {"queue": str(queue.pk), "channel": "webhook", "name": "Hook", "url": URL, "kinds": ["escalated"]}
    return said | changes


class TestOutbox:
    def test_shows_what_was_given_up_and_why(self, dead, mara):
        page = text_of(page_of(mara, "reviews:outbox"))
        assert "alice@example.org" in page and "550 no such mailbox" in page and "1 given up" in page
        assert "Send again" in page

    @pytest.mark.parametrize("name", ["outbox", "endpoints", "add_endpoint"])
    def test_is_there_for_managers_and_admins_only(self, name, alice, otto, charlie, mara, admin):
        statuses = [page_of(person, f"reviews:{name}").status_code for person in (alice, otto, charlie, mara, admin)]
        assert statuses == [404, 404, 404, 200, 200]

    def test_shows_a_manager_only_their_queues_and_admins_the_desk_itself(self, dead, mara, admin):
        other = factories.queue("legal")
        Notice.objects.update(queue=other)
        assert "alice@example.org" not in text_of(page_of(mara, "reviews:outbox"))
        Notice.objects.update(queue=None)
        assert "alice@example.org" not in text_of(page_of(mara, "reviews:outbox"))
        assert "alice@example.org" in text_of(page_of(admin, "reviews:outbox"))

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"status": "dead"}, 1),
            ({"status": "sent"}, 0),
            ({"channel": "email"}, 1),
            ({"channel": "slack"}, 0),
            ({"kind": "reminder", "queue": "support"}, 1),
            ({"status": "lost"}, 0),
        ],
    )
    def test_is_filtered(self, dead, mara, query, found):
        assert len(page_of(mara, "reviews:outbox", **query).context["page"].rows) == found

    def test_goes_on_page_by_page_with_few_statements(self, dead, mara, client, django_assert_max_num_queries):
        rows = []
        for number in range(60):
            row = Notice.objects.get(pk=dead.pk)
            row.pk, row.key = None, f"copy:{number}"
            rows.append(row)
        Notice.objects.bulk_create(rows)
        client.force_login(mara)
        with django_assert_max_num_queries(12):
            first = client.get("/notices/outbox/")
        second = page_of(mara, "reviews:outbox", after=first.context["page"].after)
        assert [len(page.context["page"].rows) for page in (first, second)] == [50, 11]


class TestSendAgain:
    def test_owes_it_anew(self, dead, mara):
        assert post(mara, "reviews:send_again", dead.pk).status_code == 302
        dead.refresh_from_db()
        assert dead.status == "owed"

    def test_says_when_there_is_nothing_to_do(self, dead, mara, client):
        post(mara, "reviews:send_again", dead.pk)
        client.force_login(mara)
        page = client.post(f"/notices/outbox/{dead.pk}/send-again/", follow=True)
        assert "This message is not given up" in text_of(page)

    def test_is_refused_to_others(self, dead, alice, admin):
        assert post(alice, "reviews:send_again", dead.pk).status_code == 404
        other = factories.user("max")
        factories.seat(other, factories.queue("legal"), "manager")
        assert post(other, "reviews:send_again", dead.pk).status_code == 403


class TestAddEndpoint:
    def test_shows_the_secret_once(self, mara, queue):
        page = post(mara, "reviews:add_endpoint", **form(queue))
        made = Endpoint.objects.get()
        secret = endpoints.secrets_of(made, timezone.now())[0]
        assert secret in text_of(page) and "no-store" in page["Cache-Control"]
        again = page_of(mara, "reviews:endpoint", made.pk).content.decode()
        assert secret not in again and "very-secret" not in again and "hooks.example.org" in again

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"url": "http://hooks.example.org/"}, "https://"),
            ({"url": "https://a:b@hooks.example.org/"}, "name or a password"),
            ({"url": "javascript:alert(1)"}, "https://"),
            ({"url": "http://127.0.0.1:8080/"}, "FOUREYES_WEBHOOK_ALLOW"),
            ({"url": "https://10.2.3.4/hook"}, "10.2.3.4 is an address of a private network"),
            ({"url": "https://[::1]/hook"}, "::1 is an address of a private network"),
            ({"name": ""}, "required"),
            ({"queue": "99"}, "valid choice"),
            ({"queue": "desk"}, "valid choice"),
            ({"channel": "email"}, "valid choice"),
            ({"kinds": ["everything"]}, "valid choice"),
        ],
    )
    def test_refuses_nonsense(self, mara, queue, wrong, said):
        page = post(mara, "reviews:add_endpoint", **form(queue, **wrong))
        assert page.status_code == 422
        assert said in page.content.decode()
        assert not Endpoint.objects.exists()

    def test_takes_an_address_of_a_network_that_the_settings_name(self, mara, queue, settings):
        settings.FOUREYES_WEBHOOK_ALLOW = [ipaddress.ip_network("10.2.0.0/16")]
        assert post(mara, "reviews:add_endpoint", **form(queue, url="http://10.3.0.1/")).status_code == 422
        assert post(mara, "reviews:add_endpoint", **form(queue, url="http://10.2.3.4/")).status_code == 200
        assert Endpoint.objects.get().host == "10.2.3.4"

    def test_refuses_a_name_twice(self, hook, mara, queue):
        page = post(mara, "reviews:add_endpoint", **form(queue))
        assert page.status_code == 422 and "of this name already" in text_of(page)

    def test_says_that_there_is_no_key(self, mara, queue, settings):
        settings.FOUREYES_SEAL_KEYS = []
        page = post(mara, "reviews:add_endpoint", **form(queue))
        assert page.status_code == 422 and "FOUREYES_SEAL_KEYS" in text_of(page)

    def test_lets_admins_name_one_for_all_queues(self, admin, queue):
        assert post(admin, "reviews:add_endpoint", **form(queue, queue="desk", channel="slack")).status_code == 302
        assert Endpoint.objects.get().queue is None


class TestEndpoint:
    def test_is_changed_without_its_address(self, hook, mara):
        assert post(mara, "reviews:endpoint", hook.pk, kinds=["opened"], url="").status_code == 302
        hook.refresh_from_db()
        assert (hook.kinds, hook.is_active, hook.opened) == (["opened"], False, True)
        assert endpoints.address(hook) == URL

    def test_moves(self, hook, mara):
        post(mara, "reviews:endpoint", hook.pk, is_active="on", url="https://new.example.org/x")
        hook.refresh_from_db()
        assert (endpoints.address(hook), hook.host) == ("https://new.example.org/x", "new.example.org")

    def test_is_tested(self, hook, mara):
        assert post(mara, "reviews:test_endpoint", hook.pk).status_code == 302
        assert "Test message" in text_of(page_of(mara, "reviews:endpoint", hook.pk))

    def test_gets_a_new_secret(self, hook, mara):
        old = endpoints.secrets_of(hook, timezone.now())
        seen = page_of(mara, "reviews:endpoint", hook.pk).context["seen"]
        page = text_of(post(mara, "reviews:rotate_secret", hook.pk, seen=seen))
        hook.refresh_from_db()
        new = endpoints.secrets_of(hook, timezone.now())
        assert new[0] in page and new[1:] == old

        again = post(mara, "reviews:rotate_secret", hook.pk, seen=seen)  # the page with the secret, loaded again
        hook.refresh_from_db()
        assert (again.status_code, endpoints.secrets_of(hook, timezone.now())) == (302, new)
        assert "replaced already" in " ".join(map(str, get_messages(again.wsgi_request)))

    def test_is_removed(self, hook, mara):
        assert post(mara, "reviews:remove_endpoint", hook.pk).status_code == 302
        assert not Endpoint.objects.present().exists()
        assert hook.name not in page_of(mara, "reviews:endpoints").content.decode()
        assert page_of(mara, "reviews:endpoint", hook.pk).status_code == 404

    @pytest.mark.parametrize("name", ["endpoint", "test_endpoint", "rotate_secret", "remove_endpoint"])
    def test_of_another_queue_is_not_there(self, hook, name, alice):
        other = factories.user("max")
        factories.seat(other, factories.queue("legal"), "manager")
        for person in (other, alice):
            assert post(person, f"reviews:{name}", hook.pk).status_code == 404
        assert not AuditEntry.objects.filter(action__in=["endpoint.rotated", "endpoint.removed"]).exists()
