"""Sockets during an outage."""

import asyncio

import pytest
from django.db import OperationalError
from redis.exceptions import ConnectionError as NoConnection

from hitl_site.lines import Quietly


def opened(application):
    """What the web server is sent."""
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(Quietly(application)({"type": "websocket"}, None, send))
    return sent


class TestQuietly:
    @pytest.mark.parametrize(
        "error", [NoConnection("no redis"), OperationalError("no database"), ConnectionError("reset")]
    )
    def test_refuses_with_a_line_in_the_log(self, error, caplog):
        async def lost(scope, receive, send):
            raise error

        assert opened(lost) == [{"type": "websocket.close", "code": 1013}]
        assert str(error) in caplog.text

    def test_hides_no_fault_of_ours(self):
        async def wrong(scope, receive, send):
            raise ValueError

        with pytest.raises(ValueError):
            opened(wrong)

    def test_says_nothing_when_all_is_well(self):
        async def fine(scope, receive, send):
            await send({"type": "websocket.accept"})

        assert opened(fine) == [{"type": "websocket.accept"}]
