"""Who gets what when work is shared out."""

import itertools
from collections import Counter
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.actions import shares
from reviews.actions.shares import Piece, Share

ANN, BEN, CY = 1, 2, 3
TEAM = frozenset({ANN, BEN, CY})
PLACE = 7


def pieces(count: int, may: frozenset[int] = TEAM) -> list[Piece]:
    return [Piece(uuid4(), PLACE, may) for _ in range(count)]


def takers(given: list[Share]) -> list[int | None]:
    return [share.to for share in given]


class TestLeastLoaded:
    @pytest.mark.parametrize(
        ("loads", "last", "chosen"),
        [
            ({ANN: 2, BEN: 1, CY: 3}, None, BEN),
            ({ANN: 1, BEN: 1, CY: 1}, None, ANN),
            ({ANN: 1, BEN: 1, CY: 1}, ANN, BEN),
            ({ANN: 1, BEN: 1, CY: 1}, CY, ANN),
            ({ANN: 1, BEN: 2, CY: 1}, ANN, CY),
            ({}, BEN, CY),
        ],
    )
    def test_is_the_next_in_turn_among_the_least_loaded(self, loads, last, chosen):
        assert shares.least_loaded(TEAM, loads, last) == chosen

    def test_is_nobody_where_there_is_nobody(self):
        assert shares.least_loaded([], {}, None) is None


class TestEvenly:
    def test_goes_round(self):
        assert takers(shares.evenly(pieces(5), {}, {})) == [ANN, BEN, CY, ANN, BEN]

    def test_starts_after_the_last_pick(self):
        assert takers(shares.evenly(pieces(3), {}, {PLACE: BEN})) == [CY, ANN, BEN]

    def test_fills_up_whoever_has_less(self):
        assert takers(shares.evenly(pieces(3), {ANN: 3, BEN: 1, CY: 2}, {})) == [BEN, CY, BEN]

    def test_gives_nobody_what_they_may_not_decide(self):
        given = shares.evenly([*pieces(1, frozenset({CY})), *pieces(1, frozenset())], {CY: 9}, {})
        assert takers(given) == [CY, None]

    def test_keeps_the_order_it_was_given(self):
        asked = pieces(4)
        assert [share.id for share in shares.evenly(asked, {}, {})] == [piece.id for piece in asked]

    def test_leaves_what_it_was_given_as_it_was(self):
        loads, last = {ANN: 1}, {PLACE: ANN}
        shares.evenly(pieces(4), loads, last)
        assert (loads, last) == ({ANN: 1}, {PLACE: ANN})

    @given(
        st.lists(st.sets(st.integers(1, 6)), max_size=30),
        st.dictionaries(st.integers(1, 6), st.integers(0, 20)),
        st.none() | st.integers(1, 6),
    )
    def test_leaves_nobody_with_two_more_than_another_who_may_take_one_of_them(self, may, loads, last):
        asked = [Piece(UUID(int=number), PLACE, frozenset(who)) for number, who in enumerate(may)]
        given = shares.evenly(asked, loads, {PLACE: last})
        held = Counter(loads) + Counter(filter(None, takers(given)))
        for piece, share in zip(asked, given, strict=True):
            assert (share.to in piece.may) if piece.may else share.to is None
            assert all(held[share.to] <= held[other] + 1 for other in piece.may)

    @given(
        st.lists(st.sets(st.integers(1, 3), min_size=1), max_size=6),
        st.dictionaries(st.integers(1, 3), st.integers(0, 4)),
    )
    def test_is_as_even_as_can_be(self, may, loads):
        def unevenness(given):
            return sum(number**2 for number in (Counter(loads) + Counter(given)).values())

        asked = [Piece(UUID(int=number), number % 2, frozenset(who)) for number, who in enumerate(may)]
        best = min(map(unevenness, itertools.product(*may)))
        assert unevenness(takers(shares.evenly(asked, loads, {}))) == best

    def test_among_equals_prefers_who_got_nothing_yet_whatever_the_queue(self):
        """Each queue has a turn of its own: without that, the first in turn of both would get both."""
        pair = frozenset({ANN, BEN})
        asked = [Piece(uuid4(), PLACE, pair), Piece(uuid4(), PLACE + 1, pair)]
        assert takers(shares.evenly(asked, {BEN: 1}, {})) == [ANN, BEN]

    def test_keeps_the_only_one_who_may_free_for_what_only_they_may(self):
        asked = [*pieces(1, frozenset({ANN, BEN})), *pieces(1, frozenset({ANN}))]
        assert takers(shares.evenly(asked, {}, {})) == [BEN, ANN]

    def test_passes_on_by_way_of_somebody_else(self):
        asked = [*pieces(1, frozenset({BEN, CY})), *pieces(1, frozenset({ANN, BEN})), *pieces(1, frozenset({ANN}))]
        assert takers(shares.evenly(asked, {}, {})) == [CY, BEN, ANN]


class TestMark:
    def test_is_the_same_for_the_same_shares_only(self):
        given = shares.evenly(pieces(3), {}, {})
        other = [*given[:2], Share(given[2].id, PLACE, None)]

        assert shares.mark(given) == shares.mark(list(given))
        assert len({shares.mark(given), shares.mark(other), shares.mark(given[:2]), shares.mark([])}) == 4
