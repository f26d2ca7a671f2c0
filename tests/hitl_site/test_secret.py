"""The signing key of a development machine."""

import stat
from concurrent.futures import ThreadPoolExecutor

from hitl_site import secret


class TestKeptIn:
    def test_makes_a_long_key_that_only_its_owner_reads(self, tmp_path):
        path = tmp_path / "var" / "secret_key"
        key = secret.kept_in(path)

        assert len(key) >= 60
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_gives_the_same_key_ever_after(self, tmp_path):
        assert secret.kept_in(tmp_path / "key") == secret.kept_in(tmp_path / "key")

    def test_gives_all_who_ask_at_once_the_same_key_and_leaves_nothing_lying_about(self, tmp_path):
        with ThreadPoolExecutor(16) as pool:
            keys = set(pool.map(lambda _: secret.kept_in(tmp_path / "key"), range(64)))

        assert len(keys) == 1
        assert [path.name for path in tmp_path.iterdir()] == ["key"]
