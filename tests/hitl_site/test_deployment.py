"""compose.yaml, Dockerfile and .env.example, held against the code: what they name must exist."""

import ast
import importlib.util
import re
import shlex
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml
from django.conf import settings

from hitl_site import env, health, probe
from hitl_site.supervisor import parts

ROOT = Path(settings.BASE_DIR)
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
OURS = ("migrate", "web", "worker", "clock")
DOCKERFILE = (ROOT / "Dockerfile").read_text()
READERS = {"text", "required", "flag", "number", "choice", "words", "origins", "https_url", "token"}
COMPOSE_ONLY = {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "PUBLISH", "FOUREYES_IMAGE"}
OTHERS = {"OPENAI_API_KEY", "OPENAI_BASE_URL"}  # the SDK reads them


def read_variables() -> set[str]:
    """Every environment variable that the settings read, found in their source."""
    readers = READERS | {"read", "seal_keys"}  # of databases and outgoing, which the settings call with a name
    files = [ROOT / "hitl_site" / name for name in ("settings.py", "outgoing.py")]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    named = [call.args[0] for call in calls if call.func.attr in readers and call.args]
    return {name.value for name in named if isinstance(name, ast.Constant)}


def example() -> dict[str, str]:
    """The variables of .env.example."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def seconds(text: str) -> float:
    """A duration as compose writes it."""
    return float(text.removesuffix("s"))


def instructions(name: str) -> list[str]:
    """The arguments of that instruction in the Dockerfile, continued lines joined."""
    joined = re.sub(r"\\\n\s*", " ", DOCKERFILE)
    return [line.split(" ", 1)[1] for line in joined.splitlines() if line.startswith(f"{name} ")]


class TestVariables:
    def test_of_the_example_are_all_read_by_somebody(self):
        assert set(example()) - read_variables() <= COMPOSE_ONLY | OTHERS

    def test_that_production_requires_are_all_in_the_example(self):
        assert {"SECRET_KEY", "ALLOWED_HOSTS", "SITE_ORIGINS"} <= set(example())

    def test_of_the_services_are_all_read(self):
        for name in OURS:
            assert set(SERVICES[name]["environment"]) <= read_variables()

    def test_that_compose_fills_in_are_all_in_the_example_or_have_a_default(self):
        text = (ROOT / "compose.yaml").read_text()
        needed = set(re.findall(r"\$\{([A-Z_]+):\?", text))
        assert needed and needed <= set(example())
        assert set(re.findall(r"\$\{([A-Z_]+)", text)) <= COMPOSE_ONLY

    def test_hold_no_secret(self):
        for name, value in example().items():
            if re.search("KEY|PASSWORD|SECRET|TOKEN", name):
                assert value == "", name

    def test_of_the_dockerfile_are_all_read(self):
        known = read_variables() | {"PATH"}
        named = {word.split("=")[0] for line in instructions("ENV") for word in shlex.split(line)}
        assert {name for name in named if not name.startswith(("PIP_", "PYTHON"))} <= known
        collect = next(line for line in instructions("RUN") if "collectstatic" in line)
        assert set(re.findall(r"\b([A-Z_]+)=", collect)) <= known


class TestCommands:
    @pytest.mark.parametrize("name", OURS)
    def test_name_modules_that_are_there(self, name):
        command = SERVICES[name]["command"]
        if command[0] == "python":
            assert (ROOT / command[1]).exists()
            return
        assert importlib.util.find_spec(command[0])
        for word in command:
            if re.fullmatch(r"hitl_site\.\w+(:\w+)?", word):
                module, _, attribute = word.partition(":")
                loaded = importlib.import_module(module)
                assert not attribute or hasattr(loaded, attribute)

    def test_are_those_of_the_supervisor(self):
        """The demo and the images run the same options, so that what the tests prove holds for both."""
        for part in (parts.web("0.0.0.0", 8000), parts.worker(), parts.clock()):
            chosen = {word for word in SERVICES[part.name]["command"] if word.startswith("--")}
            assert chosen <= set(part.argv), part.name

    def test_of_the_health_check_is_ours(self):
        assert SERVICES["web"]["healthcheck"]["test"][1:4] == ["python", "-m", "hitl_site.probe"]


class TestStopping:
    def test_gives_each_the_signal_and_the_time_it_needs(self):
        for part in (parts.web("0.0.0.0", 8000), parts.worker(), parts.clock()):
            service = SERVICES[part.name]
            assert service.get("stop_signal", instructions("STOPSIGNAL")[0]) == part.stop_signal.name
            assert seconds(service["stop_grace_period"]) >= part.grace

    def test_signals_reach_them_for_no_shell_stands_in_between(self):
        assert instructions("ENTRYPOINT") == ['["tini", "--"]'] and instructions("CMD")[0].startswith("[")
        for name in OURS:
            assert isinstance(SERVICES[name]["command"], list)


class TestServices:
    def test_start_after_the_one_shot_migration_and_come_back_when_they_die(self):
        for name in ("web", "worker", "clock"):
            assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
            assert SERVICES[name]["restart"] == "unless-stopped"
        assert SERVICES["migrate"]["restart"] == "no"

    @pytest.mark.parametrize("name", ["postgres", "valkey", "web"])
    def test_can_be_asked_whether_they_are_well(self, name):
        assert SERVICES[name]["healthcheck"]["test"]

    def test_of_valkey_never_forgets_a_task(self):
        command = SERVICES["valkey"]["command"]
        for option in ("--appendonly", "--maxmemory-policy"):
            assert command[command.index(option) + 1] == parts.VALKEY_OPTIONS[option]

    def test_publish_nothing_but_the_pages(self):
        assert {name for name, service in SERVICES.items() if service.get("ports")} == {"web"}
        assert SERVICES["web"]["ports"][0].startswith("${PUBLISH:-127.0.0.1:")


class TestDockerfile:
    def test_copies_what_is_there_and_lets_nothing_else_in(self):
        ignored = (ROOT / ".dockerignore").read_text().splitlines()
        for line in instructions("COPY"):
            if "--from" in line:
                continue
            for source in line.split()[:-1]:
                assert (ROOT / source).exists() and f"!{source}" in ignored
        assert "*" in ignored

    def test_installs_by_hash_and_runs_as_nobody_special(self):
        assert any("--require-hashes -r requirements.lock" in line for line in instructions("RUN"))
        assert instructions("USER") == ["foureyes"]

    def test_collects_the_static_files_by_its_own_words(self, tmp_path):
        """The very step of the file, in a copy of what the file copies."""
        step = next(line for line in instructions("RUN") if "collectstatic" in line)
        words = shlex.split(step.split("&&")[0].replace("/opt/venv/bin/python", sys.executable))
        given = {word.split("=")[0]: word.split("=", 1)[1] for word in words if re.match(r"[A-Z_]+=", word)}
        command = words[len(given) :]
        for line in instructions("COPY"):
            if "--from" not in line and "requirements" not in line:
                for source in line.split()[:-1]:
                    (tmp_path / source).symlink_to(ROOT / source)

        where = {"STATIC_ROOT": str(tmp_path / "files"), "VAR_DIR": str(tmp_path / "var"), "PATH": ""}
        subprocess.run(command, cwd=tmp_path, env=given | where, check=True, capture_output=True)

        assert (tmp_path / "files" / "staticfiles.json").exists()


class TestProbe:
    @pytest.fixture
    def server(self):
        """A web server that is well at /healthz only."""

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200 if self.path == "/healthz" else 503)
                self.end_headers()

            def log_message(self, *_):
                pass

        made = HTTPServer(("127.0.0.1", 0), Answers)
        Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()
        made.server_close()

    def test_ends_well_with_200_only(self, server):
        assert probe.main(f"{server}/healthz") == 0
        assert probe.main(f"{server}/readyz?only=database") == 1

    def test_ends_ill_where_nobody_listens(self, capsys):
        assert probe.main("http://127.0.0.1:1/healthz") == 1
        assert "does not answer" in capsys.readouterr().err

    def test_has_more_patience_than_a_part(self):
        assert probe.PATIENCE > health.PATIENCE


def test_the_readers_of_variables_are_known_here():
    """A new kind of reader in hitl_site.env would otherwise hide its variables from these tests."""
    public = {
        name for name, thing in vars(env).items() if callable(thing) and name.islower() and not name.startswith("_")
    }
    assert public - {"urlsplit"} == READERS
