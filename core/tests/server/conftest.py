"""Probes in processes of their own, and raw sockets to talk to them."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SERVERS = ("hypercorn", "uvicorn", "granian")
PATIENCE = 10.0
PROBE = Path(__file__).with_name("probe.py")


class Reply(NamedTuple):
    """What came back until the connection was closed, or the time was up."""

    raw: bytes
    closed: bool

    @property
    def status(self) -> int:
        return int(self.raw.split(b" ", 2)[1]) if self.raw.startswith(b"HTTP/") else 0

    @property
    def head(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[0].lower()

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def whole(self) -> bool:
        """Whether the response ended as it should have."""
        if b"transfer-encoding: chunked" in self.head:
            return self.body.endswith(b"0\r\n\r\n")
        for line in self.head.split(b"\r\n"):
            if line.startswith(b"content-length:"):
                return len(self.body) == int(line.split(b":")[1])
        return False


class Client:
    """One connection."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, data: bytes) -> None:
        # A server that has had enough resets the connection.
        with contextlib.suppress(ConnectionError):
            self.sock.sendall(data)

    def read(self, seconds: float = PATIENCE, *, until: bytes | None = None) -> Reply:
        """Read until a whole response, a mark, the end, or the time is up."""
        raw = b""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                data = self.sock.recv(65_536)
            except TimeoutError:
                break
            except ConnectionError:
                return Reply(raw, True)
            if not data:
                return Reply(raw, True)
            raw += data
            if until is not None and until in raw:
                break
            if until is None and Reply(raw, False).whole:
                break
        return Reply(raw, False)

    def read_end(self, seconds: float = PATIENCE) -> Reply:
        """Read until the connection is closed or the time is up."""
        return self.read(seconds, until=b"\0 never \0")


class Running:
    """A probe that runs."""

    def __init__(self, config: dict[str, Any], environ: dict[str, str]) -> None:
        self.process = subprocess.Popen(  # noqa: S603  # our own file
            [sys.executable, "-W", "ignore", str(PROBE), json.dumps(config)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environ,
        )
        self.lines: queue.Queue[dict[str, Any]] = queue.Queue()
        self.said: list[dict[str, Any]] = []
        self.errors: list[str] = []
        self._readers = [
            threading.Thread(target=self._read_output),
            threading.Thread(target=self._read_errors),
        ]
        for reader in self._readers:
            reader.start()
        self.port = 0

    def _read_output(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self.errors.extend(self.process.stderr)

    def hear(self, key: str) -> dict[str, Any]:
        """Wait for a line that has a key."""
        for line in self.said:
            if key in line:
                self.said.remove(line)
                return line
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(queue.Empty):
                line = self.lines.get(timeout=0.2)
                if key in line:
                    return line
                self.said.append(line)
            if self.process.poll() is not None and self.lines.empty():
                break
        raise AssertionError(f"never heard {key}: {self.said} {''.join(self.errors)}")

    @staticmethod
    def head(path: bytes, *headers: bytes, method: bytes = b"GET") -> bytes:
        """Make the head of a request."""
        lines = b"".join(header + b"\r\n" for header in (b"Host: probe", *headers))
        return method + b" " + path + b" HTTP/1.1\r\n" + lines + b"\r\n"

    def connect(self) -> Client:
        return Client(self.port)

    def ask(self, data: bytes, seconds: float = PATIENCE) -> Reply:
        """Send bytes on a new connection and read the response."""
        with self.connect() as client:
            client.send(data)
            return client.read(seconds)

    def get(self, path: str) -> Reply:
        return self.ask(f"GET {path} HTTP/1.1\r\nHost: probe\r\n\r\n".encode("latin-1"))

    def stats(self) -> dict[str, Any]:
        stats: dict[str, Any] = self.get("/stats").json
        return stats

    def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Poll `/stats` until something holds."""
        end = time.monotonic() + PATIENCE
        while True:
            stats = self.stats()
            if holds(stats):
                return stats
            assert time.monotonic() < end, f"{stats} {''.join(self.errors)}"
            time.sleep(0.02)

    def refuses(self) -> bool:
        """Wait until connections are refused."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                with self.connect():
                    time.sleep(0.02)
            except OSError:
                return True
        return False

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


@contextlib.contextmanager
def starting() -> Iterator[Callable[..., Running]]:
    """Give a function that starts probes; all end with the block."""
    running: list[Running] = []

    def start(
        server: str,
        *,
        workers: int = 0,
        linger: float = 1.0,
        wait: bool = True,
        environ: dict[str, str] | None = None,
        constants: dict[str, float] | None = None,
        **settings: Any,
    ) -> Running:
        config: dict[str, Any] = {
            "server": server,
            "linger": linger,
            "constants": constants or {},
            "settings": {"port": 0, **settings},
        }
        if workers:
            config["workers"] = workers
        probe = Running(config, {**os.environ, **(environ or {})})
        running.append(probe)
        if wait:
            probe.port = int(probe.hear("ready")["ready"].rpartition(":")[2])
        return probe

    try:
        yield start
    finally:
        for probe in running:
            probe.close()


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    """Start probes for one test."""
    with starting() as function:
        yield function


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    """Name each server in turn."""
    name: str = request.param
    return name


@pytest.fixture(params=SERVERS, scope="module")
def probe(request: pytest.FixtureRequest) -> Iterator[Running]:
    """Run a probe with small limits on each server in turn, for a module's tests."""
    with starting() as function:
        yield function(
            request.param,
            max_header_bytes=16_384,
            max_headers=80,
            max_body_bytes=1_000_000,
            request_timeout=2.0,
            body_timeout=0.5,
            graceful_seconds=1.0,
            linger=0.3,
        )


@pytest.fixture
def name(probe: Any, request: pytest.FixtureRequest) -> str:
    """Name the server that carries the probe."""
    node: Any = request.node
    server: str = node.callspec.params["probe"]
    return server
