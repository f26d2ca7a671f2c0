"""Typed readers of environment variables that refuse what they do not understand. An empty variable counts as unset."""

import os
from collections.abc import Collection
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})


def text(name: str, default: str = "") -> str:
    """The variable without surrounding blanks, or the default."""
    return os.environ.get(name, "").strip() or default


def required(name: str, why: str) -> str:
    """The variable; raises ImproperlyConfigured, saying why it is needed, where there is none."""
    if value := text(name):
        return value
    raise ImproperlyConfigured(f"{name} is not set. {why}")


def flag(name: str, *, default: bool) -> bool:
    """A yes or a no; raises ImproperlyConfigured for anything else."""
    value = text(name).lower()
    if not value:
        return default
    if value in TRUE | FALSE:
        return value in TRUE
    raise ImproperlyConfigured(f"{name}={value!r} is neither yes nor no. Use 1 or 0.")


def number(name: str, default: int, *, least: int, most: int) -> int:
    """A whole number from `least` to `most`; raises ImproperlyConfigured outside of them."""
    value = text(name, str(default))
    try:
        parsed = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number.") from None
    if not least <= parsed <= most:
        raise ImproperlyConfigured(f"{name}={parsed} is not between {least} and {most}.")
    return parsed


def choice(name: str, default: str, *, of: Collection[str]) -> str:
    """One of a few words; raises ImproperlyConfigured for another."""
    value = text(name, default)
    if value not in of:
        raise ImproperlyConfigured(f"{name}={value!r} is unknown. Use one of: {', '.join(sorted(of))}.")
    return value


def words(name: str, default: Collection[str] = ()) -> list[str]:
    """The parts between commas."""
    return [word.strip() for word in text(name).split(",") if word.strip()] or list(default)


def origins(name: str, default: Collection[str] = ()) -> list[str]:
    """Web origins such as https://desk.example.org; raises ImproperlyConfigured for anything shorter or longer."""
    found = [word.rstrip("/") for word in words(name, default)]
    for origin in found:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or not parts.hostname or f"{parts.scheme}://{parts.netloc}" != origin:
            raise ImproperlyConfigured(f"{name}: {origin!r} is not an origin. Write it like https://desk.example.org.")
    return found


def https_url(name: str) -> str:
    """The address of a service on the web; raises ImproperlyConfigured for anything but https with a host."""
    value = text(name)
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        is_good = parts.scheme == "https" and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_good = False
    if not is_good or any(character.isspace() for character in value):
        # not the value: the path of such an address is often its password
        raise ImproperlyConfigured(f"{name} is not an https address. Write it like https://ping.example.org/abc123.")
    return value


def token(name: str, *, least: int) -> str:
    """A secret of printable ASCII, or nothing; raises ImproperlyConfigured for one that is too short to be one."""
    value = text(name)
    if value and (len(value) < least or not (value.isascii() and value.isprintable()) or " " in value):
        raise ImproperlyConfigured(f"{name} is no token. Use {least} or more letters, digits and signs, kept secret.")
    return value
