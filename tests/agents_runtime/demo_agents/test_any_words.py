"""Whatever a reviewer or a user types, a demo agent comes to an end and repeats no side effect."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents_runtime.agents import contracts, refunds, triage
from tests.agents_runtime.demo_agents.theatre import play, supply

words = st.text() | st.sampled_from(["rejected", "RF-1", "no", '{"amount": 1}', "changed the arguments {}", "5", "-1"])
briefly = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
AGENTS = [
    pytest.param(refunds.build, "Duplicate charge on order O-30912.", ["issue_refund", "send_email"], id="refunds"),
    pytest.param(triage.build, "Triage P-1042.", ["order_lab", "ask_human", "page_on_call"], id="triage"),
    pytest.param(contracts.build, "Review K-2207.", ["check_clause", "request_counterparty_change"], id="contracts"),
]


@pytest.mark.parametrize(("build", "task", "asked"), AGENTS)
class TestAnyWords:
    @briefly
    @given(said=st.lists(words, min_size=6, max_size=6))
    def test_in_the_place_of_outputs_lead_to_an_end(self, build, task, asked, said):
        played = play(build(), task, **{tool: [supply(one) for one in said] for tool in asked})

        assert played.final
        assert max(played.tools.count(tool) for tool in asked) <= 2

    @briefly
    @given(said=words)
    def test_as_a_task_lead_to_an_end(self, build, task, asked, said):
        assert play(build(), f"{said} ").final
        assert play(build(), f"{task} {said}").final

    @briefly
    @given(note=words)
    def test_after_the_end_lead_to_another_and_call_nothing_again(self, build, task, asked, note):
        first = play(build(), task)
        again = play(build(), [*first.items, {"role": "user", "content": note or " "}])

        assert again.final
        assert not set(again.tools) & {"issue_refund", "order_lab", "request_counterparty_change"}
