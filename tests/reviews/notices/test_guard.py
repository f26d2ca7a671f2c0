"""Where a webhook may go."""

import ipaddress
import socket

import pytest

from reviews.notices import guard
from reviews.notices.guard import Refused

PUBLIC = "93.184.216.34"


@pytest.fixture
def names(monkeypatch):
    """A name service of our own: what each host means; numbers mean themselves, in all their spellings."""
    known = {"hooks.example.org": [PUBLIC]}
    real = socket.getaddrinfo

    def getaddrinfo(host, port, **kwargs):
        if host not in known:
            return real(host, port, flags=socket.AI_NUMERICHOST, **kwargs)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known[host]]

    monkeypatch.setattr(guard.socket, "getaddrinfo", getaddrinfo)
    return known


class TestParse:
    @pytest.mark.parametrize(
        ("url", "parts"),
        [
            ("https://hooks.example.org", ("https", "hooks.example.org", 443, "/")),
            ("https://HOOKS.example.org/a/b?c=d#e", ("https", "hooks.example.org", 443, "/a/b?c=d")),
            ("https://hooks.example.org:8443/x", ("https", "hooks.example.org", 8443, "/x")),
            ("http://[2001:db8::1]:80/", ("http", "2001:db8::1", 80, "/")),
        ],
    )
    def test_reads_an_address(self, url, parts):
        assert guard.parse(url) == parts

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "hooks.example.org",
            "ftp://hooks.example.org",
            "file:///etc/passwd",
            "gopher://127.0.0.1:6379/_FLUSHALL",
            "https://",
            "https:///path",
            "https://alice:pw@hooks.example.org/",
            "https://hooks.example.org@10.0.0.1/",
            "https://hooks.example.org:0/",
            "https://hooks.example.org:99999/",
            "https://hooks.example.org:x/",
            "https://hooks.example.org/a b",
            "https://hooks.example.org/\r\nHost: other",
            "https://hooks.example.org\\@10.0.0.1/",
            "https://höoks.example.org/",
            "https://[::1/",
            "https://hooks.example.org/" + "a" * 2000,
        ],
    )
    def test_refuses(self, url):
        with pytest.raises(Refused):
            guard.parse(url)


class TestCheck:
    def test_pins_the_address_that_the_host_means_now(self, names):
        target = guard.check("https://hooks.example.org/T0?x=1")
        assert (target.host, str(target.address), target.port) == ("hooks.example.org", PUBLIC, 443)
        assert target.path == "/T0?x=1"

    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.5.5",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[::ffff:10.0.0.1]",
            "[::ffff:93.184.216.34]",
            "[::10.0.0.1]",
            "[64:ff9b::a00:1]",
            "[64:ff9b:1::a00:1]",
            "[2002:a00:1::]",
            "[2001:0:a00:1::]",
            "[fc00::1]",
            "[fd12:3456::1]",
            "[fe80::1]",
            "[fec0::1]",
            "[ff02::1]",
            "[2001:db8::1]",
        ],
    )
    def test_refuses_what_is_not_on_the_open_internet(self, names, host):
        with pytest.raises(Refused):
            guard.check(f"https://{host}/")

    @pytest.mark.parametrize("host", [PUBLIC, "8.8.8.8", "[2606:2800:220:1:248:1893:25c8:1946]"])
    def test_lets_what_is_on_it_pass(self, names, host):
        assert guard.check(f"https://{host}/").scheme == "https"

    def test_refuses_a_host_of_which_one_address_is_private(self, names):
        names["hooks.example.org"] = [PUBLIC, "10.0.0.1"]
        with pytest.raises(Refused, match="private"):
            guard.check("https://hooks.example.org/secret-path")

    def test_never_repeats_the_path_which_may_be_a_secret(self, names):
        names["hooks.example.org"] = ["10.0.0.1"]
        with pytest.raises(Refused) as refusal:
            guard.check("https://hooks.example.org/secret-path")
        assert "secret" not in str(refusal.value)

    def test_speaks_nothing_but_https_to_the_outside(self, names):
        with pytest.raises(Refused, match="https"):
            guard.check("http://hooks.example.org/")

    def test_lets_settings_open_a_network_also_without_https(self, names, settings):
        settings.FOUREYES_WEBHOOK_ALLOW = [ipaddress.ip_network("10.1.0.0/16")]
        assert guard.check("http://10.1.2.3:8080/").port == 8080
        assert guard.check("https://[::ffff:10.1.2.3]/").address.version == 6
        for elsewhere in ("http://10.2.0.1/", "http://hooks.example.org/"):
            with pytest.raises(Refused):
                guard.check(elsewhere)

    def test_refuses_a_host_that_cannot_be_a_name(self, names):
        with pytest.raises((Refused, OSError)):
            guard.check(f"https://{'a' * 70}.example.org/")

    def test_tells_of_a_host_that_nobody_knows_as_of_a_failure_that_may_pass(self, names):
        with pytest.raises(OSError):
            guard.check("https://nowhere.invalid/")
