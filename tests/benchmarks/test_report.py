"""Ratios, gates and tables of the benchmarks."""

import json
import time

import pytest

from benchmarks import cycle, footprint
from benchmarks.peers import texts
from benchmarks.report import NOT_MEASURED, Gate, Line, judged, spread
from benchmarks.rivals import DBOS, FLOOR, FOUREYES


class TestGate:
    @pytest.mark.parametrize(
        ("value", "verdict"), [(2.0, "pass, aim reached"), (2.5, "pass"), (2.91, "MISS"), (None, NOT_MEASURED)]
    )
    def test_judges_a_figure_that_should_be_small(self, value, verdict):
        assert Gate(2.9, 2.2).verdict(value) == verdict

    @pytest.mark.parametrize(("value", "verdict"), [(0.7, "pass, aim reached"), (0.5, "pass"), (0.44, "MISS")])
    def test_judges_a_figure_that_should_be_large(self, value, verdict):
        assert Gate(0.45, 0.6, least=True).verdict(value) == verdict

    def test_says_what_it_asks_for(self):
        assert [str(Gate(2.9, 2.2)), str(Gate(1, least=True))] == ["≤ 2.9 (aim 2.2)", "≥ 1"]


class TestLine:
    def test_never_invents_a_figure(self):
        text = judged("Cycle", [Line("cycle ÷ DBOS", None, Gate(1.1), why="no such package")])

        assert "not measured: no such package" in text
        assert "MISS" not in text and "pass" not in text

    def test_shows_the_spread_beside_the_median(self):
        cells = Line("cycle", [1.0, 2.0, 3.0, 4.0, 100.0], Gate(2.9)).cells()

        assert cells[1:3] == ["**3**", "2 – 4 [1 … 100]"]
        assert cells[-1] == "MISS"

    def test_has_no_spread_of_a_count(self):
        assert spread([18.0]) == ""


class TestRatios:
    @pytest.fixture
    def slices(self):
        """Two rounds; in the second everything is twice as slow, which no ratio should show."""

        def cycle_of(seconds):
            return {"began": 0.0, "decided": seconds / 2, "tool": seconds * 0.75, "done": seconds}

        return {
            FLOOR: [[cycle_of(1)] * 3, [cycle_of(2)] * 3],
            FOUREYES: [[cycle_of(2), cycle_of(2), cycle_of(90)], [cycle_of(4)] * 3],
        }

    def test_are_formed_within_a_round_from_the_medians_of_slices(self, slices):
        assert cycle.ratios(slices, cycle.CYCLE, FLOOR, cycle.CYCLE) == [2, 2]
        assert cycle.ratios(slices, cycle.TO_TOOL, FLOOR, cycle.CYCLE) == [0.5, 0.5]

    def test_are_none_for_a_peer_that_is_absent(self, slices):
        assert cycle.ratios(slices, cycle.CYCLE, DBOS, cycle.CYCLE) is None
        said = {line.what: line.cells() for line in cycle.gates(slices, {DBOS: "not installable"})}
        assert said[f"cycle ÷ {DBOS.name}"][1] == "not measured: not installable"


class TestCount:
    def test_leaves_out_what_the_server_asks_itself(self):
        own = 'SELECT 1 FROM ONLY "public"."reviews_run" x WHERE "id" OPERATOR(pg_catalog.=) $1 FOR KEY SHARE OF x'
        sent = 'SELECT "id" FROM "reviews_run" WHERE "id" = $1 FOR NO KEY UPDATE OF "reviews_run"'

        assert footprint.KEY_CHECK.match(own) and not footprint.KEY_CHECK.match(sent)

    def test_tells_frames_from_statements(self):
        queries = footprint.Counter({"BEGIN": 10, "COMMIT": 10, "SELECT 1": 30})

        assert footprint.step("decide", queries, cycles=10) == ["decide", "3.0", "2.0"]


class TestTexts:
    def test_have_the_sizes_the_figures_are_quoted_for(self):
        said = (texts.USER, texts.SYSTEM, texts.FINAL, texts.output(), json.dumps(texts.ARGUMENTS))

        assert [len(text) for text in said] == [190, 300, 110, 160, 90]

    def test_vary_from_turn_to_turn_but_not_in_size(self):
        later = [json.dumps(texts.arguments(turn)) for turn in range(1, 200)]

        assert {len(text) for text in later} == {90} and len(set(later)) == 199

    def test_tell_when_the_tool_started(self):
        before = time.perf_counter()
        assert before <= texts.started_at(texts.output()) <= time.perf_counter()
