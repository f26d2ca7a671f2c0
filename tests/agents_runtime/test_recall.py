"""The word that an advance is to end."""

from agents_runtime.sdk.recall import Recall


class TestHeardBy:
    def test_calls_whoever_listens_when_it_is_told(self):
        recall, heard = Recall(), []
        with recall.heard_by(lambda: heard.append("told")):
            assert heard == []
            assert recall.tell("Stop.")

        assert heard == ["told"]

    def test_calls_at_once_whoever_listens_after_it_was_told(self):
        recall, heard = Recall(), []
        recall.tell("Stop.")
        with recall.heard_by(lambda: heard.append("told")):
            assert heard == ["told"]

        assert heard == ["told"]

    def test_calls_nobody_who_has_ceased_to_listen(self):
        recall, heard = Recall(), []
        with recall.heard_by(lambda: heard.append("told")):
            pass
        recall.tell("Stop.")

        assert heard == []


class TestTell:
    def test_is_heard_once(self):
        recall, heard = Recall(), []
        with recall.heard_by(lambda: heard.append("told")):
            assert recall.tell("First.")
            assert not recall.tell("Second.")

        assert (recall.why, heard) == ("First.", ["told"])
