"""The probes."""

import threading
import time

import pytest
from django.db import DatabaseError

from hitl_site import health
from reviews import pulse

ALL = {"database", "migrations", "broker", "channel_layer", "clock"}


@pytest.fixture
def swept(settings):
    """The clock swept a moment ago."""
    pulse.note_sweep()


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A loaded machine is slow; only a part that is frozen may be taken for one."""
    monkeypatch.setattr(health, "PATIENCE", 30)


@pytest.fixture
def part(monkeypatch):
    """Puts another check in place of one."""
    return lambda name, check: monkeypatch.setitem(health.CHECKS, name, check)


class TestHealthz:
    def test_asks_no_database(self, client):
        response = client.get("/healthz")  # pytest-django would fail this test if it did
        assert (response.status_code, response.content) == (200, b"ok")

    def test_answers_whatever_address_the_probe_used(self, client, settings):
        settings.ALLOWED_HOSTS = ["desk.example.org"]
        settings.SECURE_SSL_REDIRECT = True
        assert client.get("/healthz", headers={"Host": "10.0.0.7:8000"}).status_code == 200


@pytest.mark.django_db
class TestReadyz:
    def test_is_ready_when_every_part_answers(self, client, swept):
        response = client.get("/readyz")
        said = response.json()

        assert response.status_code == 200, said
        assert said.pop("last_sweep") == pulse.last_sweep().isoformat(timespec="seconds")
        assert said == {"ready": True} | dict.fromkeys(ALL, True)
        assert response["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("name", sorted(ALL))
    def test_names_the_part_that_is_away_and_no_more(self, client, swept, part, name, caplog):
        def away():
            raise DatabaseError("secret.host:5432 refused")

        part(name, away)
        response = client.get("/readyz")

        assert response.status_code == 503
        assert {key for key, is_there in response.json().items() if is_there is False} == {"ready", name}
        assert b"secret.host" not in response.content
        assert "secret.host" in caplog.text

    def test_waits_for_no_part_that_says_nothing(self, client, swept, part, monkeypatch):
        thaw = threading.Event()
        monkeypatch.setattr(health, "PATIENCE", 0.5)
        part("broker", lambda: thaw.wait(30))
        began = time.monotonic()
        response = client.get("/readyz?only=broker")
        thaw.set()

        assert response.json() == {"ready": False, "broker": False}
        assert time.monotonic() - began < 10

    def test_asks_only_for_the_parts_named(self, client):
        assert client.get("/readyz?only=database,migrations").json() == {
            "ready": True,
            "database": True,
            "migrations": True,
        }

    def test_knows_no_other_parts(self, client):
        response = client.get("/readyz?only=database,kitchen")
        assert (response.status_code, response.json()) == (400, {"error": "there are no such parts: kitchen"})

    def test_is_not_ready_before_its_migrations(self, client, monkeypatch):
        monkeypatch.setattr(health, "_is_migrated", False)
        monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda self, targets: ["one"])
        assert client.get("/readyz?only=migrations").json() == {"ready": False, "migrations": False}


class TestLook:
    def test_says_how_long_each_part_took(self, part):
        part("broker", lambda: bool(time.sleep(0.02)) or True)

        [found] = health.look(["broker"])

        assert found.is_up
        assert 0.02 <= found.seconds < 30

    def test_knows_no_time_of_a_part_that_failed_or_never_answered(self, part, monkeypatch):
        def away():
            raise DatabaseError("refused")

        thaw = threading.Event()
        part("database", away)
        part("broker", lambda: thaw.wait(30))
        monkeypatch.setattr(health, "PATIENCE", 0.5)
        found = health.look(["database", "broker"])
        thaw.set()

        assert [(one.name, one.is_up, one.seconds) for one in found] == [
            ("database", False, None),
            ("broker", False, None),
        ]
