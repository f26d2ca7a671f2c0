"""The tool with which an agent asks a person."""

from __future__ import annotations

from agents import function_tool

NAME = "ask_human"


@function_tool(name_override=NAME, needs_approval=True)
async def ask_human(question: str, options: list[str] | None) -> str:
    """Ask a human reviewer a question and wait for the answer.

    Args:
        question: What you need to know, in one or two sentences.
        options: The possible answers, if they are few; the human may still answer freely.
    """
    raise RuntimeError(f"A question was let through without an answer: {question!r} ({options!r}).")
