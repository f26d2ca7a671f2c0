"""The probes."""

import pytest
from django.db import DatabaseError
from redis.exceptions import ConnectionError as NoConnection

from hitl_site import health


class TestHealthz:
    def test_asks_no_database(self, client):
        response = client.get("/healthz")  # pytest-django would fail this test if it did
        assert (response.status_code, response.content) == (200, b"ok")


@pytest.mark.django_db
class TestReadyz:
    def test_is_ready_when_database_and_redis_answer(self, client):
        response = client.get("/readyz")

        assert response.status_code == 200
        assert response.json() == {"ready": True, "database": True, "redis": True}

    def test_names_redis_when_it_is_away(self, client, monkeypatch):
        def away(key):
            raise NoConnection("secret.host:6379 refused")

        monkeypatch.setattr(health.cache, "get", away)
        response = client.get("/readyz")

        assert response.status_code == 503
        assert response.json() == {"ready": False, "database": True, "redis": False}
        assert b"secret.host" not in response.content

    def test_names_the_database_when_it_is_away(self, client, monkeypatch):
        def away():
            raise DatabaseError("secret.host:5432 refused")

        monkeypatch.setattr(health.connection, "cursor", away)
        response = client.get("/readyz")

        assert response.status_code == 503
        assert response.json() == {"ready": False, "database": False, "redis": True}
        assert b"secret.host" not in response.content
