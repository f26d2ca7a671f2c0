"""What an advance holds open while it lasts: the agents' MCP servers and the model provider's clients."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from agents import Agent, ModelProvider
from agents.mcp import MCPServerManager

from agents_runtime.sdk.errors import Failure
from agents_runtime.sdk.graph import agents_of

logger = logging.getLogger(__name__)


@asynccontextmanager
async def connected(agent: Agent[Any]) -> AsyncGenerator[None]:
    """Connect the MCP servers of all agents of the graph, and let go of them at the end. Raises Failure."""
    servers = {id(server): server for one in agents_of(agent) for server in one.mcp_servers}
    if not servers:
        yield
        return
    manager = MCPServerManager(servers.values(), strict=True)
    try:
        await manager.connect_all()
    except Exception as error:
        text = f"An MCP server of the agent cannot be reached. {type(error).__name__}: {error}"
        raise Failure("mcp_error", text) from error
    try:
        yield
    finally:
        await manager.cleanup_all()


async def closed(provider: ModelProvider) -> None:
    """Close what the provider opened on this loop, which ends with the advance. Never raises: the work is done."""
    try:
        await provider.aclose()
    except Exception:
        logger.exception("the model provider could not be closed")
