"""The database itself refuses to alter the book."""

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from reviews import audit
from reviews.actors import SYSTEM
from reviews.audit import Act, Verified, checks, triggers

TABLE = triggers.TABLE
ROW = "(seq, at, action, actor_type, actor, run, subject, data, previous, digest)"
FORGED = f"SELECT seq, at, 'forged', actor_type, actor, run, subject, data, previous, digest FROM {TABLE}"
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own words")
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's own words")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def entries():
    audit.record(Act("a.one", SYSTEM), Act("a.two", SYSTEM))


def run(statement):
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute(statement)


class TestTriggers:
    @pytest.mark.parametrize(
        "statement",
        [
            f"UPDATE {TABLE} SET action = 'forged' WHERE seq = 1",
            f"UPDATE {TABLE} SET seq = 9 WHERE seq = 2",
            f"DELETE FROM {TABLE} WHERE seq = 2",
            f"DELETE FROM {TABLE}",
            f"INSERT INTO {TABLE} {ROW} {FORGED} WHERE seq = 1 "
            "ON CONFLICT (seq) DO UPDATE SET action = excluded.action",
            pytest.param(f"TRUNCATE {TABLE}", marks=on_postgresql),
            pytest.param(f"TRUNCATE {TABLE} CASCADE", marks=on_postgresql),
            pytest.param(f"INSERT OR REPLACE INTO {TABLE} {ROW} {FORGED} WHERE seq = 1", marks=on_sqlite),
            pytest.param(
                f"REPLACE INTO {TABLE} {ROW} SELECT 99, at, 'forged', actor_type, actor, run, subject, data, previous,"
                f" digest FROM {TABLE} WHERE seq = 1",
                marks=on_sqlite,
            ),
            pytest.param(f"UPDATE OR REPLACE {TABLE} SET seq = 2 WHERE seq = 1", marks=on_sqlite),
        ],
    )
    def test_refuse_what_would_alter_the_book(self, statement):
        with pytest.raises(DatabaseError, match="append-only"):
            run(statement)
        assert isinstance(audit.verify(), Verified)

    def test_let_the_book_grow(self):
        assert audit.record(Act("a.three", SYSTEM)) == 3
        assert isinstance(audit.verify(), Verified)

    def test_are_installed_twice_without_harm(self):
        triggers.create(connection)
        assert triggers.missing(connection) == []


class TestSystemCheck:
    def problems(self):
        return checks.audit_triggers_exist(databases=["default"])

    def test_is_silent_while_all_stand(self):
        assert self.problems() == []

    def test_names_each_trigger_that_is_gone(self):
        name = f"{TABLE}_no_update"
        run(f"DROP TRIGGER {name}" + (f" ON {TABLE}" if connection.vendor == "postgresql" else ""))

        (error,) = self.problems()
        assert (error.id, error.level) == ("reviews.E001", 40)
        assert name in error.msg and "_no_delete" not in error.msg
        triggers.create(connection)
        assert self.problems() == []

    def test_names_all_when_all_are_gone(self):
        triggers.drop(connection)
        assert len(triggers.missing(connection)) == 3

    @on_postgresql
    @pytest.mark.parametrize("state", ["DISABLE TRIGGER", "ENABLE REPLICA TRIGGER", "ENABLE TRIGGER"])
    def test_names_a_trigger_that_is_switched_off(self, state):
        run(f"ALTER TABLE {TABLE} {state} {TABLE}_no_delete")
        assert triggers.missing(connection) == [f"{TABLE}_no_delete"]

    @on_sqlite
    @pytest.mark.parametrize(
        "harmless",
        [
            "BEFORE UPDATE ON {table} BEGIN SELECT 1; END",
            "BEFORE UPDATE ON {table} WHEN 0 BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
            "BEFORE UPDATE OF run ON {table} BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        ],
    )
    def test_sees_a_harmless_trigger_of_the_same_name(self, harmless):
        name = f"{TABLE}_no_update"
        run(f"DROP TRIGGER {name}")
        run(f"CREATE TRIGGER {name} " + harmless.format(table=TABLE))
        self.is_mended(name)

    @on_postgresql
    def test_sees_a_trigger_of_the_same_name_that_never_fires(self):
        name = f"{TABLE}_no_update"
        run(f"DROP TRIGGER {name} ON {TABLE}")
        run(
            f"CREATE TRIGGER {name} BEFORE UPDATE ON {TABLE}"
            f" FOR EACH ROW WHEN (false) EXECUTE FUNCTION {TABLE}_refuse()"
        )
        run(f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {name}")
        self.is_mended(name)

    @on_postgresql
    def test_sees_a_function_that_no_longer_refuses(self):
        run(
            f"CREATE OR REPLACE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RETURN NEW; END $$"
        )
        self.is_mended(*(f"{TABLE}_no_{verb}" for verb in ("delete", "truncate", "update")))

    def is_mended(self, *names):
        """It is named as missing, and replaced by one that refuses."""
        assert triggers.missing(connection) == list(names)
        triggers.create(connection)
        assert triggers.missing(connection) == []
        with pytest.raises(DatabaseError, match="append-only"):
            run(f"UPDATE {TABLE} SET action = 'forged' WHERE seq = 1")

    def test_is_silent_where_there_is_no_book_yet(self, monkeypatch):
        monkeypatch.setattr(connection.introspection, "table_names", lambda: [])
        triggers.drop(connection)
        assert self.problems() == []

    def test_is_part_of_manage_py_check(self):
        call_command("check", databases=["default"])
