"""The channel of the task queue after its connection is gone. A worker that lives through it is in tests/outages."""

import pytest
from kombu.transport import redis

from hitl_site import broker, celery


@pytest.fixture
def channel():
    """A channel with a message that was delivered and not acknowledged."""
    with celery.app.connection_for_read() as connection:
        queue = connection.SimpleQueue("test-broker")
        queue.put("work")
        opened = connection.default_channel
        message = queue.get(timeout=10)
        yield opened, message
        if opened.connection is not None and not opened.closed:
            message.ack()
            queue.close()


class TestChannel:
    def test_is_the_one_that_workers_use(self, channel):
        opened, _ = channel
        assert isinstance(opened, broker.Channel) and redis.Transport.Channel is broker.Channel

    def test_says_that_the_connection_is_gone_in_a_way_that_workers_live_through(self, channel):
        opened, _ = channel
        errors = opened.connection_errors
        opened._disconnect_pools()
        client, opened.connection.client = opened.connection.client, None
        try:
            with pytest.raises(errors, match="closed"), opened.conn_or_acquire():
                pass
        finally:
            opened.connection.client = client
