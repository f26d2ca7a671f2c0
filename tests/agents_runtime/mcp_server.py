"""A small MCP server in this process."""

from typing import Any

from agents.mcp import MCPServer
from mcp.types import CallToolResult, TextContent, Tool

SCHEMA = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}


class Shelf(MCPServer):
    """Lends books, once it is connected."""

    def __init__(self, lent: list[str] | None = None, *, is_away: bool = False, **more: Any) -> None:
        super().__init__(**more)
        self.lent = [] if lent is None else lent
        self.is_away = is_away
        self.said: list[str] = []

    @property
    def name(self) -> str:
        return "shelf"

    async def connect(self) -> None:
        if self.is_away:
            raise ConnectionError("the shelf is away")
        self.said.append("connected")

    async def cleanup(self) -> None:
        self.said.append("cleaned up")

    async def list_tools(self, run_context: Any = None, agent: Any = None) -> list[Tool]:
        assert self.said[-1:] == ["connected"]
        return [Tool(name="take_book", description="Take a book.", inputSchema=SCHEMA)]

    async def call_tool(self, tool_name: str, arguments: Any, meta: Any = None) -> CallToolResult:
        self.lent.append(arguments["title"])
        return CallToolResult(content=[TextContent(type="text", text=f"took {arguments['title']}")])

    async def list_prompts(self) -> Any:
        raise NotImplementedError

    async def get_prompt(self, name: str, arguments: Any = None) -> Any:
        raise NotImplementedError
