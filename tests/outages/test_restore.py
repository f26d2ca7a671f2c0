"""A backup, brought back as docs/how-to/outages.md says."""

import json
import subprocess

import pytest

from tests.need_postgres import find_postgres
from tests.outages.servers import until


@pytest.fixture
def programs():
    """Where pg_dump and pg_restore are; the wheel that stands in for Debian's packages has neither."""
    found = find_postgres()
    if found is None or not (found / "pg_restore").exists():
        pytest.skip("pg_dump and pg_restore are not here")
    return found


def verified(house, url: str) -> dict[str, object]:
    """What the check of the book finds there."""
    said = house.run("manage.py", "verify_audit", "--json", DATABASE_URL=url)
    return dict(json.loads(said))


def test_a_restored_database_has_the_same_whole_book_and_its_guards(house, programs, tmp_path):
    runs = house.submit("quick", 2)
    until(lambda: house.statuses(runs) == {"completed": 2})
    dump, url = tmp_path / "foureyes.dump", house.postgres.url
    copy = url.replace("/postgres?", "/restored?")

    subprocess.run([programs / "pg_dump", "--format=custom", f"--file={dump}", url], check=True)
    before = verified(house, url)
    house.execute("DROP DATABASE IF EXISTS restored")
    house.execute("CREATE DATABASE restored")
    for _ in range(2):  # into an empty database, and over one that is there
        words = ("--clean", "--if-exists", "--no-owner", f"--dbname={copy}", dump)
        subprocess.run([programs / "pg_restore", *words], check=True)
        house.run("manage.py", "migrate", "--check", DATABASE_URL=copy)
        assert verified(house, copy) == before
    assert before["ok"] and before["entries"]
