"""Why a run cannot go on, in a word for programs and a sentence for people."""

from __future__ import annotations

import openai
from agents import AgentsException, MaxTurnsExceeded, ModelBehaviorError, UserError
from agents.exceptions import (
    InputGuardrailTripwireTriggered,
    OutputGuardrailTripwireTriggered,
    ToolInputGuardrailTripwireTriggered,
    ToolOutputGuardrailTripwireTriggered,
)

TRIPWIRES = (
    InputGuardrailTripwireTriggered,
    OutputGuardrailTripwireTriggered,
    ToolInputGuardrailTripwireTriggered,
    ToolOutputGuardrailTripwireTriggered,
)


class UngatedTool(Exception):
    """An agent carries a tool that cannot be stopped before it acts; the text says which and what to do."""


class Failure(Exception):
    """The run ends here. ``code`` is stable; the text says what went wrong and what to do next."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


def explained(error: Exception) -> Failure:
    """The failure behind whatever the SDK, the model or a tool raised."""
    text = f"{type(error).__name__}: {error}"
    match error:
        case Failure():
            return error
        case MaxTurnsExceeded():
            return Failure("max_turns", f"The agent used all its turns without coming to an end. {error}")
        case _ if isinstance(error, TRIPWIRES):
            return Failure("guardrail", f"A guardrail stopped the run. {text}")
        case ModelBehaviorError():
            return Failure("model_behavior", f"The model answered with something the SDK cannot use. {text}")
        case openai.OpenAIError():
            return Failure("model_error", f"The model could not be reached or refused. {text}")
        case UserError() if "schema version" in str(error):
            return Failure("too_new_checkpoint", f"The checkpoint was written by a newer SDK; deploy that one. {text}")
        case UserError() if "agent not found" in str(error).lower():
            return Failure("agent_changed", f"The agent has changed since the checkpoint was saved. {text}")
        case AgentsException():
            cause = error.__cause__ or error
            return Failure("tool_error" if "tool" in str(error).lower() else "agent_error", f"{text} ({cause})")
        case _:
            return Failure("agent_error", text)
