"""Faults that a retry would only repeat end the run; an outage does not."""

import pytest
from agents import function_tool
from django.db import DataError, InterfaceError, OperationalError

from agents_runtime import registry
from agents_runtime.desk import RunDesk
from reviews.states import RunStatus
from tests.agents_runtime import play
from tests.agents_runtime.play import call, first


@pytest.fixture
def ran() -> list[str]:
    """What the tools of the test did, in order."""
    return []


@pytest.fixture
def pay(ran):
    @function_tool
    def pay(to: str) -> str:
        ran.append(to)
        return f"paid {to}"

    return pay


class TestFaultsOfOurs:
    @pytest.mark.parametrize(
        "fault", [DataError("too long"), ValueError("no"), OverflowError("no"), RecursionError("no")]
    )
    @pytest.mark.parametrize("where", ["stop_at_gate", "begin", "finish"])
    def test_end_the_run_and_are_not_repeated(self, stage, pay, monkeypatch, caplog, fault, where):
        def fail(*args):
            raise fault

        monkeypatch.setattr(RunDesk, where, fail)
        run = stage.start(lambda: play.agent(first(call("pay", to="Ann")), pay))

        assert (run.status, run.error_code, run.lease) == (RunStatus.FAILED, "internal_error", None)
        assert run.error.endswith(f"{type(fault).__name__}: {fault}")
        assert "Traceback" in caplog.text

    @pytest.mark.parametrize("outage", [OperationalError("server closed"), InterfaceError("connection closed")])
    def test_but_an_outage_of_the_database_leaves_it_to_be_tried_again(self, stage, pay, monkeypatch, outage):
        def fail(*args):
            raise outage

        monkeypatch.setattr(RunDesk, "stop_at_gate", fail)
        run = stage.submit(lambda: play.agent(first(call("pay", to="Ann")), pay))

        with pytest.raises(type(outage)):
            stage.advance(run)
        run.refresh_from_db()
        assert run.status == RunStatus.RUNNING

    def test_include_no_overlong_call_id(self, stage, pay, ran):
        run = stage.start(lambda: play.agent(first(call("pay", "c" * 201, to="Ann")), pay))

        assert (run.status, run.error_code, ran) == (RunStatus.FAILED, "model_behavior", [])
        assert "201 characters as its call_id" in run.error

    @pytest.mark.parametrize("agent, tool", [("A" * 201, "pay"), ("Actor", "p" * 201)])
    def test_include_no_overlong_name(self, stage, ran, monkeypatch, agent, tool):
        """Of a tool, say, that only an MCP server knows: others are refused when the process starts."""
        monkeypatch.setitem(registry.LONGEST, "name", 300)

        @function_tool(name_override=tool)
        def named(to: str) -> str:
            ran.append(to)
            return "paid"

        run = stage.start(lambda: play.agent(first(call(tool, to="Ann")), named, name=agent))

        assert (run.status, run.error_code, ran) == (RunStatus.FAILED, "model_behavior", [])
