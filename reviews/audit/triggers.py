"""Database triggers that refuse to change, delete or truncate the book, on SQLite and PostgreSQL."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "reviews_auditentry"
REFUSAL = "the audit log is append-only"
SQLITE = {
    f"{TABLE}_no_{verb.lower()}": (
        f"CREATE TRIGGER {TABLE}_no_{verb.lower()} BEFORE {verb} ON {TABLE} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    )
    for verb in ("UPDATE", "DELETE")
} | {
    # INSERT OR REPLACE deletes without firing the trigger above
    f"{TABLE}_no_replace": (
        f"CREATE TRIGGER {TABLE}_no_replace BEFORE INSERT ON {TABLE} "
        f"WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE seq = NEW.seq OR previous = NEW.previous) "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    )
}
BODY = f" BEGIN RAISE EXCEPTION '{REFUSAL}: % refused', TG_OP; END "
FUNCTION = f"CREATE OR REPLACE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS $${BODY}$$"
POSTGRESQL = {
    f"{TABLE}_no_{verb.lower()}": (
        f"CREATE TRIGGER {TABLE}_no_{verb.lower()} BEFORE {verb} ON {TABLE} "
        f"FOR EACH {scope} EXECUTE FUNCTION {TABLE}_refuse()"
    )
    for verb, scope in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT"))
}
INSTALLED = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
    "postgresql": (
        "SELECT tgname, pg_get_triggerdef(t.oid, true) || ' AS ' || p.prosrc "
        "FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
        "WHERE tgrelid = to_regclass(%s) AND NOT tgisinternal AND tgenabled = 'A'"
    ),
}
"""The triggers that would fire, each with its text: one of the same name that does nothing protects nothing."""


def create(connection: BaseDatabaseWrapper) -> None:
    """Install every trigger that is not there as it should be."""
    lost, wanted = missing(connection), _wanted(connection)
    is_postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if is_postgresql and lost:
            cursor.execute(FUNCTION)
        for name in lost:
            cursor.execute(_dropping(connection, name))
            cursor.execute(wanted[name])
            if is_postgresql:  # or it would not fire where session_replication_role is replica
                cursor.execute(f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {name}")


def drop(connection: BaseDatabaseWrapper) -> None:
    """Remove them; only a migration that rebuilds the table and the tests' clean-up may want this."""
    with connection.cursor() as cursor:
        for name in _wanted(connection):
            cursor.execute(_dropping(connection, name))


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """The names of the triggers that should be there and are not, are switched off, or do something else."""
    wanted = _wanted(connection)
    with connection.cursor() as cursor:
        cursor.execute(INSTALLED[connection.vendor], [TABLE])
        found = dict(cursor.fetchall())
    body = f" AS {BODY}" if connection.vendor == "postgresql" else ""
    return sorted(name for name, text in wanted.items() if _plain(found.get(name, "")) != _plain(text + body))


def _plain(text: str) -> str:
    """The text in one line, however the database laid it out."""
    return " ".join(text.split())


def _dropping(connection: BaseDatabaseWrapper, name: str) -> str:
    return f"DROP TRIGGER IF EXISTS {name}" + (f" ON {TABLE}" if connection.vendor == "postgresql" else "")


def _wanted(connection: BaseDatabaseWrapper) -> dict[str, str]:
    if connection.vendor not in INSTALLED:
        raise NotImplementedError(f"Foureyes keeps its audit log on SQLite or PostgreSQL, not on {connection.vendor}.")
    return POSTGRESQL if connection.vendor == "postgresql" else SQLITE
