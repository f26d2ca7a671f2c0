"""Who may open a websocket."""

import pytest
from asgiref.sync import async_to_sync
from channels.testing import WebsocketCommunicator

from hitl_site import asgi


async def opens(origin: str | None) -> bool:
    """Whether the site accepts a socket that a page of that origin opens."""
    headers = [] if origin is None else [(b"origin", origin.encode())]
    communicator = WebsocketCommunicator(asgi.application, "/ws/inbox/", headers=headers)
    accepted, _ = await communicator.connect(timeout=10)
    await communicator.disconnect()
    return accepted


@pytest.mark.django_db(transaction=True)
class TestWebsocket:
    def test_opens_for_our_own_pages(self):
        assert async_to_sync(opens)("http://testserver")

    @pytest.mark.parametrize(
        "origin",
        [
            "https://evil.example",
            "http://testserver:8001",  # another service of the same machine
            "https://testserver",
            "http://testserver.evil.example",
            "null",
            None,
        ],
    )
    def test_stays_shut_for_all_others(self, origin):
        assert not async_to_sync(opens)(origin)
