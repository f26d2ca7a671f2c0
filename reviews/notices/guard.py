"""Where a webhook may go: addresses typed in by people must not lead into the house (SSRF)."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

from django.conf import settings

Address = IPv4Address | IPv6Address

PRINTABLE = re.compile(r"[!-~]+")
LONGEST_URL = 2000
CARRIERS = [ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")]
"""IPv6 networks whose addresses stand for IPv4 ones: what they lead to is somebody else's choice."""


class Refused(Exception):
    """The address may not be used; says why without repeating it, for it may hold a secret."""


@dataclass(frozen=True)
class Target:
    """A checked address: the host that was named, and the one address of it that will be spoken to."""

    scheme: str
    host: str
    port: int
    path: str
    address: Address


def parse(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and path of a web address. Raises Refused."""
    if len(url) > LONGEST_URL or not PRINTABLE.fullmatch(url):
        raise Refused("The address holds blanks or signs that do not belong there, or is too long.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("The address cannot be read.") from None
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise Refused("The address does not begin with https:// and a host.")
    if parts.username is not None or parts.password is not None:
        raise Refused("The address holds a name or a password before the host.")
    if "\\" in url or port == 0:
        raise Refused("The address cannot be read.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, parts.hostname, port or {"https": 443, "http": 80}[parts.scheme], path


def check(url: str) -> Target:
    """Resolve the host once and pin what was found. Raises Refused, or OSError where it cannot be resolved.

    Every address of the host must be public, or in a network of FOUREYES_WEBHOOK_ALLOW; only there is http enough.
    """
    scheme, host, port, path = parse(url)
    found = _resolved(host, port)
    if any(not (is_public(address) or is_allowed(address)) for address in found):
        raise Refused(f"{host} is, at least in part, an address inside of a private network.")
    if scheme != "https" and not all(map(is_allowed, found)):
        raise Refused("Only https:// is spoken to the outside.")
    return Target(scheme, host, port, path, found[0])


def is_public(address: Address) -> bool:
    """Whether it belongs to the open internet, by itself and not by way of another."""
    if isinstance(address, IPv6Address) and (
        address.ipv4_mapped or address.is_site_local or any(address in net for net in CARRIERS)
    ):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_allowed(address: Address) -> bool:
    """Whether the settings name its network."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in net for net in settings.FOUREYES_WEBHOOK_ALLOW)


def _resolved(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        # a zone such as %eth0 names an interface of ours, which no public address has
        addresses = [ipaddress.ip_address(str(entry[4][0])) for entry in found]
    except (UnicodeError, ValueError):
        raise Refused("The host of the address cannot be read.") from None
    if not addresses or any(getattr(address, "scope_id", None) for address in addresses):
        raise Refused("The host of the address cannot be read.")
    return list(dict.fromkeys(addresses))


def is_inside(host: str) -> bool:
    """Whether the host is written as an address that may not be spoken to; a name is looked up when it is."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return not (is_public(address) or is_allowed(address))


def allows_any() -> bool:
    """Whether the settings let messages into any private network, where http is enough."""
    return bool(settings.FOUREYES_WEBHOOK_ALLOW)
