"""A closed-loop HTTP client that costs little: keep-alive sockets, no parsing beyond framing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class Client(asyncio.Protocol):
    """Sends the same request again and again on one connection."""

    def __init__(self, request: bytes, done: Callable[[float], bool]) -> None:
        """Prepare.

        Args:
            request: The whole request, as on the wire.
            done: Told each exchange's seconds; says whether to go on.
        """
        self.request = request
        self.done = done
        self.buffer = bytearray()
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]  # a TCP one
        self.send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.finished.done():
            self.finished.set_exception(error or ConnectionError("closed by the server"))

    def send(self) -> None:
        self.began = time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = complete(self.buffer)
        if not end:
            return
        if not self.buffer.startswith(b"HTTP/1.1 200"):
            self.finished.set_exception(ValueError(bytes(self.buffer[:300]).decode("latin-1")))
            self.transport.close()
            return
        del self.buffer[:end]
        if self.done(time.perf_counter() - self.began):
            self.send()
        elif not self.finished.done():
            self.finished.set_result(None)
            self.transport.close()


def complete(buffer: bytearray) -> int:
    """Return the length of the answer in the buffer once it is whole, else 0."""
    head = buffer.find(b"\r\n\r\n")
    if head < 0:
        return 0
    lower = bytes(buffer[:head]).lower()
    at = lower.find(b"content-length:")
    if at < 0:
        end = buffer.find(b"0\r\n\r\n", head)
        return end + 5 if end >= 0 else 0
    stop = lower.find(b"\r\n", at)
    length = int(lower[at + 15 : stop if stop >= 0 else None])
    return head + 4 + length if len(buffer) >= head + 4 + length else 0


async def run(
    url: str, path: str, *, headers: dict[str, str], body: bytes, clients: int, seconds: float
) -> tuple[float, list[float]]:
    """Drive a server with a number of clients for some seconds.

    Returns:
        Requests a second, and every exchange's seconds, sorted.
    """
    host, _, port = url.removeprefix("http://").partition(":")
    lines = [f"POST {path} HTTP/1.1", f"host: {host}:{port}", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    request = "\r\n".join([*lines, "", ""]).encode() + body
    times: list[float] = []
    stop = time.perf_counter() + seconds

    def done(took: float) -> bool:
        times.append(took)
        return time.perf_counter() < stop

    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    made = [
        await loop.create_connection(lambda: Client(request, done), host, int(port))
        for _ in range(clients)
    ]
    await asyncio.gather(*(client.finished for _, client in made))
    return len(times) / (time.perf_counter() - began), sorted(times)
