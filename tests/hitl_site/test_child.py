"""Children that do not outlive their parent."""

import os
import signal
import subprocess
import sys
import time

import pytest

from hitl_site import child
from hitl_site.supervisor.process import ROOT

ORPHAN = """
import signal, sys, time
signal.signal(int(sys.argv[1]), lambda *_: (print("heard", flush=True), sys.exit()))
print("up", flush=True)
time.sleep(60)
"""
PARENT = """
import os, subprocess, sys, time
environment = {**os.environ, "SUPERVISOR_PID": str(os.getpid()), "DEATH_SIGNAL": sys.argv[2]}
command = [sys.executable, "-m", "hitl_site.child", sys.executable, "-c", sys.argv[1], sys.argv[2]]
subprocess.Popen(command, env=environment)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
class TestMain:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
    def test_hears_its_signal_when_the_parent_is_killed(self, number):
        with subprocess.Popen(
            [sys.executable, "-c", PARENT, ORPHAN, str(int(number))], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as parent:
            assert parent.stdout is not None and parent.stdout.readline() == "up\n"
            parent.kill()
            assert parent.stdout.readline() == "heard\n"

    def test_does_not_start_where_the_parent_is_gone_already(self):
        environment = {**os.environ, "SUPERVISOR_PID": "1"}  # we are not the child of process 1
        ended = subprocess.run(
            [sys.executable, "-m", "hitl_site.child", "echo", "started"],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

        assert ended.returncode == 1
        assert "the supervisor is gone" in ended.stderr
        assert ended.stdout == ""

    def test_becomes_the_command(self):
        ended = subprocess.run(
            [sys.executable, "-m", "hitl_site.child", "sh", "-c", "exit 7"], cwd=ROOT, check=False, timeout=30
        )
        assert ended.returncode == 7

    def test_starts_quickly(self):
        began = time.monotonic()
        subprocess.run([sys.executable, "-m", "hitl_site.child", "true"], cwd=ROOT, check=True)
        assert time.monotonic() - began < 5, "it must import no Django: each process of the desk pays for it"


class TestTieToParent:
    def test_does_nothing_elsewhere(self, monkeypatch):
        monkeypatch.setattr(child.sys, "platform", "darwin")
        child.tie_to_parent(signal.SIGTERM, parent=-1)
