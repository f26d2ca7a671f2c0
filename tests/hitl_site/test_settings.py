"""The settings, each combination read by a fresh process."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hitl_site.supervisor.process import ROOT

SHOW = """
import json, sys
from hitl_site import settings
print(json.dumps({name: getattr(settings, name, None) for name in sys.argv[1:]}, default=str))
"""
PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": "0123456789abcdefghijABCDEFGHIJ!?%&/()=+-*_,.;:<>|~#[]{}xyz",
    "ALLOWED_HOSTS": "desk.example.org",
    "SITE_ORIGINS": "https://desk.example.org",
    "DATABASE_URL": "postgresql://desk@db/desk",
    "REDIS_URL": "redis://redis:6379/0",
}


@pytest.fixture
def python(tmp_path):
    """Run Python in the project's folder with nothing but these variables."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path / "var"), **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def read(python):
    """The settings named, as JSON, under these variables."""

    def read(*names: str, **environment: str):
        ended = python("-c", SHOW, *names, **environment)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    return read


class TestDevelopment:
    def test_needs_no_variable(self, read, tmp_path):
        names = ("DEVELOPMENT", "DATABASES", "REDIS_URL", "CELERY_BROKER_URL", "FOUREYES_DEMO_AGENTS", "FOUREYES_MODEL")
        found = read(*names)

        assert found["DEVELOPMENT"] is True
        assert found["DATABASES"]["default"]["NAME"] == str(tmp_path / "var" / "db.sqlite3")
        assert found["REDIS_URL"] == f"unix://{tmp_path}/var/run/valkey.sock?db=0"
        assert found["CELERY_BROKER_URL"] == f"redis+socket://{tmp_path}/var/run/valkey.sock?virtual_host=0"
        assert found["FOUREYES_DEMO_AGENTS"] is True
        assert found["FOUREYES_MODEL"] is None

    def test_shows_technical_error_pages_only_when_asked(self, read):
        assert read("DEBUG") == {"DEBUG": False}
        assert read("DEBUG", "DEVELOPMENT", DEBUG="1") == {"DEBUG": True, "DEVELOPMENT": True}
        assert read("DEBUG", "DEVELOPMENT", **PRODUCTION) == {"DEBUG": False, "DEVELOPMENT": False}

    def test_keeps_one_secret_key_for_its_owner(self, read, tmp_path):
        assert read("SECRET_KEY") == read("SECRET_KEY")
        assert stat.S_IMODE((tmp_path / "var" / "secret_key").stat().st_mode) == 0o600

    def test_trusts_pages_of_its_own_port_only(self, read):
        found = read("SITE_ORIGINS", PORT="8123")

        assert "http://127.0.0.1:8123" in found["SITE_ORIGINS"]
        assert "http://127.0.0.1:8000" not in found["SITE_ORIGINS"]


class TestProduction:
    def test_passes_djangos_inspection_and_ours(self, python, tmp_path):
        (tmp_path / "staticfiles.json").write_text("{}")  # as collectstatic leaves it
        collected = {**PRODUCTION, "STATIC_ROOT": str(tmp_path)}
        ended = python("manage.py", "check", "--deploy", "--fail-level", "WARNING", **collected)

        assert ended.returncode == 0, ended.stderr
        assert "no issues" in ended.stdout

    @pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS", "SITE_ORIGINS"])
    def test_does_not_start_without(self, python, name):
        ended = python("-c", "import hitl_site.settings", **{**PRODUCTION, name: ""})

        assert ended.returncode != 0
        assert f"{name} is not set" in ended.stderr

    def test_has_no_demo_agents_and_writes_no_key(self, read, tmp_path):
        assert read("FOUREYES_DEMO_AGENTS", **PRODUCTION) == {"FOUREYES_DEMO_AGENTS": False}
        assert not (tmp_path / "var" / "secret_key").exists()

    def test_takes_cookies_to_the_host_and_to_https(self, read):
        found = read(
            "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", **PRODUCTION
        )

        assert found["SESSION_COOKIE_NAME"].startswith("__Host-") and found["CSRF_COOKIE_NAME"].startswith("__Host-")
        assert found["SESSION_COOKIE_SECURE"] and found["CSRF_COOKIE_SECURE"]

    def test_strips_the_blanks_between_hosts(self, read):
        found = read("ALLOWED_HOSTS", **PRODUCTION | {"ALLOWED_HOSTS": "a.example, b.example"})
        assert found == {"ALLOWED_HOSTS": ["a.example", "b.example"]}

    def test_believes_a_proxy_only_where_it_is_told_of_one(self, read):
        assert read("SECURE_PROXY_SSL_HEADER", **PRODUCTION) == {"SECURE_PROXY_SSL_HEADER": None}
        found = read("SECURE_PROXY_SSL_HEADER", "ALLAUTH_TRUSTED_PROXY_COUNT", **PRODUCTION, TRUSTED_PROXIES="1")
        assert found == {
            "SECURE_PROXY_SSL_HEADER": ["HTTP_X_FORWARDED_PROTO", "https"],
            "ALLAUTH_TRUSTED_PROXY_COUNT": 1,
        }

    def test_collects_static_files_that_all_exist(self, python, tmp_path):
        ended = python("manage.py", "collectstatic", "--noinput", **PRODUCTION, STATIC_ROOT=str(tmp_path / "static"))

        assert ended.returncode == 0, ended.stderr
        assert (tmp_path / "static" / "staticfiles.json").exists()


class TestBroker:
    def test_is_the_redis_unless_another_is_named(self, read):
        assert read("CELERY_BROKER_URL", REDIS_URL="redis://r/1") == {"CELERY_BROKER_URL": "redis://r/1"}
        found = read("CELERY_BROKER_URL", "CELERY_BROKER_TRANSPORT_OPTIONS", BROKER_URL="amqp://rabbit")
        assert found == {"CELERY_BROKER_URL": "amqp://rabbit", "CELERY_BROKER_TRANSPORT_OPTIONS": None}

    def test_gives_a_dead_workers_task_back_within_seconds_and_a_living_ones_never(self, read):
        options = read("CELERY_BROKER_TRANSPORT_OPTIONS")["CELERY_BROKER_TRANSPORT_OPTIONS"]

        assert options["visibility_timeout"] >= 3600
        assert options["unacked_restore_interval"] <= 5

    def test_never_drops_a_bell_for_want_of_traffic(self, read):
        (host,) = read("CHANNEL_LAYERS")["CHANNEL_LAYERS"]["default"]["CONFIG"]["hosts"]
        assert host["socket_timeout"] is None


class TestNonsense:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("DEBUG", "perhaps"),
            ("PORT", "eighty"),
            ("DATABASE_URL", "mysql://db/desk"),
            ("SITE_ORIGINS", "desk.example.org"),
            ("TRUSTED_PROXIES", "-1"),
            ("FOUREYES_API", "grpc"),
            ("FOUREYES_LEASE_SECONDS", "0"),
            ("FOUREYES_MAX_TURNS", "many"),
            ("LOG_LEVEL", "LOUD"),
        ],
    )
    def test_is_refused_by_name(self, python, name, value):
        ended = python("-c", "import hitl_site.settings", **{name: value})

        assert ended.returncode != 0
        assert "ImproperlyConfigured" in ended.stderr and name in ended.stderr


class TestEveryVariable:
    def test_is_explained_where_it_is_read(self):
        """Settings of our own carry a comment: the file is their manual."""
        lines = Path(ROOT / "hitl_site" / "settings.py").read_text().splitlines()
        bare = [
            line.split(" = ")[0]
            for before, line in zip(lines, lines[1:], strict=False)
            if line.startswith("FOUREYES_") and not before.startswith("#")
        ]
        assert bare == []


def test_a_mistake_in_a_setting_is_one_sentence_and_no_traceback():
    wrong = {**os.environ, "PORT": "abc"}
    said = subprocess.run([sys.executable, "manage.py", "check"], cwd=ROOT, env=wrong, capture_output=True, text=True)

    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr.strip() == "Foureyes cannot start: PORT='abc' is not a whole number."
