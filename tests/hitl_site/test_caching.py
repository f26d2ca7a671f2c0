"""The cache while Redis is there and while it is not."""

import pytest
from django.core.cache import cache
from django.test import Client

from hitl_site import caching
from hitl_site.caching import ForgivingRedisCache

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def lonely():
    """A cache whose Redis is not there."""
    made = ForgivingRedisCache(NOWHERE, {"KEY_PREFIX": "lonely"})
    made._stand_in.clear()
    yield made
    caching._asleep_until.clear()


class TestForgivingRedisCache:
    def test_is_redis_while_there_is_one(self):
        cache.set("word", ["said"], 60)
        assert super(ForgivingRedisCache, cache._connections["default"]).get("word") == ["said"]

    def test_remembers_for_itself_otherwise(self, lonely, caplog):
        assert lonely.add("lock", True, 60) and not lonely.add("lock", True, 60)
        lonely.set("count", 1, 60)
        assert (lonely.incr("count"), lonely.get("count"), lonely.has_key("count")) == (2, 2, True)
        assert lonely.touch("count", 60) and lonely.delete("count") and lonely.get("count", "none") == "none"
        assert caplog.text.count("Redis is away") == 1, "asked once, then left alone for a while"

    def test_remembers_across_threads_of_the_process(self, lonely):
        lonely.set("count", 1, 60)
        assert ForgivingRedisCache(NOWHERE, {"KEY_PREFIX": "lonely"}).get("count") == 1

    def test_asks_redis_again_after_a_rest(self, lonely, monkeypatch, caplog):
        lonely.get("word")
        monkeypatch.setattr(caching, "monotonic", lambda: float("inf"))
        lonely.get("word")
        assert caplog.text.count("Redis is away") == 2


@pytest.mark.django_db
class TestSignIn:
    def test_works_and_still_counts_failures_without_redis(self, alice, settings):
        settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": NOWHERE}}
        wrong = [Client().post("/accounts/login/", {"login": "alice", "password": "wrong"}) for _ in range(6)]
        assert "Too many failed login attempts" in wrong[-1].text
        caching._asleep_until.clear()
