"""Giving a silent server up. A PostgreSQL that really falls silent is in tests/outages."""

import time

import psycopg
import pytest
from psycopg.waiting import Ready

from hitl_site import patience


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """Nothing of this process changes for good."""
    monkeypatch.setattr(patience, "_seconds", None)
    monkeypatch.setattr(patience, "_was_silent", False)


def asks(answers):
    """An operation as psycopg writes them: it is sent what the socket is ready for."""
    while (yield "R") == Ready.NONE:
        pass
    return answers


class TestBounded:
    def test_returns_what_the_operation_returns(self):
        bounded = patience._bounded(asks("rows"), 10)
        assert next(bounded) == "R"
        with pytest.raises(StopIteration) as done:
            bounded.send(Ready.R)
        assert done.value.value == "rows"

    def test_gives_up_when_nothing_came_in_time(self):
        bounded = patience._bounded(asks("rows"), 0)
        next(bounded)
        time.sleep(0.01)
        with pytest.raises(patience.Silence, match="did not answer within 0 seconds"):
            bounded.send(Ready.NONE)
        assert patience._was_silent

    def test_is_patient_again_after_an_answer(self, monkeypatch):
        monkeypatch.setattr(patience, "_was_silent", True)
        with pytest.raises(StopIteration):
            bounded = patience._bounded(asks("rows"), 1)
            next(bounded)
            bounded.send(Ready.R)
        assert not patience._was_silent

    def test_lets_a_late_answer_that_is_there_count(self):
        bounded = patience._bounded(asks("rows"), 0)
        next(bounded)
        time.sleep(0.01)
        with pytest.raises(StopIteration):
            bounded.send(Ready.R)


class TestSilence:
    def test_is_what_django_takes_for_an_outage(self):
        assert issubclass(patience.Silence, psycopg.OperationalError)


class TestLoseAfter:
    def test_holds_for_the_process(self):
        patience.lose_after(7)
        assert patience._seconds == 7
