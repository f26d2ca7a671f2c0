"""A run parked by one release of the code and resumed by a process with another: it goes on, or says why it cannot."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from agents_runtime import registry, worker
from reviews.actions import runs
from reviews.models import Run
from reviews.states import RunStatus
from tests.agents_runtime import other_release
from tests.agents_runtime.releases import ALONE, HANDOFF, HEAD, HOLD, LOOSE, NESTED, TOOL, WRITES, changed
from tests.stack import _test_database_url


class Houses:
    """This process parks runs, another resumes them."""

    def __init__(self, other: subprocess.Popen[str], folder: Path, stage) -> None:
        self.other, self.folder, self.stage = other, folder, stage

    def park(self, source: str) -> Run:
        """A run that waits at its question, asked by that code."""
        run = self.submit(source)
        worker.advance(run.pk)
        return run

    def submit(self, source: str) -> Run:
        """A queued run, as a process with that code submits it."""
        self.load(source)
        return runs.submit("release", "Go.", by=self.stage.reviewer)

    def load(self, source: str) -> None:
        """Let this process have that code from now on."""
        (self.folder / "one.py").write_text(source)
        registry._entries.pop("release", None)
        other_release.load(str(self.folder / "one.py"), f"release_{uuid4().hex}")
        registry.declare(registry.get("release"))

    def resume(self, run: Run, source: str) -> Run:
        """The run after the other process has advanced it with that code."""
        (self.folder / "two.py").write_text(source)
        assert self.other.stdin is not None and self.other.stdout is not None
        self.other.stdin.write(f"{run.pk} {self.folder / 'two.py'}\n")
        self.other.stdin.flush()
        assert self.other.stdout.readline() == "advanced\n"
        return Run.objects.get(pk=run.pk)

    @property
    def book(self) -> list[str]:
        """What the tools of both releases did."""
        path = self.folder / "book"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture(scope="module")
def other(django_db_setup, django_db_blocker):
    """A process that knows no agent until it is given a file of them."""
    with django_db_blocker.unblock():
        environment = os.environ | {"DATABASE_URL": _test_database_url()}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.agents_runtime.other_release"],
        env=environment | {"DJANGO_SETTINGS_MODULE": "hitl_site.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        process.kill()


@pytest.fixture
def houses(other, tmp_path, stage, transactional_db):
    return Houses(other, tmp_path, stage)


class TestAnApprovedCallGoesOn:
    @pytest.mark.parametrize(
        "changes, ran",
        [
            pytest.param([], "pay Ann 5", id="nothing changed"),
            pytest.param([("Pay somebody.", "Pay them.")], "pay Ann 5", id="described in other words"),
            pytest.param([("amount: int", "amount: float")], "pay Ann 5.0", id="a wider type"),
            pytest.param(
                [
                    (TOOL, LOOSE + '(to: str, amount: int, currency: str = "EUR") -> str:'),
                    (WRITES, 'write("pay", to, amount, currency)'),
                ],
                "pay Ann 5 EUR",
                id="a new parameter that may be left out",
            ),
            pytest.param([("ASK = [{", "ASK = [] and [{")], "pay Ann 5", id="no rule asks any more"),
            pytest.param([('"pay"}]', '"pay", "ruling": "refuse"}]')], "pay Ann 5", id="a rule that refuses by now"),
            pytest.param(
                [("@function_tool\n", "@function_tool(needs_approval=True)\n")], "pay Ann 5", id="marked by now"
            ),
            pytest.param(
                [("pay, name", "function_tool(write, name_override='more', strict_mode=False) and pay, name")],
                "pay Ann 5",
                id="another build",
            ),
        ],
    )
    def test_where_it_means_what_it_meant(self, houses, changes, ran):
        run = houses.park(HEAD + ALONE)
        houses.stage.decide(run, "approve")

        run = houses.resume(run, changed(HEAD + ALONE, *changes))

        assert (run.status, run.error, houses.book) == (RunStatus.COMPLETED, "", [ran])

    def test_with_the_arguments_a_reviewer_gave_it(self, houses):
        run = houses.park(HEAD + ALONE)
        houses.stage.decide(run, "edit", replacement={"to": "Ann", "amount": 2})

        run = houses.resume(run, changed(HEAD + ALONE, ("amount: int", "amount: Annotated[int, Field(le=3)]")))

        assert (run.status, houses.book) == (RunStatus.COMPLETED, ["pay Ann 2"])

    @pytest.mark.parametrize("source", [HANDOFF, NESTED])
    def test_inside_a_graph_that_has_grown(self, houses, source):
        run = houses.park(HEAD + source)
        houses.stage.decide(run, "approve")
        more = changed(
            HEAD + source,
            ("Pay somebody.", "Pay."),
            (", pay, name", ", pay, handoffs=[play.agent(first(), name='New')], name"),
        )

        run = houses.resume(run, more)

        assert (run.status, run.error, houses.book) == (RunStatus.COMPLETED, "", ["pay Ann 5"])
        assert "paid Ann 5" in run.result


class TestAVersion:
    OLD, NEW = HEAD + ALONE, changed(HEAD + ALONE, ('version="1"', 'version="2"'))

    @pytest.mark.parametrize(
        ("submitted", "parked", "number"),
        [
            pytest.param(OLD, NEW, "2", id="workers are upgraded before the web"),
            pytest.param(NEW, OLD, "1", id="the web is upgraded before the workers"),
        ],
    )
    def test_is_that_of_the_worker_that_came_to_the_gate(self, houses, submitted, parked, number):
        run = houses.submit(submitted)
        houses.load(parked)
        worker.advance(run.pk)
        assert run.checkpoints.get().agent_version == number
        houses.stage.decide(run, "approve")

        run = houses.resume(run, parked)
        assert (run.status, run.error, houses.book) == (RunStatus.COMPLETED, "", ["pay Ann 5"])

    def test_of_the_submission_does_not_let_another_go_on_from_a_gate(self, houses):
        run = houses.submit(self.NEW)
        houses.load(self.OLD)
        worker.advance(run.pk)
        houses.stage.decide(run, "approve")

        run = houses.resume(run, self.NEW)
        assert (run.status, run.error_code, houses.book) == (RunStatus.FAILED, "unknown_version", [])


class TestAnApprovedCallDoesNotRun:
    @pytest.mark.parametrize(
        "changes, code, said",
        [
            pytest.param(
                [("amount: int)", "amount: int, currency: str)")], "tool_changed", "'currency'", id="a new parameter"
            ),
            pytest.param(
                [("amount: int)", 'amount: int, currency: str = "EUR")')],
                "tool_changed",
                "'currency'",
                id="a new parameter with a default",
            ),
            pytest.param(
                [("amount: int)", "*, amount: int = 0)"), ("to: str, ", ""), ("{to} ", ""), (WRITES, "write(amount)")],
                "tool_changed",
                "'to'",
                id="a parameter less",
            ),
            pytest.param(
                [("amount: int", "total: int"), (WRITES, "write(to, total)"), ("{amount}", "{total}")],
                "tool_changed",
                "'total'",
                id="a parameter renamed",
            ),
            pytest.param(
                [
                    (TOOL, LOOSE + "(to: str, total: int = 100) -> str:"),
                    (WRITES, "write(to, total)"),
                    ("{amount}", "{total}"),
                ],
                "tool_changed",
                "'amount' is not known",
                id="a parameter renamed that has a default",
            ),
            pytest.param(
                [(TOOL, LOOSE + "(to: str) -> str:"), (WRITES, "write(to)"), (" {amount}", "")],
                "tool_changed",
                "'amount' is not known",
                id="a parameter less in a loose schema",
            ),
            pytest.param(
                [("amount: int", "amount: str")], "tool_changed", "amount: 5 is not of type", id="another type"
            ),
            pytest.param(
                [("amount: int", "amount: Annotated[int, Field(le=3)]")],
                "tool_changed",
                "amount: 5 is greater",
                id="a narrower range",
            ),
            pytest.param([("=5)), pay, name", "=5)), name")], "tool_changed", "no tool 'pay'", id="the tool is gone"),
            pytest.param(
                [("@function_tool\n", '@function_tool(name_override="pay_out")\n'), ("ASK = [{", "ASK = [] and [{")],
                "tool_changed",
                "no tool 'pay'",
                id="the tool has another name",
            ),
            pytest.param([('version="1"', 'version="2"')], "unknown_version", "version '2'", id="the version"),
            pytest.param(
                [('name="Payer"', 'name="Purser"')], "agent_changed", "'Payer'", id="the agent has another name"
            ),
            pytest.param([('"release"', '"let-go"')], "unknown_agent", "release", id="the agent has another slug"),
            pytest.param(
                [("def build():", "def build():\n    raise KeyError('CRM_TOKEN')")],
                "build_failed",
                "CRM_TOKEN",
                id="the agent cannot be built",
            ),
        ],
    )
    def test_where_it_would_be_a_guess(self, houses, changes, code, said):
        run = houses.park(HEAD + ALONE)
        houses.stage.decide(run, "approve")

        run = houses.resume(run, changed(HEAD + ALONE, *changes))

        assert (run.status, run.error_code, houses.book) == (RunStatus.FAILED, code, [])
        assert said in run.error

    def test_where_a_call_beside_it_no_longer_fits(self, houses):
        both = changed(
            HEAD + ALONE, ('to="Ann", amount=5)', 'to="Ann", amount=1), call("pay", "c2", to="Bob", amount=9)')
        )
        run = houses.park(both)
        for call_id in ("c1", "c2"):
            houses.stage.decide(run, "approve", call_id=call_id)

        run = houses.resume(run, changed(both, ("amount: int", "amount: Annotated[int, Field(le=3)]")))

        assert (run.error_code, houses.book) == ("tool_changed", [])
        assert "c2" in run.error

    @pytest.mark.parametrize(
        "source, changes, code, said",
        [
            pytest.param(
                HANDOFF, [("Greeter", "Porter")], "agent_changed", "'Greeter' took part", id="who spoke before"
            ),
            pytest.param(
                HANDOFF, [('"Payer"', '"Purser"')], "agent_changed", "'Payer' took part", id="whose turn it is"
            ),
            pytest.param(
                NESTED, [('"Payer"', '"Purser"')], "agent_changed", "'Payer' took part", id="who works as a tool"
            ),
            pytest.param(NESTED, [('"Boss"', '"Chief"')], "agent_changed", "'Boss' took part", id="whose tool it is"),
            pytest.param(
                HANDOFF,
                [
                    ("Greeter", "Nobody"),
                    ("Payer", "Greeter"),
                    ("Nobody", "Payer"),
                    ("transfer_to_payer", "transfer_to_greeter"),
                ],
                "tool_changed",
                "'Payer' has no tool 'pay'",
                id="two that changed names",
            ),
        ],
    )
    def test_where_an_agent_of_the_graph_has_another_name(self, houses, source, changes, code, said):
        run = houses.park(HEAD + source)
        houses.stage.decide(run, "approve")

        run = houses.resume(run, changed(HEAD + source, *changes))

        assert (run.status, run.error_code, houses.book) == (RunStatus.FAILED, code, [])
        assert said in run.error


class TestWhatNeedsTheToolNoMore:
    def test_a_rejected_call_of_a_tool_that_is_gone(self, houses):
        run = houses.park(HEAD + ALONE)
        houses.stage.decide(run, "reject", note="Not Ann.")

        run = houses.resume(run, changed(HEAD + ALONE, ("=5)), pay, name", "=5)), name")))

        assert (run.status, houses.book) == (RunStatus.COMPLETED, [])
        assert "Not Ann." in run.result

    def test_a_supplied_output_where_the_tool_takes_other_arguments(self, houses):
        run = houses.park(HEAD + ALONE)
        houses.stage.decide(run, "override", replacement="paid in cash")

        run = houses.resume(run, changed(HEAD + ALONE, ("amount: int", "amount: str")))

        assert (run.status, run.result, houses.book) == (RunStatus.COMPLETED, "c1: paid in cash", [])


class TestACallThatWasLetThrough:
    def test_stays_so_under_a_new_rule_that_asks(self, houses):
        free = changed(HEAD + ALONE, ("ASK = [{", "ASK = [] and [{"))
        run = houses.park(
            changed(free, ("def build():", "def build():\n    hold()\n"), ("def write", HOLD + "def write"))
        )
        assert Run.objects.get(pk=run.pk).status == RunStatus.PAUSED
        runs.resume(run.pk, by=houses.stage.reviewer)

        run = houses.resume(run, HEAD + ALONE)

        assert (run.status, houses.book) == (RunStatus.COMPLETED, ["pay Ann 5"])
