"""A small upstream for what reads answers: a page that asks, and answers given piece by piece."""

from __future__ import annotations

import asyncio
import random
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Literal

from playwright.async_api import Page

from plugway_aistudio.capture import Exchange

#: Text whose characters take one to four bytes, with what a reader may stumble over.
TEXT = '[[[null,"año 日本 \\u0000 \\" 😀𝄞"]],"model"],\n\u2028'

#: Path of the requests for answers, and of those for the models.
RPC = "/$rpc/google.internal.alkali.applications.makersuite.v1.MakerSuiteService/"
GENERATE, LIST = RPC + "GenerateContent", RPC + "ListModels"

#: The page's own script: it asks as the real one does, and keeps what it got itself.
_PAGE = """<!doctype html><title>asks</title><div id="x"></div><script>
  let last;
  function ask(base, path, type) {
    const xhr = new XMLHttpRequest();
    xhr.open('POST', base + path);
    xhr.withCredentials = true;
    xhr.setRequestHeader('Content-Type', 'application/json+protobuf');
    xhr.setRequestHeader('X-User-Agent', 'grpc-web-javascript/0.1');
    if (type) xhr.responseType = type;
    xhr.seen = [];
    for (const name of ['progress', 'load', 'abort', 'error', 'loadend'])
      xhr.addEventListener(name, () => xhr.seen.push(name));
    xhr.send('[]');
    last = xhr;
  }
  let controller, got;
  function askFetch(base, path) {
    controller = new AbortController();
    got = fetch(base + path, {
      method: 'POST', credentials: 'include', body: '[]', signal: controller.signal,
      headers: {'Content-Type': 'application/json+protobuf'}}).then((answer) => answer.text());
    got.catch(() => {});
  }
  async function hash(text) {
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
    return Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, '0')).join('');
  }
</script>"""

_CORS = (
    b"Access-Control-Allow-Credentials: true\r\n"
    b"Access-Control-Allow-Methods: POST, OPTIONS\r\n"
    b"Access-Control-Allow-Headers: content-type, x-user-agent\r\n"
    b"Access-Control-Max-Age: 0\r\n"
)


def pieces(seed: int, total: int, most: int) -> Iterator[bytes]:
    """Give text in UTF-8, cut anywhere, also within a character.

    Args:
        seed: The same cuts for the same seed.
        total: Bytes, about.
        most: Bytes of a piece, at the most.
    """
    sizes = random.Random(seed)  # noqa: S311  # nothing here is secret
    body = (TEXT * (total // len(TEXT.encode()) + 1)).encode()[:total]
    # No half of a character at the end: a page's text would have something else in its place.
    body = body.decode(errors="ignore").encode()
    cuts = [0]
    while cuts[-1] < len(body):
        cuts.append(min(len(body), cuts[-1] + sizes.randint(1, most)))
    for begin, end in pairwise(cuts):
        yield body[begin:end]


async def read(exchange: Exchange) -> bytes:
    """Return an answer's body when it is whole."""
    async with asyncio.timeout(120):
        return b"".join([data async for data in exchange.chunks()])


async def timed(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Give what comes; a piece that does not come at all fails the test."""
    while True:
        async with asyncio.timeout(120):
            try:
                data = await anext(chunks)
            except StopAsyncIteration:
                return
        yield data


def process(wanted: Literal["browser", "driver"], among: set[int]) -> int:
    """Return the id of the browser's main process, or of the driver's, on Linux.

    Args:
        wanted: Which.
        among: Ids of processes.
    """
    for one in sorted(among):
        # Chromium's other processes write their options behind each other, without an end.
        line = Path(f"/proc/{one}/cmdline").read_text().replace("\0", " ")
        program = line.partition(" ")[0]
        if wanted == "driver" and " run-driver" in line:
            return one
        started = program.endswith(("/chromium", "/chromium-headless-shell", "/headless_shell"))
        if wanted == "browser" and started and " --type=" not in line:
            return one
    raise AssertionError(f"there is no {wanted}")


async def until(page: Page, expression: str) -> None:
    """Wait until an expression is true in a page, whose policy forbids the driver's own way."""
    async with asyncio.timeout(60):
        while not await page.evaluate(f"Boolean({expression})"):
            await asyncio.sleep(0.01)


def nobody(body: bytes) -> None:
    """Take a list of models that nobody wants."""


class Answer:
    """Is one request that came, and its answer, which the test gives."""

    def __init__(self, method: str, path: str, writer: asyncio.StreamWriter, origin: str) -> None:
        self.method = method
        self.path = path
        self._writer = writer
        self._origin = origin
        self._gzip: zlib._Compress | None = None
        self.gone = asyncio.Event()

    async def begin(
        self, status: int = 200, *, gzip: bool = False, kind: str = "application/json+protobuf"
    ) -> None:
        """Send the status and the headers."""
        self._gzip = zlib.compressobj(wbits=31) if gzip else None
        self._writer.write(
            f"HTTP/1.1 {status} Status\r\nContent-Type: {kind}\r\n"
            f"Access-Control-Allow-Origin: {self._origin}\r\n".encode()
            + (b"Content-Encoding: gzip\r\n" if gzip else b"")
            + _CORS
            + b"Transfer-Encoding: chunked\r\n\r\n"
        )
        await self._writer.drain()

    async def give(self, data: bytes) -> None:
        """Send a piece of the body at once."""
        if self._gzip is not None:
            data = self._gzip.compress(data) + self._gzip.flush(zlib.Z_SYNC_FLUSH)
        self._writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await self._writer.drain()

    async def end(self) -> None:
        """Say that the body is whole."""
        if self._gzip is not None:
            data = self._gzip.flush()
            self._writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    async def all(self, body: Iterable[bytes], *, gzip: bool = False) -> None:
        """Send the body piece by piece, and its end."""
        await self.begin(gzip=gzip)
        for piece in body:
            await self.give(piece)
        await self.end()

    async def whole(self, body: bytes, *, status: int = 200) -> None:
        """Send everything in one piece, with its length."""
        self._writer.write(
            f"HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\n"
            f"Access-Control-Allow-Origin: {self._origin}\r\n"
            f"Content-Length: {len(body)}\r\n".encode()
            + _CORS
            + b"\r\n"
            + body
        )
        await self._writer.drain()

    def cut(self) -> None:
        """Break the connection."""
        self._writer.transport.abort()


class Rpc:
    """Serves pages, and hands each request for an answer to the test.

    Attributes:
        url: Of the page's origin; the same server is at another origin in `other`.
        options: Preflight requests that came.
    """

    def __init__(self) -> None:
        self.url = ""
        self.other = ""
        self.options = 0
        self.pages: dict[str, bytes] = {"/": _PAGE.encode()}
        self.policy = "script-src 'self' 'unsafe-inline'; connect-src 'self' http://localhost:*"
        self._answers: asyncio.Queue[Answer] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()

    async def answer(self) -> Answer:
        """Return the next request for an answer that comes."""
        async with asyncio.timeout(60):
            return await self._answers.get()

    async def ask(
        self, page: Page, *, base: str = "", path: str = GENERATE, how: str = "ask", kind: str = ""
    ) -> Answer:
        """Let the page ask, and return the request that came.

        Args:
            page: The page.
            base: Origin that it asks at; empty: its own.
            path: What it asks there.
            how: `ask`: by XMLHttpRequest; `askFetch`: by fetch.
            kind: What the page wants the answer as; empty: text.
        """
        await page.evaluate(
            "([how, base, path, kind]) => { window[how](base, path, kind); }",
            [how, base, path, kind],
        )
        return await self.answer()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Rpc]:
        """Run it on loopback."""
        server = await asyncio.start_server(self._taken, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        self.url, self.other = f"http://127.0.0.1:{port}", f"http://localhost:{port}"
        try:
            yield self
        finally:
            server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers: list[Answer] = []
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, path, _ = head[0].split(" ")
                fields = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in head[1:] if line)
                }
                await reader.readexactly(int(fields.get("content-length", "0")))
                origin = fields.get("origin", self.url)
                if method == "POST":
                    answers.append(Answer(method, path, writer, origin))
                    self._answers.put_nowait(answers[-1])
                else:
                    writer.write(self._page(method, path, origin))
                    await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            # The browser closed the connection.
            return
        finally:
            for answer in answers:
                answer.gone.set()
            writer.close()

    def _page(self, method: str, path: str, origin: str) -> bytes:
        if method == "OPTIONS":
            self.options += 1
            return (
                f"HTTP/1.1 204 No\r\nAccess-Control-Allow-Origin: {origin}\r\n".encode()
                + _CORS
                + b"\r\n"
            )
        body = self.pages.get(path.partition("?")[0])
        status = 404 if body is None else 200
        return (
            f"HTTP/1.1 {status} Status\r\nContent-Type: text/html\r\n"
            f"Content-Security-Policy: {self.policy}\r\n"
            f"Content-Length: {len(body or b'')}\r\n\r\n".encode()
        ) + (body or b"")
