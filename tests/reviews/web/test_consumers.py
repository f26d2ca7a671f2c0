"""The sockets, over the channel layer the product uses."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.testing import WebsocketCommunicator
from channels_redis.pubsub import RedisPubSubLoopLayer
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.test import Client
from django.utils import timezone
from redis.asyncio import Redis

from hitl_site.asgi import application
from reviews import audit, live, pulse
from reviews.actions import asking_back, assignments, interventions, spans
from reviews.actors import POLICY
from reviews.models import Intervention, Membership, Run
from reviews.web import clock, fragments, hearing, switchboard
from tests import factories
from tests.reviews import desk_data

pytestmark = pytest.mark.django_db(transaction=True)
SOON = 15  # seconds; a loaded machine is slow
MOMENT = 0.3


@pytest.fixture(autouse=True)
def quiet_clock(settings) -> None:
    """No sign of life unless a test wants it."""
    settings.FOUREYES_LIVE_TICK = 600


class Line(WebsocketCommunicator):
    """A browser's end of the socket."""

    async def text(self) -> str:
        """The next message."""
        return await self.receive_from(timeout=SOON)

    async def until(self, *wanted: str) -> str:
        """The messages up to one that has all of the texts."""
        seen = ""
        for _ in range(20):
            seen += await self.text()
            if all(text in seen for text in wanted):
                return seen
        raise AssertionError(seen)

    async def closed_with(self) -> int:
        """The code with which the server hangs up."""
        while True:
            message = await self.receive_output(timeout=SOON)
            if message["type"] == "websocket.close":
                return message["code"]


@asynccontextmanager
async def line(person: User | None, path: str = "/ws/inbox/?since=0", origin: str | None = None):
    """An open socket of a signed-in person."""
    headers = [(b"origin", (origin or settings.SITE_ORIGINS[0]).encode())]
    if person is not None:
        browser = Client()
        await sync_to_async(browser.force_login)(person)
        headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={browser.session.session_key}".encode()))
    opened = Line(application, path, headers=headers)
    opened.is_open, _ = await opened.connect(timeout=SOON)
    try:
        yield opened
    finally:
        await opened.disconnect()


on_thread = sync_to_async


def no_clock() -> str:
    """What every page is told first, for none of these tests has a clock."""
    return clock.fragment(beats=False)


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run the test in an event loop; what it does on_thread happens here, on the test's own connection."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async_to_sync(test)(*args, **kwargs)

    return run


class TestTheClock:
    """The banner that says whether time limits fire, in every page with a socket."""

    @in_loop
    async def test_is_told_to_a_page_when_its_socket_opens(self, alice):
        await on_thread(pulse.note_sweep)()
        async with line(alice) as socket:
            assert clock.fragment(beats=True) in await socket.text()

    @in_loop
    async def test_is_told_again_only_when_it_stops_or_starts(self, alice, settings, monkeypatch):
        settings.FOUREYES_LIVE_TICK = 0.05
        beats = [True]
        monkeypatch.setattr(pulse, "beats", lambda: beats[-1])
        async with line(alice) as socket:
            await socket.text()
            assert [await socket.text() for _ in range(3)] == [fragments.mark(0)] * 3

            beats.append(False)
            assert (await socket.until("clock-state")).count("clock-state") == 1
            assert [await socket.text() for _ in range(3)] == [fragments.mark(0)] * 3

            beats.append(True)
            assert "hidden" in await socket.until("clock-state")


class TestInboxConsumer:
    @in_loop
    async def test_sends_what_was_missed_at_once(self, alice):
        item = await on_thread(desk_data.refund)()

        async with line(alice) as socket:
            assert f'id="row-{item.pk}"' in await socket.text()

    @in_loop
    async def test_sends_nothing_old_to_who_is_up_to_date(self, alice):
        await on_thread(desk_data.refund)()
        now_at = await on_thread(fragments.newest)()

        async with line(alice, f"/ws/inbox/?since={now_at}") as socket:
            assert await socket.text() == no_clock() + fragments.mark(now_at)

    @in_loop
    async def test_brings_a_new_question_to_every_reviewer(self, alice, bob):
        async with line(alice) as hers, line(bob) as his:
            await hers.text(), await his.text()

            item = await on_thread(desk_data.refund)()

            await hers.until(f'id="row-{item.pk}"', 'id="live-seq"')
            await his.until(f'id="row-{item.pk}"', 'id="live-seq"')

    @in_loop
    async def test_hides_nothing_of_a_title(self, alice):
        async with line(alice, "/ws/inbox/?since=0") as socket:
            await on_thread(desk_data.refund)(title="Pay \u202eecila")

            await socket.until("Pay ⟦U+202E⟧ecila")

    @in_loop
    async def test_takes_a_decided_question_away_from_the_other(self, alice, bob):
        item = await on_thread(desk_data.refund)()
        async with line(bob) as his:
            await his.text()

            await on_thread(interventions.decide)(item.pk, by=alice, verdict="approve")

            await his.until(f'<li id="row-{item.pk}" hx-swap-oob="delete">', "alice approved this")

    @in_loop
    async def test_follows_the_filters_of_its_page(self, alice):
        async with line(alice, "/ws/inbox/?since=0&risk=4") as socket:
            await socket.text()

            item = await on_thread(desk_data.refund)(risk=1)

            await socket.until(f'<li id="row-{item.pk}" hx-swap-oob="delete">')

    @in_loop
    async def test_looks_by_itself_and_says_so_while_it_hears_no_bells(self, alice, settings, monkeypatch):
        monkeypatch.setattr(switchboard, "DEAF_TICK", 0.1)
        monkeypatch.setattr(hearing, "BELL_PATIENCE", 0.1)
        is_away = True

        async def silent(self, channel, message):
            if is_away:
                await asyncio.sleep(SOON)

        monkeypatch.setattr(RedisPubSubLoopLayer, "send", silent)
        async with line(alice) as socket:
            assert 'data-bells="off"' in await socket.text()
            item = await on_thread(desk_data.refund)()
            await socket.until(f'id="row-{item.pk}"', 'id="live-seq"')
            is_away = False

            while 'data-bells="off"' in await socket.text():
                pass

    @in_loop
    async def test_tells_charlie_nothing(self, charlie):
        async with line(charlie) as socket:
            assert await socket.text() == no_clock() + fragments.mark(0)

            await on_thread(desk_data.refund)()

            assert await socket.receive_nothing(timeout=MOMENT)

    @in_loop
    async def test_hangs_up_on_strangers_so_that_they_know_why(self, db):
        async with line(None) as socket:
            assert socket.is_open
            assert await socket.closed_with() == 4401

    @in_loop
    async def test_does_not_open_for_pages_of_others(self, alice):
        async with line(alice, origin="http://evil.example") as socket:
            assert not socket.is_open

    @in_loop
    async def test_hangs_up_when_the_session_ends(self, alice):
        async with line(alice) as socket:
            await socket.text()
            await on_thread(Session.objects.all().delete)()

            await on_thread(desk_data.refund)()

            assert await socket.closed_with() == 4401

    @in_loop
    async def test_hangs_up_when_the_account_is_switched_off(self, alice, settings):
        settings.FOUREYES_LIVE_TICK = 0.1
        async with line(alice) as socket:
            await socket.text()

            await on_thread(User.objects.update)(is_active=False)

            assert await socket.closed_with() == 4401

    @in_loop
    async def test_falls_silent_when_the_seat_is_lost(self, alice):
        async with line(alice) as socket:
            await socket.text()
            await on_thread(Membership.objects.all().delete)()

            item = await on_thread(desk_data.refund)()
            await asyncio.sleep(MOMENT)

            while not socket.output_queue.empty():
                assert str(item.pk) not in await socket.text()

    @in_loop
    async def test_makes_the_list_anew_and_listens_when_a_queue_is_joined_later(self, charlie, queue, settings):
        settings.FOUREYES_LIVE_TICK = 0.1
        async with line(charlie) as socket:
            await socket.text()
            await on_thread(Membership.objects.create)(user=charlie, queue=queue)
            await socket.until('id="resync"')

            item = await on_thread(desk_data.refund)()

            await socket.until(f'id="row-{item.pk}"')

    @in_loop
    async def test_gives_a_sign_of_life(self, alice, settings):
        settings.FOUREYES_LIVE_TICK = 0.05
        async with line(alice) as socket:
            await socket.text()
            assert [await socket.text() for _ in range(3)] == [fragments.mark(0)] * 3

    @in_loop
    async def test_reads_nothing_that_is_sent_to_it(self, alice):
        async with line(alice) as socket:
            await socket.text()

            await socket.send_to(text_data='{"verdict": "approve"}')

            assert await socket.receive_nothing(timeout=MOMENT)

    @pytest.mark.parametrize("since", ["", "x", "-5", "99999999999999999999999"])
    @in_loop
    async def test_is_not_confused_by_nonsense(self, alice, since):
        async with line(alice, f"/ws/inbox/?since={since}") as socket:
            assert 'id="live-seq"' in await socket.text()

    @in_loop
    async def test_breaks_off_when_it_cannot_read(self, alice, monkeypatch):
        def broken(*_: object) -> fragments.Changes:
            raise RuntimeError("the database is away")

        monkeypatch.setattr(fragments, "since", broken)
        async with line(alice) as socket:
            assert await socket.closed_with() == 1011

    @in_loop
    async def test_hangs_up_at_once_on_who_signs_out(self, alice, monkeypatch):
        monkeypatch.setattr(switchboard, "GUARD", 600)
        async with line(alice) as socket:
            await socket.text()
            session = await on_thread(Session.objects.get)()

            await on_thread(session.delete)()

            assert await socket.closed_with() == 4401

    @in_loop
    async def test_makes_the_list_anew_at_once_for_who_loses_a_seat(self, alice, monkeypatch):
        item = await on_thread(desk_data.refund)()
        now_at = await on_thread(fragments.newest)()
        monkeypatch.setattr(switchboard, "GUARD", 600)
        async with line(alice, f"/ws/inbox/?since={now_at}") as socket:
            await socket.text()

            await on_thread(Membership.objects.all().delete)()

            assert str(item.pk) not in await socket.until('id="resync"')

    @in_loop
    async def test_hears_of_a_change_that_no_bell_told(self, alice, monkeypatch):
        monkeypatch.setattr(switchboard, "GUARD", 0.1)
        async with line(alice) as socket:
            await socket.text()
            monkeypatch.setattr(live, "_ring", lambda message: None)

            item = await on_thread(desk_data.refund)()

            await socket.until(f'id="row-{item.pk}"')

    @in_loop
    async def test_sends_the_counts_after_the_rows(self, alice):
        async with line(alice) as socket:
            await socket.text()

            item = await on_thread(desk_data.refund)()

            rows = await socket.until(f'id="row-{item.pk}"')
            assert 'data-owed="counts"' in rows and "inbox-head" not in rows
            assert "data-owed" not in (await socket.until("inbox-head")).rpartition("<data")[2]

    @in_loop
    async def test_sends_the_counts_that_a_broken_line_still_owed(self, alice):
        await on_thread(desk_data.refund)()
        now_at = await on_thread(fragments.newest)()

        async with line(alice, f"/ws/inbox/?since={now_at}&owed=counts") as socket:
            assert "inbox-head" in await socket.text()

    @in_loop
    async def test_finds_what_it_searches_for(self, alice):
        async with line(alice, "/ws/inbox/?since=0&q=EUR") as socket:
            await socket.text()
            wanted = await on_thread(desk_data.refund)(title="Refund 20 eur")
            other = await on_thread(desk_data.refund)(title="Refund 20 usd")

            seen = await socket.until(f'id="row-{wanted.pk}"', f'<li id="row-{other.pk}" hx-swap-oob="delete">')
            assert f'<li id="row-{wanted.pk}" hx-swap-oob="delete">' not in seen

    @in_loop
    async def test_leaves_no_group_and_no_connection_behind(self, alice, bob):
        async with line(alice) as hers, line(bob) as his:
            await hers.text(), await his.text()
            assert await ears() == 1

        assert await ears() == 0
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("reader")]


async def ears() -> int:
    """How many web processes the channel layer would tell of a bell."""
    prefix = settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"]
    async with Redis.from_url(settings.REDIS_URL) as client:
        return len(await client.pubsub_channels(f"{prefix}__group__*"))


class TestThoseCalledIn:
    @in_loop
    async def test_hear_of_their_question_and_lose_it_when_it_is_closed(self, alice, charlie):
        item, other = await on_thread(desk_data.refund)(), await on_thread(desk_data.refund)()
        async with line(charlie) as socket:
            seen = await socket.text()

            await on_thread(call_in)(item, charlie)
            seen += await socket.until(f'id="row-{item.pk}"')

            await on_thread(interventions.decide)(item.pk, by=alice, verdict="approve")
            seen += await socket.until(f'<li id="row-{item.pk}" hx-swap-oob="delete">')
            assert str(other.pk) not in seen and str(other.run_id) not in seen

    @in_loop
    async def test_are_told_that_no_longer_is_theirs_what_they_have_answered(self, alice, charlie, monkeypatch):
        monkeypatch.setattr(switchboard, "GUARD", 0.1)
        item = await on_thread(desk_data.asked_back)(of=charlie, by=alice)
        async with line(charlie) as socket:
            await socket.until(f'id="row-{item.pk}"')

            await on_thread(asking_back.answer)(item.pk, answer="Yes.", by=charlie)

            await socket.until('id="resync"')


def call_in(item: Intervention, person: User) -> None:
    """Escalate it to that person."""
    with transaction.atomic():
        audit.record(*assignments.raise_level(item, 1, [person], POLICY))


class TestTheBell:
    """What was told to somebody stands in the head of the page, with the rest that follows the rows."""

    @in_loop
    async def test_comes_with_the_counts_to_who_was_told_something_and_only_once(self, bob, mara):
        item = await on_thread(desk_data.refund)()
        now_at = await on_thread(fragments.newest)()
        async with line(bob, f"/ws/inbox/?since={now_at}") as socket:
            await socket.text()

            await on_thread(assignments.assign)(item.pk, to=bob, by=mara)
            assert 'data-notice="' in await socket.until("bell-list")

            await on_thread(desk_data.refund)()
            assert "bell-list" not in await socket.until("inbox-head")


class TestBoardConsumer:
    """The managers' board: it is told that it has changed, and fetches itself anew."""

    @in_loop
    async def test_tells_what_was_missed_and_each_change(self, mara):
        await on_thread(desk_data.refund)()
        async with line(mara, "/ws/board/?since=0&lane=1") as socket:
            assert "lane=1" in await socket.until('id="resync"')

            await on_thread(desk_data.refund)()

            await socket.until('id="resync"', 'id="live-seq"')

    @in_loop
    async def test_is_silent_about_queues_of_others(self, mara):
        async with line(mara, "/ws/board/?since=0") as socket:
            await socket.text()
            await on_thread(Membership.objects.filter(user=mara).update)(
                queue=await on_thread(factories.queue)("other")
            )

            await on_thread(desk_data.refund)()

            assert await socket.receive_nothing(timeout=MOMENT)

    @pytest.mark.parametrize("who", ["alice", "charlie", "otto"])
    @in_loop
    async def test_is_not_there_for_who_manages_nothing(self, request, alice, charlie, otto, who):
        async with line({"alice": alice, "charlie": charlie, "otto": otto}[who], "/ws/board/?since=0") as socket:
            assert await socket.closed_with() == 4404

    @in_loop
    async def test_hangs_up_when_the_last_seat_as_a_manager_is_lost(self, mara, monkeypatch):
        monkeypatch.setattr(switchboard, "GUARD", 0.1)
        async with line(mara, "/ws/board/?since=0") as socket:
            await socket.text()

            await on_thread(Membership.objects.update)(role=Membership.Role.REVIEWER)

            assert await socket.closed_with() == 4404


class TestRunConsumer:
    @in_loop
    async def test_follows_one_run(self, alice, bob):
        item = await on_thread(desk_data.refund)()
        async with line(alice, f"/ws/runs/{item.run_id}/?since=0") as socket:
            await socket.until('id="live-seq"')

            await on_thread(interventions.decide)(item.pk, by=bob, verdict="approve")

            await socket.until("bob", 'id="live-seq"')

    @in_loop
    async def test_shows_a_model_call_while_it_lasts(self, alice):
        item = await on_thread(desk_data.refund)()
        async with line(alice, f"/ws/runs/{item.run_id}/?since=0") as socket:
            await socket.until('id="live-seq"')
            run = await on_thread(Run.objects.get)(pk=item.run_id)
            thinking = spans.Traced(run.trace_id, "span_1", "", "generation", "gpt", timezone.now(), None)

            await on_thread(spans.keep)([thinking])

            await socket.until("Model call")

    @in_loop
    async def test_hangs_up_at_once_on_who_may_no_longer_see_it(self, alice, monkeypatch):
        item = await on_thread(desk_data.refund)()
        monkeypatch.setattr(switchboard, "GUARD", 600)
        async with line(alice, f"/ws/runs/{item.run_id}/?since=0") as socket:
            await socket.until('id="live-seq"')

            await on_thread(Membership.objects.all().delete)()

            assert await socket.closed_with() == 4404

    @in_loop
    async def test_is_not_there_for_charlie(self, charlie):
        item = await on_thread(desk_data.refund)()
        async with line(charlie, f"/ws/runs/{item.run_id}/") as socket:
            assert await socket.closed_with() == 4404

    @in_loop
    async def test_is_not_there_for_runs_that_are_not(self, alice):
        async with line(alice, f"/ws/runs/{uuid4()}/") as socket:
            assert await socket.closed_with() == 4404
