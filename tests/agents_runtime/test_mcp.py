"""Tools of MCP servers stop at the gate like any other."""

import sys
from pathlib import Path

import pytest
from agents.mcp import MCPServerStdio

from reviews.actions.verdicts import refusal
from reviews.states import RunStatus, ToolCallStatus
from tests.agents_runtime import play
from tests.agents_runtime.mcp_server import Shelf
from tests.agents_runtime.play import call, first

TAKE = call("take_book", title="Emma")
ASK = [{"tool": "take_book"}]
SERVER = """
from mcp.server.mcpserver import MCPServer
server = MCPServer("shelf")
@server.tool()
def take_book(title: str) -> str:
    open({ledger!r}, "a").write(title + "\\n")
    return "took " + title
server.run()
"""


@pytest.fixture
def lent() -> list[str]:
    """The books that were really taken."""
    return []


class TestToolsOfAServer:
    def test_run_when_no_rule_asks(self, stage, lent):
        run = stage.start(lambda: play.agent(first(TAKE), mcp_servers=[Shelf(lent)]))

        assert (run.status, lent) == (RunStatus.COMPLETED, ["Emma"])
        assert stage.call(run).status == ToolCallStatus.DONE

    def test_wait_for_a_human_when_one_does(self, stage, lent):
        run = stage.start(lambda: play.agent(first(TAKE), mcp_servers=[Shelf(lent)]), review=ASK)
        assert (run.status, lent) == (RunStatus.AWAITING_REVIEW, [])
        assert stage.question(run).schema["required"] == ["title"]

        run = stage.settle(run, "edit", replacement={"title": "Persuasion"})
        assert (run.status, lent) == (RunStatus.COMPLETED, ["Persuasion"])
        assert "took Persuasion" in run.result

    @pytest.mark.parametrize("marked", ["always", {"always": {"tool_names": ["take_book"]}}])
    def test_ask_where_the_server_was_told_to(self, stage, lent, marked):
        run = stage.start(lambda: play.agent(first(TAKE), mcp_servers=[Shelf(lent, require_approval=marked)]))

        assert (run.status, lent) == (RunStatus.AWAITING_REVIEW, [])

    def test_do_not_run_when_rejected(self, stage, lent):
        run = stage.start(lambda: play.agent(first(TAKE), mcp_servers=[Shelf(lent)]), review=ASK)

        run = stage.settle(run, "reject", note="Not that one.")

        assert (run.result, lent) == (f"c1: {refusal('Not that one.')}", [])

    def test_are_gated_in_a_nested_agent_too(self, stage, lent):
        def build():
            inner = play.agent(first(call("take_book", "i1", title="Emma")), name="Inner", mcp_servers=[Shelf(lent)])
            return play.agent(first(call("inner", "o1", input="go")), inner.as_tool("inner", "Ask."), name="Outer")

        run = stage.start(build, review=ASK)
        assert (stage.question(run).agent, lent) == ("Inner", [])

        run = stage.settle(run, "approve")
        assert (run.status, lent) == (RunStatus.COMPLETED, ["Emma"])

    def test_are_gated_once_when_the_agent_object_is_shared(self, stage, lent):
        shared = play.agent(first(TAKE), mcp_servers=[Shelf(lent)])

        run = stage.settle(stage.start(lambda: shared, review=ASK), "approve")

        assert (run.status, lent) == (RunStatus.COMPLETED, ["Emma"])


class TestServers:
    def test_are_connected_and_let_go_with_every_advance(self, stage, lent):
        shelf = Shelf(lent)
        run = stage.start(lambda: play.agent(first(TAKE), mcp_servers=[shelf]), review=ASK)
        assert shelf.said == ["connected", "cleaned up"]

        stage.settle(run, "approve")
        assert shelf.said == ["connected", "cleaned up"] * 2

    def test_that_are_away_fail_the_run_with_a_reason(self, stage):
        run = stage.start(lambda: play.agent(first(TAKE), mcp_servers=[Shelf(is_away=True)]))

        assert (run.status, run.error_code) == (RunStatus.FAILED, "mcp_error")
        assert "the shelf is away" in run.error

    def test_that_are_processes_of_their_own_are_gated(self, stage, tmp_path: Path):
        ledger = tmp_path / "ledger"
        program = SERVER.format(ledger=str(ledger))

        def build():
            shelf = MCPServerStdio(params={"command": sys.executable, "args": ["-c", program]})
            return play.agent(first(TAKE), mcp_servers=[shelf])

        run = stage.start(build, review=ASK)
        assert (run.status, ledger.exists()) == (RunStatus.AWAITING_REVIEW, False)

        run = stage.settle(run, "approve")
        assert (run.status, run.error) == (RunStatus.COMPLETED, "")
        assert ledger.read_text() == "Emma\n"
