"""Threads that write into one SQLite file take turns."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from hitl_site.sqlite import base
from reviews.models import Queue

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="there is no SQLite on this stack")
PATIENCE = 60


def add(number: int) -> None:
    try:
        with connection.cursor() as cursor:  # opening one may have to wait, but a transaction must not
            cursor.execute("PRAGMA busy_timeout = 0")
        with transaction.atomic():
            Queue.objects.create(slug=f"q{number}")
            Queue.objects.filter(slug=f"q{number}").update(name="written")
    finally:
        connection.close()


class TestTurns:
    def test_let_every_writer_come_to_its_turn(self, transactional_db):
        connection.ensure_connection()  # the last one to close would lock the file to tidy it up, outside of any turn
        with ThreadPoolExecutor(16) as threads:
            list(threads.map(add, range(64)))

        assert Queue.objects.filter(name="written").count() == 64

    def test_end_with_a_transaction_that_is_rolled_back(self, transactional_db):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            assert base._turn.locked()
            raise ZeroDivisionError

        assert not base._turn.locked()

    def test_end_with_a_connection_that_is_closed_in_its_transaction(self, transactional_db):
        def work():
            with transaction.atomic():
                Queue.objects.count()
                connection.close()

        thread = threading.Thread(target=work)  # a connection of its own
        thread.start()
        thread.join(PATIENCE)

        assert not base._turn.locked()

    def test_are_not_taken_for_a_transaction_that_cannot_begin(self, transactional_db, monkeypatch):
        def refuse(self):
            raise ZeroDivisionError

        with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
            patch.setattr(base.base.DatabaseWrapper, "_start_transaction_under_autocommit", refuse)
            connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)

        assert not base._turn.locked()

    def test_are_left_behind_by_a_fork(self):
        with base._turn:
            child = os.fork()
            if child == 0:
                os._exit(1 if base._turn.locked() else 0)
            _, status = os.waitpid(child, 0)

        assert os.waitstatus_to_exitcode(status) == 0
