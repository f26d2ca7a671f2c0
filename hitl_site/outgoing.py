"""What the settings say of messages to the outside."""

import base64
import binascii
import ipaddress
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from hitl_site import env, secret

KEY_BYTES = 32
PORTS = {"starttls": 587, "tls": 465, "none": 25}


def smtp() -> dict[str, Any]:
    """The mail server; raises ImproperlyConfigured for half an account or a password sent in the clear."""
    host, security = env.text("EMAIL_HOST"), env.choice("EMAIL_SECURITY", "starttls", of=PORTS)
    user, password = env.text("EMAIL_HOST_USER"), env.text("EMAIL_HOST_PASSWORD")
    if bool(user) != bool(password):
        raise ImproperlyConfigured("EMAIL_HOST_USER and EMAIL_HOST_PASSWORD are set together, or neither is.")
    if password and security == "none":
        raise ImproperlyConfigured("EMAIL_HOST_PASSWORD would travel in the clear: set EMAIL_SECURITY to starttls.")
    return {
        "host": host,
        "port": env.number("EMAIL_PORT", PORTS[security], least=1, most=65535),
        "username": user,
        "password": password,
        "use_tls": security == "starttls",
        "use_ssl": security == "tls",
    }


def seal_keys(name: str, kept: Path | None) -> list[bytes]:
    """The keys between commas; where none is set, one that is made and kept in that file, or none at all."""
    said = env.words(name)
    if not said and kept is not None:
        # 32 bytes out of the kept text: it is made of 60 random ones
        return [base64.urlsafe_b64decode(secret.kept_in(kept)[:44])[:KEY_BYTES]]
    return [_key(name, word) for word in said]


def networks(name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Networks like 10.0.0.0/8 between commas; raises ImproperlyConfigured for anything else."""
    try:
        return [ipaddress.ip_network(word) for word in env.words(name)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}. Write it like 10.0.0.0/8.") from None


def _key(name: str, word: str) -> bytes:
    try:
        key = base64.b64decode(word, altchars=b"-_" if {"-", "_"} & set(word) else None, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:  # never the word itself: it is a secret
        raise ImproperlyConfigured(
            f'{name}: a key is {KEY_BYTES} bytes in base64. Make one: python3 -c "import base64, secrets; '
            f'print(base64.b64encode(secrets.token_bytes({KEY_BYTES})).decode())"'
        )
    return key
