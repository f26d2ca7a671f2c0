"""The demo agents play their scripts here, whatever the shell says, and no trace leaves the machine."""

import pytest

from tests.agents_runtime.traces import recorded


@pytest.fixture(autouse=True)
def scripted(settings):
    settings.FOUREYES_MODEL = "scripted"
    with recorded():
        yield
