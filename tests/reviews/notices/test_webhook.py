"""What is posted to chat rooms and programs."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from reviews.actions import endpoints, notices, outbox
from reviews.models import Endpoint, Notice
from reviews.notices import webhook
from reviews.notices.failed import Failed
from reviews.notices.span import Span
from reviews.states import NoticeChannel, NoticeKind
from tests.reviews.notices.conftest import made
from tests.reviews.notices.servers import Answer

pytestmark = pytest.mark.django_db


def take():
    parcel = outbox.take(timezone.now())
    assert parcel is not None
    return parcel


def deliver():
    webhook.send(take(), Span())


@pytest.fixture
def owed(hook, refund):
    notices.owe_webhook(refund, NoticeKind.ESCALATED, key="k", says="Nobody has taken it.")
    return Notice.objects.get(channel="webhook")


class TestAWebhook:
    def test_is_signed_so_that_its_receiver_can_tell(self, owed, hook, receiver):
        deliver()
        (posted,) = receiver.posts
        said = Webhook(hook[1]).verify(posted.body, posted.headers)
        assert said["type"] == "intervention.escalated"
        assert posted.headers["webhook-id"] == f"msg_{owed.message}"
        with pytest.raises(WebhookVerificationError):
            Webhook(hook[1]).verify(posted.body.replace(b"issue_refund", b"issue_credit"), posted.headers)

    def test_says_what_the_item_is_and_nothing_of_its_arguments(self, owed, refund, receiver):
        deliver()
        body = receiver.posts[0].body.decode()
        data = json.loads(body)["data"]
        assert data["url"] == f"http://testserver/interventions/{refund.pk}/"
        assert (data["tool"], data["risk"], data["queue"]) == ("issue_refund", "medium", "Support")
        assert "4820" not in body and "C-88213" not in body and refund.title not in body

    def test_carries_both_signatures_for_a_day_after_its_secret_was_replaced(self, owed, hook, receiver, admin):
        endpoint, old = hook
        new = endpoints.rotate(endpoint.pk, by=admin)
        deliver()
        posted = receiver.posts[0]
        assert Webhook(old).verify(posted.body, posted.headers) == Webhook(new).verify(posted.body, posted.headers)
        Endpoint.objects.update(previous_until=timezone.now() - timedelta(seconds=1))
        endpoint.refresh_from_db()
        assert endpoints.secrets_of(endpoint, timezone.now()) == [new]

    def test_keeps_its_id_and_renews_its_time_when_it_is_tried_again(self, owed):
        early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
        tries = [webhook.packed(owed, moment) for moment in (early, late)]
        assert tries[0][0] == tries[1][0]
        assert tries[0][1]["webhook-id"] == tries[1][1]["webhook-id"]
        assert tries[0][1]["webhook-timestamp"] != tries[1][1]["webhook-timestamp"]


class TestAnAnswer:
    @pytest.mark.parametrize("status", [200, 201, 202, 204])
    def test_that_says_yes_is_enough(self, owed, receiver, status):
        receiver.on_post = lambda posted: Answer(status, body=b"")
        deliver()

    @pytest.mark.parametrize(
        ("status", "for_good"), [(301, True), (307, True), (400, False), (404, False), (410, True), (500, False)]
    )
    def test_that_says_no_is_a_failure(self, owed, receiver, status, for_good):
        receiver.on_post = lambda posted: Answer(status, {"Location": f"{receiver.url}/elsewhere"})
        with pytest.raises(Failed, match=str(status)) as failure:
            deliver()
        assert failure.value.for_good == for_good
        assert len(receiver.posts) == 1, "redirects are not followed"

    def test_may_ask_for_patience(self, owed, receiver):
        receiver.on_post = lambda posted: Answer(429, {"Retry-After": "120"})
        with pytest.raises(Failed) as failure:
            deliver()
        assert failure.value.wait == 120

    @pytest.mark.parametrize("said", ["Wed, 21 Oct 2026 07:28:00 GMT", "-5", "nan", "inf", ""])
    def test_that_asks_for_nonsense_is_not_heeded(self, owed, receiver, said):
        receiver.on_post = lambda posted: Answer(503, {"Retry-After": said})
        with pytest.raises(Failed) as failure:
            deliver()
        assert failure.value.wait is None

    @pytest.mark.parametrize(("status", "named"), [(500, "500 Internal Server Error"), (599, "599")])
    def test_is_told_by_its_number_alone(self, owed, receiver, status, named):
        receiver.on_post = lambda posted: Answer(status, body=b"\x1b[31mno\n" + b"x" * 1_000_000)
        with pytest.raises(Failed) as failure:
            deliver()
        assert str(failure.value) == f"The answer was {named}."


class TestAnAddress:
    def test_that_nobody_answers_at_may_be_tried_again(self, owed, receiver):
        receiver.close()
        with pytest.raises(Failed, match="127.0.0.1 cannot be reached") as failure:
            deliver()
        assert not failure.value.for_good
        assert "/hook" not in str(failure.value)

    def test_inside_of_the_house_is_given_up(self, owed, settings):
        settings.FOUREYES_WEBHOOK_ALLOW = []
        with pytest.raises(Failed, match="private") as failure:
            deliver()
        assert failure.value.for_good

    def test_whose_key_is_gone_is_given_up(self, owed, settings):
        settings.FOUREYES_SEAL_KEYS = []
        with pytest.raises(Failed, match="FOUREYES_SEAL_KEYS") as failure:
            deliver()
        assert failure.value.for_good

    def test_that_was_removed_while_it_was_on_its_way_is_given_up(self, owed, hook, admin):
        parcel = take()
        endpoints.remove(hook[0].pk, by=admin)
        parcel.first.endpoint.refresh_from_db()
        with pytest.raises(Failed, match="removed"):
            webhook.send(parcel, Span())

    def test_that_is_gone_is_given_up(self, owed):
        parcel = take()
        parcel.first.endpoint = None
        with pytest.raises(Failed, match="removed"):
            webhook.send(parcel, Span())

    def test_that_answers_drop_by_drop_is_cut_off(self, owed, receiver, settings):
        settings.FOUREYES_NOTICE_LEASE = 3

        def drip(handler):
            handler.connection.settimeout(0.05)
            for _ in range(200):
                handler.wfile.write(b"H")
                handler.wfile.flush()
                try:
                    if not handler.connection.recv(4096):
                        return  # the other side has hung up
                except TimeoutError:
                    continue

        stuck = receiver._server.RequestHandlerClass
        stuck.do_POST = drip
        began = datetime.now(UTC)
        with pytest.raises(Failed):
            deliver()
        assert datetime.now(UTC) - began < timedelta(seconds=2.9)

    def test_whose_name_took_too_long_to_find_is_left_to_another_round(self, owed, receiver):
        with pytest.raises(Failed, match="Finding 127.0.0.1 took too long") as failure:
            webhook.send(take(), Span(time.monotonic() - 1000))
        assert receiver.posts == [] and not failure.value.for_good


class TestChatRooms:
    @pytest.fixture
    def body(self, receiver, admin, queue, refund):
        def post(channel, **names):
            endpoint, _ = made(receiver.url, admin, queue, channel)
            notices.owe(refund, NoticeKind.REMINDER, [], key=channel)
            Notice.objects.filter(endpoint=endpoint).update(
                payload=Notice.objects.get(endpoint=endpoint).payload | names
            )
            deliver()
            assert "webhook-signature" not in receiver.posts[0].headers
            return json.loads(receiver.posts[0].body)

        return post

    def test_read_plain_text_and_a_link_in_slack(self, body, refund):
        said = body(NoticeChannel.SLACK, tool="pay <!channel> & *all*")
        assert said["text"] == "Reminder: pay &lt;!channel&gt; &amp; *all* needs approval"
        *texts, link = said["blocks"]
        assert {block["text"]["type"] for block in texts} == {"plain_text"}
        assert link["text"]["text"] == f"<http://testserver/interventions/{refund.pk}/|Open it at the desk>"

    def test_read_a_card_without_formatting_in_teams(self, body, refund):
        said = body(NoticeChannel.TEAMS, agent="[Clerk](https://evil.example)")
        card = said["attachments"][0]["content"]
        assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
        assert card["body"][0]["inlines"][0]["text"] == "Reminder: issue_refund needs approval"
        assert card["actions"] == [
            {
                "type": "Action.OpenUrl",
                "title": "Open it at the desk",
                "url": f"http://testserver/interventions/{refund.pk}/",
            }
        ]

    def test_offer_nothing_but_a_link(self, body):
        said = json.dumps(body(NoticeChannel.TEAMS))
        assert "Action.Http" not in said and "Action.Submit" not in said
