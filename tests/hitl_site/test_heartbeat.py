"""The heartbeat, heard by a real server on this machine."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from hitl_site import heartbeat
from hitl_site.celery import app
from reviews import pulse

PATH = "/ping/6f1d?kind=clock"
WATCH = type("Watch", (), {"name": heartbeat.ROUND})


class Monitor:
    """The service outside: remembers who called, answers as a test wants, or not at all."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str]] = []
        self.status, self.headers = 200, {}
        self.thaw = threading.Event()
        self.thaw.set()
        monitor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                monitor.calls.append((self.command, self.path, self.headers["User-Agent"]))
                monitor.thaw.wait(60)
                self.send_response(monitor.status)
                for name, value in monitor.headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def paths(self) -> list[str]:
        return [path for _, path, _ in self.calls]

    def close(self) -> None:
        self.thaw.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def monitor(settings, monkeypatch):
    """A monitor whose address the desk knows; the clock has just swept."""
    monkeypatch.setattr(heartbeat, "_is_failing", False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    made = Monitor()
    settings.FOUREYES_HEARTBEAT_URL = made.url + PATH
    pulse.note_sweep()
    yield made
    made.close()


def beat(*, is_well=True):
    thread = heartbeat.beat(is_well=is_well)
    assert thread is not None
    thread.join(60)
    assert not thread.is_alive()


class TestAfterRound:
    @pytest.fixture
    def beats(self, monkeypatch, settings):
        settings.FOUREYES_HEARTBEAT_URL = "https://ping.example.org/x"
        said = []
        monkeypatch.setattr(heartbeat, "beat", lambda *, is_well: said.append(is_well))
        return said

    def test_beats_after_a_good_round_and_says_when_one_was_not(self, beats):
        heartbeat.after_round(sender=WATCH, result=0)
        heartbeat.after_round(sender=WATCH, result=2)

        assert beats == [True, False]

    def test_hears_no_other_task(self, beats):
        heartbeat.after_round(sender=type("Other", (), {"name": "agents_runtime.tasks.sweep"}), result=0)

        assert beats == []

    def test_does_nothing_without_an_address(self, beats, settings):
        settings.FOUREYES_HEARTBEAT_URL = ""
        heartbeat.after_round(sender=WATCH, result=0)

        assert beats == []

    @pytest.mark.django_db
    def test_follows_the_real_task(self, beats):
        app.tasks[heartbeat.ROUND].apply()

        assert beats == [True]


class TestBeat:
    def test_calls_the_address(self, monitor):
        beat()

        assert monitor.calls == [("GET", PATH, "Foureyes")]

    def test_calls_its_fail_where_something_is_severe(self, monitor):
        beat(is_well=False)

        assert monitor.paths == ["/ping/6f1d/fail?kind=clock"]

    def test_is_silent_while_no_sweep_succeeds(self, monitor):
        pulse.cache.delete(pulse.SWEEP)

        assert heartbeat.beat(is_well=True) is None
        assert heartbeat.beat(is_well=False) is None
        assert monitor.calls == []

    def test_does_not_wait_for_a_service_that_hangs_and_calls_it_but_once(self, monitor, caplog):
        monitor.thaw.clear()
        began = time.monotonic()
        hanging = heartbeat.beat(is_well=True)
        assert time.monotonic() - began < 5
        while not monitor.calls:
            time.sleep(0.01)

        assert heartbeat.beat(is_well=True) is None
        assert heartbeat.beat(is_well=True) is None
        assert caplog.text.count("the heartbeat could not be sent") == 1
        monitor.thaw.set()
        hanging.join(60)
        assert len(monitor.calls) == 1
        beat()
        assert len(monitor.calls) == 2

    def test_gives_a_service_up_that_says_nothing(self, monitor, monkeypatch, caplog):
        monkeypatch.setattr(heartbeat, "PATIENCE", 0.3)
        monitor.thaw.clear()
        beat()

        assert "the heartbeat could not be sent, it is tried again after each round: timed out" in caplog.text

    @pytest.mark.parametrize("status", [404, 500])
    def test_logs_a_refusal_once_an_outage_and_its_end(self, monitor, status, caplog):
        caplog.set_level("INFO")
        monitor.status = status
        beat()
        beat()
        assert caplog.text.count("could not be sent") == 1
        assert f"it answered {status}" in caplog.text

        monitor.status = 204
        beat()
        beat()
        assert caplog.text.count("the heartbeat is sent again") == 1

    def test_takes_no_detour(self, monitor, caplog):
        monitor.status, monitor.headers = 302, {"Location": f"{monitor.url}/elsewhere"}
        beat()

        assert monitor.paths == [PATH]
        assert "it answered 302" in caplog.text

    def test_outlives_a_service_that_is_not_there_and_tells_no_secret(self, monitor, settings, caplog):
        monitor.close()
        beat()

        assert "could not be sent" in caplog.text
        assert "6f1d" not in caplog.text

    def test_knows_where_services_take_a_failure(self):
        assert heartbeat._failing("https://ping.example.org/a/") == "https://ping.example.org/a/fail"
        assert heartbeat._failing("https://ping.example.org") == "https://ping.example.org/fail"
