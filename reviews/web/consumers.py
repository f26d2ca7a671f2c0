"""The sockets: each puts its page's line through to the switchboard, which brings it what is new."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from channels.generic.websocket import AsyncWebsocketConsumer
from django.http import QueryDict

from reviews.web import texts
from reviews.web.endings import SIGNED_OUT
from reviews.web.filters import Filter
from reviews.web.guard import Listener
from reviews.web.lanes import Look
from reviews.web.lines import BoardLine, InboxLine, Line, RunLine
from reviews.web.switchboard import Switchboard


class DeskConsumer(AsyncWebsocketConsumer):
    """One page's socket. It reads nothing, writes nothing and hears no bell itself: the switchboard does, for all."""

    channel_layer_alias = ""
    line: Line | None = None

    async def connect(self) -> None:
        """Accept first: a browser cannot tell why a socket was refused, so it would try for ever."""
        await self.accept()
        user = self.scope.get("user")
        if user is None or not user.is_authenticated:
            await self.close(code=SIGNED_OUT)
            return
        key = self.scope["session"].session_key or ""
        self.line = self.line_of(Listener(user.pk, user.get_username(), user.password, key))
        self.board = Switchboard.here()
        await self.board.join(self.line)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the socket; however that ends, leave without a trace."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self.line is not None:
                await self.board.leave(self.line)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Nothing that comes over the socket is read: decisions are HTTP requests."""

    def query(self) -> QueryDict:
        """The query of the address the browser connected to."""
        return QueryDict(self.scope["query_string"])

    def line_of(self, who: Listener) -> Line:
        """The line of this page."""
        raise NotImplementedError

    async def say(self, text: str) -> None:
        """Send it to the browser."""
        await self.send(text_data=text)

    async def hang_up(self, code: int) -> None:
        """Close, saying why."""
        await self.close(code=code)


class InboxConsumer(DeskConsumer):
    """Keeps one open inbox true to the database."""

    def line_of(self, who: Listener) -> InboxLine:
        """From the number the page was made at; ``owed`` is the head, where the last line broke before it came."""
        query = self.query()
        shown, is_owed = texts.number(query.get("since", "")), "owed" in query
        return InboxLine(who, self.say, self.hang_up, shown, is_owed=is_owed, chosen=Filter.read(query))


class BoardConsumer(DeskConsumer):
    """Tells one open board that it has changed."""

    def line_of(self, who: Listener) -> BoardLine:
        """From the number the page was made at."""
        query = self.query()
        return BoardLine(who, self.say, self.hang_up, texts.number(query.get("since", "")), chosen=Look.read(query))


class RunConsumer(DeskConsumer):
    """Keeps one run's open page true to the database."""

    def line_of(self, who: Listener) -> RunLine:
        """From the mark the page was made at."""
        since: str = self.query().get("since", "")
        run_id = cast(UUID, cast(dict[str, Any], self.scope["url_route"])["kwargs"]["run_id"])
        return RunLine(who, self.say, self.hang_up, texts.number(since), run_id=run_id, at=since)
