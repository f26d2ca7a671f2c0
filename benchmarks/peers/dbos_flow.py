"""DBOS: a durable workflow of the same shape, without any agent SDK in it: step, event, wait, step, step."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

from dbos import DBOS, DBOSConfig

from benchmarks.peers import texts
from benchmarks.peers.protocol import Cycle, serve

WAITING = "waiting"
PATIENCE = 30


@DBOS.step()
def model(text: str) -> dict[str, object]:
    """The model's answer: a call."""
    return texts.ARGUMENTS


@DBOS.step()
def tool(arguments: dict[str, object]) -> str:
    """The approved call."""
    return texts.output()


@DBOS.step()
def answer(result: str) -> str:
    """The model's last word."""
    return texts.FINAL


@DBOS.workflow()
def approval(text: str) -> tuple[str, str]:
    """Ask, wait for the decision, act, answer."""
    arguments = model(texts.SYSTEM + text)
    DBOS.set_event(WAITING, arguments)
    assert DBOS.recv(timeout_seconds=PATIENCE) == "approve"
    result = tool(arguments)
    return result, answer(result)


def cycle(_: int) -> Cycle:
    """Start one, see it wait, decide, take its result."""
    begun = Cycle(time.perf_counter())
    handle = DBOS.start_workflow(approval, texts.USER)
    assert DBOS.get_event(handle.workflow_id, WAITING, timeout_seconds=PATIENCE) is not None
    begun.decided = time.perf_counter()
    DBOS.send(handle.workflow_id, "approve")
    result, final = handle.get_result()
    begun.done = time.perf_counter()
    assert final == texts.FINAL
    begun.tool = texts.started_at(result)
    return begun


def cycles(count: int, in_flight: int = 1) -> list[Cycle]:
    """Play them, so many at a time: each waits in a thread."""
    if in_flight == 1:
        return [cycle(number) for number in range(count)]
    with ThreadPoolExecutor(in_flight) as threads:
        return list(threads.map(cycle, range(count)))


if __name__ == "__main__":
    where = os.environ["PEER_DATABASE"].replace("postgresql://", "postgresql+psycopg://")
    config: DBOSConfig = {"name": "benchmark", "system_database_url": where, "log_level": "ERROR"}
    DBOS(config=config)
    DBOS.launch()
    serve({"cycles": cycles}, ("dbos", "psycopg"))
    DBOS.destroy()
