"""The indexes of the book and of the spans."""

import pytest
from django.core.management import call_command
from django.db import connection

from reviews.models import AuditEntry, Span

pytestmark = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's own indexes")


def like_indexes(*models):
    with connection.cursor() as cursor:
        tables = [model._meta.db_table for model in models]
        cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = ANY(%s)", [tables])
        return {name for (name,) in cursor.fetchall() if name.endswith("_like")}


@pytest.mark.django_db
def test_none_is_kept_for_a_question_that_nobody_asks():
    assert not like_indexes(AuditEntry, Span)


@pytest.mark.django_db(transaction=True)
def test_going_back_makes_them_again_and_going_on_drops_them():
    call_command("migrate", "reviews", "0005", verbosity=0)
    try:
        assert len(like_indexes(AuditEntry, Span)) == 2
    finally:
        call_command("migrate", "reviews", verbosity=0)
    assert not like_indexes(AuditEntry, Span)
