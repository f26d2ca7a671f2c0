"""Two probes: is this process alive, and is all it works with? Beside them, the door to the metrics."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from time import monotonic
from typing import Any

from channels.layers import get_channel_layer
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from hitl_site import celery, metrics
from reviews import pulse

logger = logging.getLogger(__name__)
PATIENCE = 2.0
"""Seconds until a part that has not answered counts as away."""

_pool = ThreadPoolExecutor(max_workers=10, thread_name_prefix="readyz")
_is_migrated = False


class Probes:
    """Middleware, the first: probes come from inside, by addresses that no person opens and without HTTPS."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        view = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics.metrics}.get(request.path)
        return view(request) if view else self.get_response(request)


def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers."""
    return HttpResponse("ok", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """200 once all parts answer, else 503 and which do not; `?only=database,migrations` asks for some of them.

    Tells no details to strangers: they are in the log.
    """
    wanted = [name for name in request.GET.get("only", "").split(",") if name] or list(CHECKS)
    if unknown := set(wanted) - set(CHECKS):
        return JsonResponse({"error": f"there are no such parts: {', '.join(sorted(unknown))}"}, status=400)
    parts = {part.name: part.is_up for part in look(wanted)}
    body: dict[str, Any] = {"ready": all(parts.values()), **parts}
    if parts.get("clock") and (swept := pulse.last_sweep()):
        body["last_sweep"] = swept.isoformat(timespec="seconds")
    return JsonResponse(body, status=200 if body["ready"] else 503, headers={"Cache-Control": "no-store"})


@dataclass(frozen=True)
class Part:
    """One thing the desk needs: whether it answered, and after how many seconds; None where it did not in time."""

    name: str
    is_up: bool
    seconds: float | None


def look(names: Iterable[str]) -> list[Part]:
    """All at once, each in a thread: none of them, frozen, may hold the others or the caller up."""
    asked = {name: _pool.submit(_timed, CHECKS[name]) for name in names}
    _, silent = wait(asked.values(), PATIENCE)
    for future in silent:
        future.cancel()
    return [_seen(name, future) for name, future in asked.items()]


def _timed(check: Callable[[], bool]) -> tuple[bool, float]:
    began = monotonic()
    return bool(check()), monotonic() - began


def _seen(name: str, future: Future[tuple[bool, float]]) -> Part:
    if not future.done() or future.cancelled():
        logger.warning("%s did not answer within %g seconds", name, PATIENCE)
        return Part(name, False, None)
    if error := future.exception():
        logger.warning("%s does not answer: %s", name, error)
        return Part(name, False, None)
    return Part(name, *future.result())


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()
    return True


def _migrations() -> bool:
    """Whether the tables are those of this release; asked until they are, for they then stay so."""
    global _is_migrated
    if not _is_migrated:
        try:
            executor = MigrationExecutor(connection)
            _is_migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        finally:
            connection.close()
    return _is_migrated


def _broker() -> bool:
    options = celery.app.conf.broker_transport_options
    hurry = {"max_retries": 0, "socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
    with celery.app.connection_for_write(connect_timeout=PATIENCE, transport_options={**options, **hurry}) as broker:
        broker.default_channel  # noqa: B018  (opens it, and asks the server for a sign of life)
    return True


def _channel_layer() -> bool:
    layer = get_channel_layer()
    if layer is None:
        return False
    asyncio.run(asyncio.wait_for(layer.send("readyz", {"type": "nobody.listens"}), PATIENCE))
    return True


CHECKS: dict[str, Callable[[], bool]] = {
    "database": _database,
    "migrations": _migrations,
    "broker": _broker,
    "channel_layer": _channel_layer,
    "clock": pulse.beats,
}
"""What a desk needs, by the name that /readyz gives it."""
