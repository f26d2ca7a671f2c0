"""What an advance holds open while it lasts: the agents' MCP servers."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from agents import Agent
from agents.mcp import MCPServerManager

from agents_runtime.sdk.errors import Failure
from agents_runtime.sdk.graph import agents_of


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
