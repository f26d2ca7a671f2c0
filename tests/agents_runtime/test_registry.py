"""Which agents a process can run, and which it refuses at its start."""

import pytest
from agents import Agent, ComputerTool, ShellTool, function_tool
from django.core.exceptions import ImproperlyConfigured

from agents_runtime import apps, ask_human, register, registry
from reviews import catalog
from reviews.actions import runs
from reviews.models import Checkpoint, Intervention, Queue, Run, ToolCall
from reviews.states import RunStatus
from tests.agents_runtime import play
from tests.agents_runtime.mcp_server import Shelf
from tests.agents_runtime.play import first


@function_tool
def lookup(order: str) -> str:
    return order


@pytest.fixture
def entries(monkeypatch):
    """An empty registry, for this test."""
    empty: dict[str, registry.Entry] = {}
    monkeypatch.setattr(registry, "_entries", empty)
    return empty


FINAL = {"tool": "*", "kind": "final_output", "approvals": 2}


def clerk() -> Agent:
    return play.agent(first(), lookup, ask_human, name="Clerk")


def other_clerk() -> Agent:
    return play.agent(first(), name="Other clerk")


class TestRegister:
    @pytest.mark.parametrize("slug", ["", "Refunds", "re funds", "-refunds", "refunds/1", "refunds\n"])
    def test_refuses_a_slug_that_is_no_slug(self, entries, slug):
        with pytest.raises(ImproperlyConfigured, match="must be lowercase letters, digits and dashes"):
            register(slug, queue="support", version="1")

    def test_refuses_a_queue_that_is_no_slug(self, entries):
        with pytest.raises(ImproperlyConfigured, match="queue 'Finance Dept!' must be lowercase"):
            register("payables", queue="Finance Dept!", version="1")

    @pytest.mark.parametrize(
        ("more", "text"),
        [
            ({"slug": "a" * 101}, r"Agent slug '.*' has 101 characters; at most 100 can be kept"),
            ({"queue": "q" * 51}, r"Agent 'clerk': queue '.*' has 51 characters; at most 50 can be kept"),
            ({"version": "sha256:" + "a" * 64}, r"Agent 'clerk': version '.*' has 71 characters; at most 50 can be"),
            ({"version": ""}, "version '' must be a text"),
            ({"version": 3}, "version 3 must be a text"),
            ({"version": "1\0"}, "must be a text"),
        ],
    )
    def test_refuses_what_the_database_could_not_keep(self, entries, more, text):
        with pytest.raises(ImproperlyConfigured, match=text):
            register(**{"slug": "clerk", "queue": "support", "version": "1"} | more)

    @pytest.mark.parametrize(
        ("sort", "model", "column"),
        [("slug", Run, "agent"), ("queue", Queue, "slug"), ("version", Run, "agent_version")]
        + [("version", Checkpoint, "agent_version"), ("name", ToolCall, "tool"), ("name", Intervention, "agent")],
    )
    def test_knows_what_the_database_can_keep(self, sort, model, column):
        assert registry.LONGEST[sort] == model._meta.get_field(column).max_length

    def test_takes_what_just_fits(self, entries, db):
        slug = "a" * 100
        register(slug, queue="q" * 50, version="v" * 50)(clerk)
        registry.declare(registry.get(slug))

        run = runs.submit(slug, "Go.", by=None)
        run.refresh_from_db()
        assert (run.agent, run.agent_version, run.queue.slug) == (slug, "v" * 50, "q" * 50)

    def test_refuses_a_slug_that_another_function_has(self, entries):
        register("clerk", queue="support", version="1")(clerk)

        with pytest.raises(ImproperlyConfigured, match=r"'clerk': .*\.clerk and .*\.other_clerk\. Rename one"):
            register("clerk", queue="support", version="1")(other_clerk)

    def test_takes_the_same_function_again_as_a_reloaded_module_does(self, entries):
        register("clerk", queue="support", version="1")(clerk)
        register("clerk", queue="support", version="2")(clerk)

        assert entries["clerk"].version == "2"

    def test_hands_the_function_back_unchanged(self, entries):
        assert register("clerk", queue="support", version="1")(clerk) is clerk

    @pytest.mark.parametrize(
        "rule, word",
        [
            ({"tool": "lookup", "when": "amount"}, "condition"),
            ({"tol": "lookup"}, "tol"),
            ({"tool": "x", "risk": "?"}, "risk"),
            ({"tool": "*", "kind": "final_output", "ruling": "allow"}, "A final output is always put to a person"),
        ],
    )
    def test_refuses_a_rule_that_cannot_be_read(self, entries, rule, word):
        with pytest.raises(ImproperlyConfigured, match=f"Agent 'clerk': .*{word}"):
            register("clerk", queue="support", version="1", review=[rule])(clerk)

    def test_grants_the_turns_of_the_settings_unless_told_otherwise(self, entries, settings):
        settings.FOUREYES_MAX_TURNS = 7
        register("clerk", queue="support", version="1")(clerk)
        register("other", queue="support", version="1", max_turns=3)(other_clerk)

        assert (entries["clerk"].max_turns, entries["other"].max_turns) == (7, 3)


class TestDeclare:
    def declare(self, build, **more) -> None:
        register("clerk", queue="support", version="1", **more)(build)
        registry.declare(registry.get("clerk"))

    def test_puts_a_card_in_the_catalog(self, entries):
        self.declare(clerk, title="The clerk", description="Looks up.", sample_input="Order 1?", review_output=True)

        card = catalog.get("clerk")
        assert (card.title, card.queue, card.version, card.description) == ("The clerk", "support", "1", "Looks up.")
        assert card.tools == ("ask_human", "lookup")
        assert (card.sample_input, card.review_output, card.scripted) == ("Order 1?", True, False)

    def test_makes_a_title_of_the_slug(self, entries):
        register("night-clerk", queue="support", version="1")(clerk)
        registry.declare(registry.get("night-clerk"))

        assert catalog.get("night-clerk").title == "Night clerk"

    def test_refuses_two_agents_of_one_name_in_one_graph(self, entries):
        with pytest.raises(ImproperlyConfigured, match="Agent 'clerk' .*share the name 'Twin'"):
            self.declare(lambda: Agent(name="Top", handoffs=[Agent(name="Twin"), Agent(name="Twin")]))

    def test_refuses_names_that_the_database_could_not_keep(self, entries):
        with pytest.raises(ImproperlyConfigured, match="the name 'C+' has 201 characters; at most 200"):
            self.declare(lambda: play.agent(first(), name="C" * 201))
        with pytest.raises(ImproperlyConfigured, match="the name 't+' has 201 characters; at most 200"):
            self.declare(lambda: play.agent(first(), function_tool(str.title, name_override="t" * 201)))

    def test_refuses_an_idempotent_tool_that_is_not_there(self, entries):
        with pytest.raises(ImproperlyConfigured, match="names 'loookup' as idempotent but has no such tool"):
            self.declare(clerk, idempotent=["loookup"])

    @pytest.mark.parametrize("rule", [{"tool": "loookup"}, {"tool": "lookup", "agent": "Clark"}, FINAL])
    def test_refuses_a_rule_that_would_guard_nothing(self, entries, rule):
        with pytest.raises(ImproperlyConfigured, match="has a rule for"):
            self.declare(clerk, review=[rule])

    @pytest.mark.parametrize("rule", [{"tool": "look*"}, {"tool": "*", "agent": "C*"}, {"tool": "ask_human"}])
    def test_takes_a_rule_that_guards_something(self, entries, rule):
        self.declare(clerk, review=[rule])

    def test_takes_a_rule_for_an_output_that_is_reviewed(self, entries):
        self.declare(clerk, review=[FINAL], review_output=True)

    def test_takes_rules_for_tools_that_only_an_mcp_server_knows(self, entries):
        self.declare(lambda: Agent(name="Clerk", mcp_servers=[Shelf()]), review=[{"tool": "take_book"}])

    def test_refuses_a_tool_that_cannot_be_stopped_and_says_what_to_do(self, entries):
        shell = ShellTool(executor=lambda request: "done")

        with pytest.raises(ImproperlyConfigured, match=r"'shell' \(ShellTool\), which cannot be stopped .*ungated="):
            self.declare(lambda: Agent(name="Clerk", tools=[shell]))

    def test_refuses_a_computer_too(self, entries):
        with pytest.raises(ImproperlyConfigured, match="ComputerTool"):
            self.declare(lambda: Agent(name="Clerk", tools=[ComputerTool(computer=object())]))

    def test_accepts_it_where_its_author_answers_for_it(self, entries):
        shell = ShellTool(executor=lambda request: "done")

        self.declare(lambda: Agent(name="Clerk", tools=[shell]), ungated=["shell"])

        assert catalog.get("clerk").tools == ("shell",)

    @pytest.mark.parametrize("result, word", [(None, "is no Agent"), ("error", "CRM_TOKEN")])
    def test_names_the_agent_that_cannot_be_built(self, entries, result, word):
        def build():
            if result:
                raise KeyError("CRM_TOKEN")

        with pytest.raises(ImproperlyConfigured, match=f"Agent 'clerk' cannot be built: .*{word}"):
            self.declare(build)


class TestGet:
    def test_names_the_known_agents_when_asked_for_an_unknown_one(self, entries):
        with pytest.raises(catalog.UnknownAgent):
            registry.get("nobody")


class TestDiscover:
    def test_finds_the_agents_modules_of_the_installed_apps(self):
        registry.discover()

        assert {"contracts", "refunds", "triage"} <= {card.slug for card in catalog.all_cards()}

    def test_lets_a_discovered_agent_run(self, stage):
        run = stage.start(clerk)

        assert run.status == RunStatus.COMPLETED

    def test_happens_when_the_process_starts(self):
        assert apps.AgentsRuntimeConfig.name == "agents_runtime"
        assert "refunds" in registry._entries
