"""A real mail server and a real receiver of webhooks, on ports of this machine, that remember what came."""

import socket
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

HOST = "127.0.0.1"


class Mailbox:
    """What arrived; ``on_mail`` may answer for itself, and sees a message before its sender hears of it."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.on_mail: Callable[[EmailMessage], str | None] = lambda mail: None
        self.refuse: dict[str, str] = {}
        self.is_closed = False
        self.port = _free_port()
        self._controller = Controller(self, hostname=HOST, port=self.port, enable_SMTPUTF8=True)
        self._controller.start()

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if answer := self.refuse.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        if answer := self.on_mail(mail):
            return answer
        self.mails.append(mail)
        return "250 OK"

    @property
    def ids(self) -> Counter[str]:
        """How often each message came."""
        return Counter(str(mail["Message-ID"]) for mail in self.mails)

    def settings(self) -> dict[str, Any]:
        """What makes Foureyes send here."""
        plain = {"username": "", "password": "", "use_tls": False, "use_ssl": False}
        return {"host": HOST, "port": self.port, **plain}

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self._controller.stop(no_assert=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@dataclass
class Posted:
    """One request that came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    """What the receiver says to it."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"


class Receiver:
    """What was posted; ``on_post`` decides on the answer, and sees a request before its sender hears of it."""

    def __init__(self, tls: SSLContext | None = None) -> None:
        self.posts: list[Posted] = []
        self.on_post: Callable[[Posted], Answer] = lambda posted: Answer()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                posted = Posted(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                receiver.posts.append(posted)
                answer = receiver.on_post(posted)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = f"http://{HOST}:{self.port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def ids(self) -> Counter[str]:
        """How often each message came."""
        return Counter(posted.headers["webhook-id"] for posted in self.posts)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
