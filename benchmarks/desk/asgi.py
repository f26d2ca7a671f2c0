"""The product's web application, and beside it the floor of its live line: a raw Channels consumer."""

from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

from hitl_site.asgi import application as product

GROUP = "raw"
PATH = "/ws/raw/"


class RawConsumer(AsyncWebsocketConsumer):
    """Joins one group and hands on what it hears. Knows nobody and reads nothing."""

    async def connect(self) -> None:
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def event(self, message: dict[str, Any]) -> None:
        await self.send(text_data=message["text"])


raw = RawConsumer.as_asgi()


async def application(scope: Any, receive: Any, send: Any) -> None:
    """The floor on its own path, the product on all others."""
    is_raw = scope["type"] == "websocket" and scope["path"] == PATH
    await (raw if is_raw else product)(scope, receive, send)
