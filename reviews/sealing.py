"""Small secrets at rest: AES-256-GCM, each bound to its place, so that a copy in another row cannot be opened."""

from __future__ import annotations

import hashlib
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = b"\x01"
ID, NONCE = 4, 12


class Unsealable(Exception):
    """There is no key, or none that fits; says what to do."""


def seal(text: str, place: str, keys: list[bytes]) -> bytes:
    """The text, sealed with the first key for that place. Raises Unsealable where there is no key."""
    if not keys:
        raise Unsealable("This desk has no key to seal secrets with: set FOUREYES_SEAL_KEYS.")
    key, nonce = keys[0], secrets.token_bytes(NONCE)
    return VERSION + _id(key) + nonce + AESGCM(key).encrypt(nonce, text.encode(), place.encode())


def unseal(sealed: bytes | memoryview, place: str, keys: list[bytes]) -> str:
    """The text that was sealed for that place. Raises Unsealable where no key fits or the seal is broken."""
    sealed = bytes(sealed)  # PostgreSQL hands a memoryview out
    head, nonce, body = sealed[1 : 1 + ID], sealed[1 + ID : 1 + ID + NONCE], sealed[1 + ID + NONCE :]
    for key in keys:
        if sealed[:1] == VERSION and _id(key) == head:
            try:
                return AESGCM(key).decrypt(nonce, body, place.encode()).decode()
            except InvalidTag:
                break
    raise Unsealable("A stored secret cannot be opened: its key is not in FOUREYES_SEAL_KEYS, or it was altered.")


def _id(key: bytes) -> bytes:
    return hashlib.sha256(b"foureyes key id" + key).digest()[:ID]
