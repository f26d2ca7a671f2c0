"""The demo agents as with a real model: settings, client and HTTP are real, a script answers at the far end."""

import pytest

from agents_runtime.agents.scripts import clause_checker, contracts, refunds
from reviews.states import RunStatus
from tests.agents_runtime.demo_agents.desk import decide
from tests.openai_server import OpenAIServer

pytestmark = pytest.mark.django_db


def far_end(talk):
    """One model plays all parts; it knows by its tools whose turn it is."""
    if "issue_refund" in talk.tools:
        return refunds.script(talk)
    return clause_checker.script(talk) if "get_clause" in talk.tools else contracts.script(talk)


@pytest.fixture(params=["responses", "chat"])
def api(request, settings):
    settings.FOUREYES_API = request.param
    return request.param


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def streamed(request, settings):
    settings.FOUREYES_STREAM = request.param
    return request.param


@pytest.fixture
def server(settings, monkeypatch):
    with OpenAIServer(far_end) as server:
        settings.FOUREYES_MODEL = "some-model"
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        yield server


class TestRefunds:
    TASK = "Customer C-88213 reports a duplicate charge on order O-30912."

    def test_stop_for_a_human_and_go_on_with_the_edit(self, api, streamed, server, start, alice):
        run = start("refunds", self.TASK)
        proposal = run.interventions.get().proposal
        decide(run, alice, "edit", replacement=proposal | {"amount": 240.0})

        assert run.status == RunStatus.COMPLETED
        assert "A reviewer changed the amount from 480.00 to 240.00." in run.result
        assert {bool(request.body.get("stream")) for request in server.requests} == {streamed}

    def test_show_the_model_the_feedback_and_the_context(self, api, server, start, alice):
        run = start("refunds", self.TASK)
        decide(run, alice, "reject", note="That charge was a hold.", context="Be kind.")

        assert "They said: That charge was a hold." in run.result
        assert "Be kind." in run.result

    def test_count_the_tokens_the_server_reports(self, api, server, start):
        run = start("refunds", self.TASK)

        assert run.usage["requests"] == len(server.requests) == 2
        assert run.usage["input_tokens"] > 0

    def test_fail_with_the_reason_when_the_model_refuses(self, api, server, start):
        server.fail(400, "This model does not exist")
        run = start("refunds", self.TASK)

        assert run.status == RunStatus.FAILED
        assert "This model does not exist" in run.error


class TestContracts:
    TASK = "Review contract K-2207 with Northwind Hosting before Friday's signing."

    def test_nest_negotiate_and_revise(self, api, server, start, alice):
        run = start("contracts", self.TASK)
        decide(run, alice, "approve")
        decide(run, alice, "reject", note="Mention clause 12 too.")
        decide(run, alice, "approve")

        assert "(revision 1)" in run.result
        assert "## Clause 12: termination" in run.result
