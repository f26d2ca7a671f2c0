"""The reader of the code's own actions, on which other tests rely."""

import ast

import pytest

from tests.reviews.recorded import actions, named_in


def names(code: str) -> set[str]:
    return set(named_in(ast.parse(code)))


class TestNamedIn:
    @pytest.mark.parametrize(
        ("code", "found"),
        [
            ("Act('run.done', WORKER)", {"run.done"}),
            ("Act(action='run.done', by=WORKER)", {"run.done"}),
            ("Act('run.a' if held else 'run.b', WORKER)", {"run.a", "run.b"}),
            ("Act(f'admin.{verb}', by)", {"admin.added", "admin.changed", "admin.deleted"}),
            (
                "def make(action): return Act(action, by)\nmake('run.a')\nmake('run.b' if x else 'run.c')",
                {"run.a", "run.b", "run.c"},
            ),
            ("Action('run.done')", set()),
        ],
    )
    def test_reads_every_way_to_say_it(self, code, found):
        assert names(code) == found

    @pytest.mark.parametrize("code", ["Act(ACTION.name, by)", "def make(by, action): return Act(action, by)"])
    def test_passes_over_nothing_in_silence(self, code):
        with pytest.raises(AssertionError):
            names(code)


class TestActions:
    def test_are_found_in_every_corner(self):
        assert {
            *("run.submitted", "run.worker_lost", "intervention.override", "tool_call.unknown"),
            *("tool_call.finished_late", "audit.verified", "audit.triggers_installed", "admin.deleted"),
        } <= actions()
