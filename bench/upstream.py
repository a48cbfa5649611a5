"""A small, fast upstream for measurements: `python bench/upstream.py PORT`.

The last segment of the path chooses the answer: `json` (1 KiB), `sse` (query `n` chunks,
`ms` between them), `sink` (counts the body), `blob` (query `mib`), `job` (what has become of
a job, after `ms`; one of `n` answers says that it is done). It speaks just enough HTTP/1.1 to
be cheap, so that what is measured is the gateway.
"""

from __future__ import annotations

import asyncio
import random
import sys
from urllib.parse import parse_qsl

JSON = b'{"id":"gen_0123456789","status":"SUCCEEDED","text":"' + b"x" * 960 + b'"}'
CHUNK = b"data: " + b"y" * 120 + b"\n\n"
JOB = b'{"id":"%b","status":"%b","text":"' + b"z" * 240 + b'"}'
MIB = bytes(1 << 20)


class Upstream(asyncio.Protocol):
    """Answers requests on one connection, one after another."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]  # a TCP one
        self.buffer = b""
        self.left = 0
        self.chunked = False
        self.counted = 0
        self.target = b""
        self.job: asyncio.Task[None] | None = None

    def connection_lost(self, error: Exception | None) -> None:
        if self.job is not None:
            self.job.cancel()

    def data_received(self, data: bytes) -> None:
        if self.left:
            taken = min(self.left, len(data))
            self.left -= taken
            self.counted += taken
            if not self.left:
                self.answer()
            data = data[taken:]
        elif self.chunked:
            # Only the end matters here: a chunk's size line is counted with the rest.
            self.counted += len(data)
            self.buffer = (self.buffer + data)[-5:]
            if self.buffer == b"0\r\n\r\n":
                self.buffer, self.chunked = b"", False
                self.answer()
            return
        if not data:
            return
        self.buffer += data
        head, mark, rest = self.buffer.partition(b"\r\n\r\n")
        if not mark:
            return
        self.buffer = b""
        self.target = head.split(b" ", 2)[1]
        lower = head.lower()
        self.counted = 0
        at = lower.find(b"content-length:")
        if at >= 0:
            self.left = int(
                lower[at + 15 : lower.find(b"\r\n", at) if b"\r\n" in lower[at:] else None]
            )
        self.chunked = b"transfer-encoding: chunked" in lower
        if self.left or self.chunked:
            if rest:
                self.data_received(rest)
        else:
            self.answer()

    def answer(self) -> None:
        path, _, query = self.target.partition(b"?")
        options = dict(parse_qsl(query.decode()))
        kind = path.rpartition(b"/")[2]
        if kind == b"json":
            self.whole(JSON)
        elif kind == b"sink":
            self.whole(b'{"bytes":%d}' % self.counted)
        elif kind == b"sse":
            self.job = asyncio.ensure_future(
                self.stream(int(options.get("n", "50")), float(options.get("ms", "20")) / 1000)
            )
        elif kind == b"job":
            chance = random.random()  # noqa: S311  # some jobs end, no secret
            done = chance * int(options.get("n", "50")) < 1
            job = JOB % (path.split(b"/")[-2], b"done" if done else b"running")
            loop = asyncio.get_running_loop()
            loop.call_later(float(options.get("ms", "20")) / 1000, self.whole, job)
        elif kind == b"blob":
            self.whole(MIB * int(options.get("mib", "1")))
        else:
            self.whole(b"{}", b"404 Not Found")

    def whole(self, body: bytes, status: bytes = b"200 OK") -> None:
        self.transport.write(
            b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
            % (status, len(body), body)
        )

    async def stream(self, count: int, pause: float) -> None:
        self.transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            b"transfer-encoding: chunked\r\n\r\n"
        )
        for _ in range(count):
            self.transport.write(b"%x\r\n%b\r\n" % (len(CHUNK), CHUNK))
            await asyncio.sleep(pause)
        self.transport.write(b"0\r\n\r\n")


async def main(port: int) -> None:
    """Listen until the parent ends this process."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Upstream, "127.0.0.1", port, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
