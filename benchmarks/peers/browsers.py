"""Browsers, as far as a live line goes: many websockets in one process, each noting when it heard of what."""

import asyncio
import re
import threading
import time
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.peers.protocol import serve

MARK = re.compile(r'id="live-seq" value="(\d+)"')
AT_ONCE = 50  # handshakes under way


class Browsers:
    """Open sockets, each with the sequence numbers it was told and the moments at which it was."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.sockets: list[ClientConnection] = []
        self.heard: list[list[tuple[int, float]]] = []
        self.readers: list[asyncio.Task[None]] = []

    def open(self, url: str, cookies: list[str], count: int) -> int:
        """Open so many more, with the cookies in turn; returns how many there are once each has heard or is joined."""
        self.run(self._open_all(url, cookies, count))
        return len(self.sockets)

    def wait(self, seq: int, seconds: float) -> list[float | None]:
        """When each first heard of that number or a later one; None for those that did not in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not all(its and its[-1][0] >= seq for its in self.heard):
            time.sleep(0.01)
        return [next((at for number, at in its if number >= seq), None) for its in self.heard]

    def forget(self) -> None:
        """Forget what was heard but the newest, so that looking stays quick."""
        for its in self.heard:
            del its[:-1]

    def close(self) -> None:
        """Drop every socket at once, as a broken network does."""
        self.run(self._close_all())

    def run(self, work: Any) -> Any:
        """Do it on the loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    async def _open_all(self, url: str, cookies: list[str], count: int) -> None:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(number: int) -> None:
            headers = {"Cookie": cookies[number % len(cookies)]} if cookies else {}
            async with gate:
                socket = await connect(
                    url, origin="http://testserver", additional_headers=headers, compression=None, open_timeout=60
                )
            self._listen(socket)

        await asyncio.gather(*map(one, range(count)))

    def _listen(self, socket: ClientConnection) -> None:
        its: list[tuple[int, float]] = []
        self.sockets.append(socket)
        self.heard.append(its)

        async def read() -> None:
            async for text in socket:
                now = time.perf_counter()
                if found := MARK.findall(str(text)):
                    its.append((int(found[-1]), now))

        self.readers.append(self.loop.create_task(read()))

    async def _close_all(self) -> None:
        for reader in self.readers:
            reader.cancel()
        for socket in self.sockets:
            socket.transport.abort()
        self.sockets, self.heard, self.readers = [], [], []


if __name__ == "__main__":
    browsers = Browsers()
    verbs = {name: getattr(browsers, name) for name in ("open", "wait", "forget", "close")}
    serve(verbs, ("websockets",))
