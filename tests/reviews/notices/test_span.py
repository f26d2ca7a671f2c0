"""How long one sender may take for one message."""

import time

import pytest

from reviews.notices.span import Span


class TestSpan:
    @pytest.mark.parametrize("lease", [3, 60, 120, 600])
    def test_ends_with_room_to_say_so_before_another_sender_takes_the_message(self, settings, lease):
        settings.FOUREYES_NOTICE_LEASE = lease
        span, found_after = Span(), 0.3 * lease

        assert found_after + span.step + span.act < lease
        assert 0 < span.step <= 10

    def test_is_over_for_a_new_try_once_finding_the_way_has_taken_too_long(self, settings):
        settings.FOUREYES_NOTICE_LEASE = 100
        now = time.monotonic()

        assert not Span(now - 29).too_late
        assert Span(now - 31).too_late
