"""How a benchmark talks to a peer: one JSON line asks, one answers; the end of the input ends the peer."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

Verb = Callable[..., Any]


@dataclass
class Cycle:
    """The moments of one approve cycle, in the seconds of time.perf_counter."""

    began: float
    decided: float = 0.0
    tool: float = 0.0
    done: float = 0.0


def serve(verbs: Mapping[str, Verb], packages: tuple[str, ...]) -> None:
    """Say that all is ready, then answer until nobody asks any more. What libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    answers.write(json.dumps({"versions": {name: version(name) for name in packages}}) + "\n")
    for line in sys.stdin:
        asked = json.loads(line)
        said = verbs[asked.pop("do")](**asked)
        answers.write(json.dumps(said, default=asdict) + "\n")
