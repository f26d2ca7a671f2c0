"""Reasons not to start."""

import socket
import subprocess
import sys

import pytest

from hitl_site.supervisor import guards
from hitl_site.supervisor.process import ROOT

HOLD = """
import sys, time
from pathlib import Path
from hitl_site.supervisor import guards
with guards.sole_owner(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def owner(tmp_path):
    """Another process that holds the folder."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        yield process
        process.kill()


class TestSoleOwner:
    def test_refuses_while_another_process_holds_the_folder_and_names_it(self, tmp_path, owner):
        expected = f"already running here .process {owner.pid}, data in"
        with pytest.raises(guards.Refused, match=expected) as refused, guards.sole_owner(tmp_path):
            pass
        assert refused.value.code == guards.ALREADY_RUNNING

    def test_takes_over_from_a_process_that_was_killed(self, tmp_path, owner):
        owner.kill()
        owner.wait()
        with guards.sole_owner(tmp_path):
            pass

    def test_lets_go_at_the_end_of_the_block(self, tmp_path):
        for _ in range(2):
            with guards.sole_owner(tmp_path):
                pass

    def test_makes_the_folder(self, tmp_path):
        with guards.sole_owner(tmp_path / "new"):
            assert (tmp_path / "new" / "run" / "demo.lock").exists()


class TestRequireFreePort:
    def test_refuses_a_port_somebody_listens_on_and_names_another(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            with pytest.raises(guards.Refused, match=f"Port {port} .* in use.* PORT={port + 1}") as refused:
                guards.require_free_port("127.0.0.1", port)
        assert refused.value.code == guards.PORT_TAKEN

    def test_lets_a_free_port_pass_and_leaves_it_free(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        guards.require_free_port("127.0.0.1", port)
        with socket.create_server(("127.0.0.1", port)):
            pass

    def test_says_why_where_the_system_forbids_it(self):
        with pytest.raises(guards.Refused, match=r"cannot be used \("):
            guards.require_free_port("203.0.113.7", 8000)  # an address no machine of ours has
