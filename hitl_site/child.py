"""Becomes a command that ends when the process that started it ends, even by kill -9: python -m hitl_site.child CMD…"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # from <linux/prctl.h>; the wish survives exec


def tie_to_parent(death_signal: int, parent: int) -> None:
    """Ask the kernel for a signal once the parent is gone (Linux only); exits where it is gone already."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:  # it died between fork and prctl
        sys.exit("the supervisor is gone")


def main(argv: list[str]) -> None:
    """Tie, then exec. SUPERVISOR_PID names the parent, DEATH_SIGNAL what an orphan is to hear (default SIGTERM)."""
    parent = int(os.environ.pop("SUPERVISOR_PID", os.getppid()))
    tie_to_parent(int(os.environ.pop("DEATH_SIGNAL", signal.SIGTERM)), parent)
    os.execvp(argv[0], argv)


if __name__ == "__main__":
    main(sys.argv[1:])
