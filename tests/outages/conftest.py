"""One house for all tests here; each finds it whole and must leave it so without a restart of its processes."""

import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.need_browser import in_ci
from tests.need_postgres import MEND, find_postgres
from tests.outages.house import House
from tests.outages.servers import until


@pytest.fixture(scope="session")
def outages() -> Generator[House]:
    """The house; needs PostgreSQL's programs."""
    if find_postgres() is None:
        pytest.fail(MEND) if in_ci() else pytest.skip(MEND)
    with tempfile.TemporaryDirectory(prefix="fe-") as folder:  # short: a socket's path has about 100 bytes
        Path(folder).chmod(0o755)
        made = House(Path(folder))
        try:
            made.open()
            yield made
        finally:
            made.close()


@pytest.fixture
def house(outages: House) -> Generator[House]:
    """The house, whole; afterwards too, by itself, its processes the same."""
    outages.heal()
    until(outages.is_well, 60)
    before = outages.pids()
    yield outages
    outages.heal()
    until(outages.is_well, 60)
    assert outages.pids() == before
