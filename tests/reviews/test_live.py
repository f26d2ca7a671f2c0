"""The bell."""

import asyncio
import logging
import threading
import uuid

import pytest
from channels.layers import InMemoryChannelLayer

from reviews import events, live
from tests import factories

PATIENCE = 10
BELL = events.Recorded(uuid.uuid4(), 7, (1, 2))


class Layer(InMemoryChannelLayer):
    """Notes who was rung, and may be broken."""

    def __init__(self, error=None):
        super().__init__()
        self.rung, self.error, self.loops = [], error, set()

    async def group_send(self, group, message):
        self.loops.add((threading.current_thread().name, id(asyncio.get_running_loop())))
        if self.error:
            raise self.error
        self.rung.append((group, message))


@pytest.fixture
def layer(monkeypatch):
    """The layer that live rings on."""
    made = Layer()
    monkeypatch.setattr(live, "get_channel_layer", lambda: made)
    return made


class TestRing:
    def test_wakes_every_web_process_with_ids_and_a_number_and_no_content(self, layer):
        live.ring(BELL)
        live.settle(PATIENCE)

        message = {"type": "bell", "seq": 7, "run": str(BELL.run_id)}
        assert layer.rung == [(live.DESK, message)]

    def test_uses_one_loop_for_every_bell_of_the_process(self, layer):
        for _ in range(3):
            live.ring(BELL)
        live.settle(PATIENCE)
        assert len(layer.loops) == 1
        assert next(iter(layer.loops))[0] == "bell"

    def test_makes_a_loop_of_its_own_after_a_fork(self, layer, monkeypatch):
        live.ring(BELL)
        live.settle(PATIENCE)
        monkeypatch.setattr(live.os, "getpid", lambda: -1)
        live.ring(BELL)
        live.settle(PATIENCE)
        assert len(layer.loops) == 2

    def test_only_logs_when_nobody_can_be_rung(self, layer, caplog):
        layer.error = ConnectionError("no redis")
        with caplog.at_level(logging.WARNING):
            live.ring(BELL)
            live.settle(PATIENCE)
            done = threading.Event()
            live._bell_loop().call_soon_threadsafe(done.set)  # the log line is written on the loop's thread
            assert done.wait(PATIENCE)
        assert "catch up by themselves: no redis" in caplog.text

    def test_drops_new_bells_when_the_layer_is_frozen_and_says_so_once(self, layer, monkeypatch, caplog):
        monkeypatch.setattr(live, "MAX_RINGING", 2)
        thaw = threading.Event()
        answer = layer.group_send

        async def wait_for_it(group, message):
            while not thaw.is_set():
                await asyncio.sleep(0.01)
            await answer(group, message)

        monkeypatch.setattr(layer, "group_send", wait_for_it)
        with caplog.at_level(logging.WARNING):
            for _ in range(5):
                live.ring(BELL)
        assert len(live._ringing) == 2
        assert caplog.text.count("new ones are dropped") == 1

        thaw.set()
        live.settle(PATIENCE)
        assert len(layer.rung) == 2
        live.ring(BELL)
        live.settle(PATIENCE)
        assert len(layer.rung) == 3

    def test_gives_up_on_a_bell_that_rings_too_long(self, layer, monkeypatch, caplog):
        monkeypatch.setattr(live, "PATIENCE", 0.05)
        monkeypatch.setattr(layer, "group_send", lambda group, message: asyncio.sleep(PATIENCE))
        with caplog.at_level(logging.WARNING):
            live.ring(BELL)
            live.settle(PATIENCE)
            done = threading.Event()
            live._bell_loop().call_soon_threadsafe(done.set)  # the log line is written on the loop's thread
            assert done.wait(PATIENCE)
        assert not live._ringing
        assert "catch up by themselves: no answer" in caplog.text

    def test_is_silent_without_a_layer(self, monkeypatch):
        monkeypatch.setattr(live, "get_channel_layer", lambda: None)
        live.ring(BELL)
        live.settle(PATIENCE)


class TestDesk:
    def test_is_a_name_that_a_layer_takes(self):
        assert InMemoryChannelLayer().require_valid_group_name(live.DESK)


@pytest.mark.django_db
class TestConnected:
    def test_rings_for_what_a_verb_recorded(self, layer, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            run = factories.run()
            live.settle(PATIENCE)
            assert layer.rung == []
        live.settle(PATIENCE)
        assert [message["run"] for _, message in layer.rung if message["type"] == "bell"] == [str(run.pk)]
