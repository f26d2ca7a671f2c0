"""One POST to a checked address: where it goes, whom it trusts, and how long it lasts."""

import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from reviews.notices.guard import Target
from reviews.notices.post import cut_off, post
from tests.reviews.notices.servers import HOST, Answer, Receiver

NAME = "hooks.example.org"  # what no name service leads to this machine
HEADERS = {"Content-Type": "application/json"}


@pytest.fixture
def open_receiver():
    """A receiver that speaks plainly."""
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def sealed_receiver(tmp_path, monkeypatch):
    """A receiver that speaks TLS as hooks.example.org; whoever trusts its paper is told so by SSL_CERT_FILE."""
    paper = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(paper)
    made = Receiver(context)
    monkeypatch.setenv("SSL_CERT_FILE", str(paper))
    yield made
    made.close()


@pytest.fixture
def silent():
    """A server that takes the call and never says a word."""
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]


def certificate(folder):
    """A paper that says who speaks for NAME, with its key, in one file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    own = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    paper = folder / "paper.pem"
    paper.write_bytes(own + made.public_bytes(serialization.Encoding.PEM))
    return paper


def target(port, *, scheme="http", host=NAME, path="/hook?x=1"):
    return Target(scheme, host, port, path, ip_address(HOST))


def send(to, *, connect=5.0, seconds=5.0):
    return post(to, b'{"a":1}', HEADERS, connect=connect, seconds=seconds)


class TestPost:
    def test_speaks_to_the_address_that_was_checked_whatever_its_name_means_by_now(self, open_receiver):
        answer = send(target(open_receiver.port))

        (posted,) = open_receiver.posts
        assert answer.status == 200
        assert (posted.path, posted.body) == ("/hook?x=1", b'{"a":1}')
        assert posted.headers["host"] == f"{NAME}:{open_receiver.port}"
        assert posted.headers["connection"] == "close"

    def test_goes_by_no_proxy(self, open_receiver, silent, monkeypatch):
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://{HOST}:{silent}")
        assert send(target(open_receiver.port)).status == 200

    def test_follows_nobody_elsewhere(self, open_receiver):
        open_receiver.on_post = lambda posted: Answer(302, {"Location": f"http://{HOST}:1/"})
        assert send(target(open_receiver.port)).status == 302
        assert len(open_receiver.posts) == 1

    def test_gives_a_silent_server_up(self, silent):
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            send(target(silent), connect=0.3)
        assert time.monotonic() - began < 4

    def test_says_of_a_closed_port_that_nobody_is_there(self, silent):
        with socket.create_server((HOST, 0)) as gone:
            port = gone.getsockname()[1]
        with pytest.raises(ConnectionRefusedError):
            send(target(port))


class TestPostOverTls:
    def test_believes_the_paper_of_the_host_that_was_named(self, sealed_receiver):
        assert send(target(sealed_receiver.port, scheme="https")).status == 200
        assert sealed_receiver.posts[0].headers["host"] == f"{NAME}:{sealed_receiver.port}"

    @pytest.mark.parametrize("host", ["other.example.org", HOST])
    def test_says_nothing_to_who_has_the_paper_of_another(self, sealed_receiver, host):
        with pytest.raises(ssl.SSLCertVerificationError):
            send(target(sealed_receiver.port, scheme="https", host=host))
        assert sealed_receiver.posts == []

    def test_says_nothing_to_who_wrote_the_paper_themselves(self, sealed_receiver, monkeypatch):
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(ssl.SSLCertVerificationError):
            send(target(sealed_receiver.port, scheme="https"))
        assert sealed_receiver.posts == []

    def test_says_nothing_to_who_speaks_plainly(self, open_receiver):
        with pytest.raises(OSError):
            send(target(open_receiver.port, scheme="https"))
        assert open_receiver.posts == []

    def test_is_cut_off_in_a_handshake_that_never_ends(self, silent):
        began = time.monotonic()
        with pytest.raises(OSError):
            send(target(silent, scheme="https"), connect=30, seconds=0.3)
        assert time.monotonic() - began < 4


class TestCutOff:
    def test_ends_what_waits_for_the_other_side(self):
        here, there = socket.socketpair()
        with here, there, cut_off(here, 0.1):
            assert here.recv(1) == b"", "the line was closed while it waited"

    def test_leaves_a_line_alone_that_is_done_in_time(self):
        here, there = socket.socketpair()
        with here, there:
            with cut_off(here, 0.2):
                there.sendall(b"x")
                assert here.recv(1) == b"x"
            for timer in [one for one in threading.enumerate() if isinstance(one, threading.Timer)]:
                timer.join()
            there.sendall(b"y")
            assert here.recv(1) == b"y"

    def test_has_nothing_to_cut_where_there_is_no_line(self):
        with cut_off(None, 0.0):
            pass
