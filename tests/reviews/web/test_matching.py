"""What two sequences have in common."""

from hypothesis import given
from hypothesis import strategies as st

from reviews.web.matching import Effort

WORDS = st.lists(st.sampled_from("abc"), max_size=12)


def made(old, new, effort):
    """The new sequence, put together as the opcodes say."""
    found = []
    for tag, a, b, c, d in effort.opcodes(old, new):
        assert (tag == "equal") <= (old[a:b] == new[c:d])
        found += old[a:b] if tag == "equal" else new[c:d]
    return found


class TestEffort:
    @given(WORDS, WORDS)
    def test_leads_from_the_old_to_the_new(self, old, new):
        assert made(old, new, Effort()) == new

    @given(WORDS, WORDS)
    def test_leads_there_also_when_nothing_may_be_spent(self, old, new):
        assert made(old, new, Effort(0)) == new

    @given(WORDS, WORDS)
    def test_leaves_no_gap(self, old, new):
        at = (0, 0)
        for _, a, b, c, d in Effort().opcodes(old, new):
            assert (a, c) == at
            at = (b, d)
        assert at == (len(old), len(new))

    def test_finds_what_lies_between_two_changes(self):
        assert [step[0] for step in Effort().opcodes("xab", "yaz")] == ["replace", "equal", "replace"]

    def test_replaces_all_between_once_it_is_spent(self):
        effort = Effort(5)

        assert [step[0] for step in effort.opcodes("1xab2", "1yaz2")] == ["equal", "replace", "equal"]
        assert effort.left == 5
