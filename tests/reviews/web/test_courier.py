"""How words come to pages, one message at a time."""

import asyncio
from types import SimpleNamespace

import pytest
from asgiref.sync import async_to_sync

from reviews.access import Sight
from reviews.web.courier import Courier
from reviews.web.endings import BROKEN, NOT_FOUND, Gone
from reviews.web.guard import Listener
from reviews.web.lines import InboxLine, Line
from reviews.web.looks import Found

pytestmark = pytest.mark.django_db  # each look begins by closing connections that are too old


class Slow(Line):
    """A line to a browser that takes a message only when it is let."""

    def __init__(self, finds=None) -> None:
        super().__init__(Listener(1, "alice", "", "key"), self.take, self.end)
        self.gate, self.heard, self.ended, self.looks = asyncio.Event(), [], [], 0
        self.finds = finds or (lambda: Found("<missed>", 9, Sight(None)))
        self.seq, self.sight, self.is_open = 1, Sight(None), True

    async def take(self, text: str) -> None:
        await self.gate.wait()
        self.heard.append(text)

    async def end(self, code: int) -> None:
        self.ended.append(code)

    def look(self):
        self.looks += 1
        return self.finds


@pytest.fixture
def courier() -> Courier:
    return Courier(SimpleNamespace(hears=True))


class TestTell:
    def test_leaves_a_slow_browser_behind_which_then_catches_up_once(self, courier):
        @async_to_sync
        async def play() -> Slow:
            line = Slow()
            await courier.send_out(courier.tell(line, f"<{number}>", number) for number in range(2, 9))
            await asyncio.sleep(0)
            line.gate.set()
            await asyncio.gather(*courier._errands)
            return line

        line = play()
        assert [text.partition("<data")[0] for text in line.heard] == ["<2>", "<missed>"]
        assert (line.looks, line.seq) == (1, 9)

    def test_repeats_nothing_that_a_look_has_brought(self, courier):
        @async_to_sync
        async def play() -> Slow:
            line = Slow()
            line.gate.set()
            line.seq = 5
            await courier.tell(line, "<old>", 5)
            return line

        assert play().heard == []

    def test_keeps_none_waiting_for_another(self, courier):
        @async_to_sync
        async def play() -> tuple[Slow, Slow]:
            slow, quick = Slow(), Slow()
            quick.gate.set()
            await courier.send_out(courier.tell(line, "<2>", 2) for line in (slow, quick))
            await asyncio.sleep(0.01)
            heard = list(slow.heard), list(quick.heard)
            await courier.close()
            return heard

        slow, quick = play()
        assert slow == [] and len(quick) == 1


class TestCatchUp:
    @pytest.mark.parametrize(("error", "code"), [(Gone(NOT_FOUND), NOT_FOUND), (RuntimeError("broken"), BROKEN)])
    def test_ends_a_line_that_cannot_be_served(self, courier, error, code):
        def fails() -> Found:
            raise error

        line = Slow(fails)
        async_to_sync(courier.catch_up)(line)

        assert line.ended == [code]
        assert line.is_over

    def test_makes_one_look_for_all_that_ask_alike(self, courier):
        made = []

        def find() -> Found:
            made.append(1)
            return Found("<row>", 9, Sight(None))

        @async_to_sync
        async def play() -> list[Slow]:
            lines = [Slow(find) for _ in range(50)]
            for line in lines:
                line.gate.set()
            await asyncio.gather(*map(courier.catch_up, lines))
            return lines

        lines = play()
        assert len(made) == 1
        assert all(line.heard[0].startswith("<row>") for line in lines)

    def test_looks_again_where_others_have_come_further_meanwhile(self, courier):
        """Before the bell: a look that was remembered finds nothing, however often it is asked."""

        @async_to_sync
        async def play() -> tuple[Slow, list[int]]:
            there, made = iter([5, 6]), []

            def look() -> Found:
                made.append(next(there))
                return Found("", made[-1], None)

            line = Slow(look)
            line.gate.set()
            await courier.catch_up(line)
            courier.seq = 6
            await asyncio.wait_for(courier.catch_up(line), 5)
            return line, made

        line, made = play()
        assert (line.seq, made) == (6, [5, 6])

    def test_comes_to_rest_where_the_database_was_put_back(self, courier):
        @async_to_sync
        async def play() -> Slow:
            line = Slow(lambda: Found("<earlier>", 3, None))
            line.gate.set()
            courier.seq = line.seq = 9
            await asyncio.wait_for(courier.catch_up(line), 5)
            return line

        line = play()
        assert (line.looks, line.seq, courier.seq, len(line.heard)) == (1, 3, 3, 1)

    def test_shows_no_number_to_who_sees_no_queue(self, courier):
        line = Slow(lambda: Found("", 9, Sight()))
        line.gate.set()
        line.is_open = False
        async_to_sync(courier.catch_up)(line)

        assert line.seq == 9
        assert 'value="0"' in line.heard[0]


class TestInboxLine:
    def test_is_made_anew_where_a_look_is_the_first_to_find_another_sight(self, courier):
        looks = []

        class Inbox(InboxLine):
            def look(self):
                looks.append(super().look())
                return lambda: Found("<look>", 9, Sight())

        async def say(text: str) -> None:
            pass

        line = Inbox(Listener(1, "alice", "", "key"), say, say)
        line.is_open, line.sight = True, Sight(frozenset({1}))
        async_to_sync(courier.catch_up)(line)

        assert [look.is_astray for look in looks] == [False, True]
