"""Memory figures: a 64 MiB upload, and what an open stream costs.

`python bench/memory.py [--server hypercorn] [--streams 500]`.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

import processes
from processes import report

UPLOAD_MIB = 64


async def upload(host: str, port: int, key: str) -> None:
    """Send a large body and read the answer."""
    reader, writer = await asyncio.open_connection(host, port)
    size = UPLOAD_MIB << 20
    writer.write(
        f"POST /runway/sink HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {key}\r\n"
        f"content-length: {size}\r\nconnection: close\r\n\r\n".encode()
    )
    piece = bytes(1 << 16)
    for _ in range(size // len(piece)):
        writer.write(piece)
        await writer.drain()
    answer = await reader.read()
    assert b'{"bytes":%d}' % size in answer, answer[:300]
    writer.close()


async def hold_streams(host: str, port: int, key: str, count: int, pid: int) -> tuple[int, int]:
    """Open streams that stay idle; return the memory before and with them, in KiB."""
    before = processes.resident(pid)
    request = (
        f"GET /runway/sse?n=2&ms=60000 HTTP/1.1\r\nhost: {host}\r\n"
        f"authorization: Bearer {key}\r\n\r\n"
    ).encode()
    writers = []
    for _ in range(count):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(request)
        writers.append((reader, writer))
    for reader, _ in writers:
        await reader.readuntil(b"data: ")
    after = processes.resident(pid)
    for _, writer in writers:
        writer.close()
    return before, after


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", default="hypercorn")
    parser.add_argument("--streams", type=int, default=500)
    options, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder, processes.upstream() as (_, upstream_port):
        home = Path(folder) / "home"
        key = processes.prepare(home, f"http://127.0.0.1:{upstream_port}")
        with processes.gateway(home, options.server) as (running, line):
            host, _, port = line.split()[-1].removeprefix("http://").partition(":")
            # What the first call loads for good is not what an upload costs.
            asyncio.run(hold_streams(host, int(port), key, 1, running.pid))
            before = processes.resident(running.pid)
            asyncio.run(upload(host, int(port), key))
            peak = processes.resident(running.pid, "VmHWM")
            report(
                "memory.upload", (peak - before) / 1024, "MiB",
                server=options.server, upload_mib=UPLOAD_MIB,
            )  # fmt: skip
            first, then = asyncio.run(
                hold_streams(host, int(port), key, options.streams, running.pid)
            )
            report(
                "memory.stream", (then - first) / options.streams, "KiB/stream",
                server=options.server, streams=options.streams,
            )  # fmt: skip


if __name__ == "__main__":
    main()
