"""Doing a transaction again that others got in the way of."""

import pytest
from django.db import IntegrityError, OperationalError

from reviews.actions import again


class Cause(Exception):
    def __init__(self, sqlstate):
        self.sqlstate = sqlstate


def operational(sqlstate):
    error = OperationalError("no")
    error.__cause__ = Cause(sqlstate)
    return error


class Act:
    def __init__(self, *errors):
        self.errors, self.done = list(errors), 0

    def __call__(self):
        self.done += 1
        if self.errors:
            raise self.errors.pop(0)
        return "stored"


class TestAnew:
    @pytest.mark.parametrize("error", [IntegrityError("gone"), operational("40P01"), operational("40001")])
    def test_does_again_what_may_succeed_now(self, error):
        act = Act(error, error)
        assert (again.anew(act), act.done) == ("stored", 3)

    def test_gives_up_after_some_tries(self):
        act = Act(*[IntegrityError("gone")] * 9)
        with pytest.raises(again.Hindered, match="gone"):
            again.anew(act)
        assert act.done == again.TRIES

    @pytest.mark.parametrize("error", [operational("57P01"), OperationalError("away"), ValueError("odd")])
    def test_leaves_everything_else_alone(self, error):
        act = Act(error)
        with pytest.raises(type(error)):
            again.anew(act)
        assert act.done == 1
