"""Small secrets at rest."""

import secrets

import pytest

from reviews import sealing
from reviews.sealing import Unsealable

OLD, NEW = secrets.token_bytes(32), secrets.token_bytes(32)
SECRET = "https://hooks.example.org/T0/B0/ünique"


class TestSeal:
    def test_keeps_what_unseal_gives_back(self):
        assert sealing.unseal(sealing.seal(SECRET, "endpoint:1:url", [OLD]), "endpoint:1:url", [OLD]) == SECRET

    def test_shows_nothing_of_it_and_never_the_same_twice(self):
        once, again = (sealing.seal(SECRET, "endpoint:1:url", [OLD]) for _ in range(2))
        assert once != again
        assert b"hooks" not in once

    def test_needs_a_key(self):
        with pytest.raises(Unsealable, match="FOUREYES_SEAL_KEYS"):
            sealing.seal(SECRET, "endpoint:1:url", [])


class TestUnseal:
    def test_opens_with_a_key_that_no_longer_seals(self):
        sealed = sealing.seal(SECRET, "endpoint:1:url", [OLD])
        assert sealing.unseal(memoryview(sealed), "endpoint:1:url", [NEW, OLD]) == SECRET

    def test_refuses_a_copy_in_another_place(self):
        sealed = sealing.seal(SECRET, "endpoint:1:url", [OLD])
        with pytest.raises(Unsealable):
            sealing.unseal(sealed, "endpoint:2:url", [OLD])

    @pytest.mark.parametrize("spot", [0, 1, 6, 20, -1])
    def test_refuses_what_was_altered(self, spot):
        sealed = bytearray(sealing.seal(SECRET, "endpoint:1:url", [OLD]))
        sealed[spot] ^= 1
        with pytest.raises(Unsealable):
            sealing.unseal(bytes(sealed), "endpoint:1:url", [OLD])

    @pytest.mark.parametrize("keys", [[], [NEW]])
    def test_refuses_without_the_key(self, keys):
        with pytest.raises(Unsealable) as refusal:
            sealing.unseal(sealing.seal(SECRET, "p", [OLD]), "p", keys)
        assert SECRET not in str(refusal.value)

    def test_refuses_nothing_at_all(self):
        with pytest.raises(Unsealable):
            sealing.unseal(b"", "p", [OLD])
