"""Addresses of databases."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from hitl_site import databases


@pytest.fixture
def given(monkeypatch):
    """Set the one variable these tests read."""
    return lambda value: monkeypatch.setenv("SAMPLE", value)


class TestRead:
    def test_reads_a_postgresql_address(self, given):
        given("postgresql://desk:p%40ss@db.example.org:5433/four%20eyes?sslmode=require")
        found = databases.read("SAMPLE", "sqlite:////unused")

        assert found["ENGINE"] == "django.db.backends.postgresql"
        assert (found["USER"], found["PASSWORD"]) == ("desk", "p@ss")
        assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example.org", "5433", "four eyes")
        assert found["OPTIONS"]["sslmode"] == "require"

    def test_finds_a_unix_socket_in_the_query(self, given):
        given("postgresql://postgres@/desk?host=/run/postgresql")
        found = databases.read("SAMPLE", "sqlite:////unused")

        assert (found["HOST"], found["PORT"]) == ("/run/postgresql", "")
        assert "host" not in found["OPTIONS"]

    def test_lends_connections_of_postgresql_out_instead_of_leaving_them_with_threads(self, given):
        given("postgresql://postgres@/desk")
        found = databases.read("SAMPLE", "sqlite:////unused")

        assert found["OPTIONS"]["pool"]["max_size"] > 1
        assert "CONN_MAX_AGE" not in found
        assert found["CONN_HEALTH_CHECKS"], "a database that was restarted must not cost anybody an error page"

    def test_lets_no_host_that_vanished_keep_its_locks(self, given):
        given("postgresql://postgres@/desk")
        assert (
            "idle_in_transaction_session_timeout" in databases.read("SAMPLE", "sqlite:////unused")["OPTIONS"]["options"]
        )

        given("postgresql://postgres@/desk?options=-c%20idle_in_transaction_session_timeout%3D5s")
        own = databases.read("SAMPLE", "sqlite:////unused")["OPTIONS"]["options"]
        assert own == "-c idle_in_transaction_session_timeout=5s"

    def test_opens_sqlite_so_that_writers_wait_for_each_other(self):
        found = databases.read("SAMPLE", "sqlite:////tmp/my%20desk/db.sqlite3")

        assert found["NAME"] == "/tmp/my desk/db.sqlite3"
        assert found["TEST"]["NAME"] != found["NAME"]
        assert found["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
        assert "journal_mode=WAL" in found["OPTIONS"]["init_command"]

    @pytest.mark.parametrize(
        "value",
        [
            "mysql://host/desk",
            "db.sqlite3",
            "sqlite://",
            "sqlite://relative/db",
            "sqlite:///relative/db",
            "postgresql://host",
            "postgresql:desk",
        ],
    )
    def test_refuses_what_it_cannot_open(self, given, value):
        given(value)
        with pytest.raises(ImproperlyConfigured, match="SAMPLE must look like"):
            databases.read("SAMPLE", "sqlite:////unused")

    @pytest.mark.parametrize("path", ["/srv/desk/db.sqlite3", "/srv/100% ours/what?/#1.db"])
    def test_finds_the_file_that_sqlite_url_names(self, path):
        assert databases.read("SAMPLE", databases.sqlite_url(path))["NAME"] == path

    def test_never_repeats_the_password(self, given):
        given("mysql://desk:hunter2@host/desk")
        with pytest.raises(ImproperlyConfigured) as refused:
            databases.read("SAMPLE", "sqlite:////unused")
        assert "hunter2" not in str(refused.value)
