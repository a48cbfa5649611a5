"""Streams an upstream's answer to the client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from plugway.calls.body import ClientDeparted
from plugway.request import sent
from plugway.telemetry.access import OVERHEAD
from plugway.upstream.headers import to_client

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Send

    from plugway.calls.call import Call
    from plugway.calls.settlement import Settlement
    from plugway.upstream import Answer

#: Statuses whose answer has no body, whatever its headers say.
BODILESS = frozenset({204, 304})


async def relay(call: Call, answer: Answer, settlement: Settlement) -> ASGIApp:
    """Send the answer as it comes; see `Call.relay`.

    The settlement is durable before the answer is complete for the client: the last chunk
    of a body of known length waits for it, of a stream only the end marker does.
    """
    chunks = answer.chunks()
    try:
        await _send(call, answer, chunks, settlement)
    finally:
        # Left to the garbage collector, each would cost a task of its own.
        await chunks.aclose()
    return sent


async def _send(
    call: Call, answer: Answer, chunks: AsyncIterator[bytes], settlement: Settlement
) -> None:
    send = call.request.asgi_send
    length = answer.length
    bodiless = call.request.method == "HEAD" or answer.status in BODILESS
    first = b"" if bodiless or length == 0 else await anext(chunks, b"")
    whole = bodiless or (answer.ended if length is None else len(first) >= length)
    if whole:
        # Everything is here: one message carries it, after the settlement.
        await settlement.settle()
    headers = _headers(call, answer, length)
    if call.departed:
        await _drain(call, chunks, settlement)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if whole:
        await send({"type": "http.response.body", "body": first})
    else:
        await _stream(call, send, first, chunks, length, settlement)


async def _stream(
    call: Call,
    send: Send,
    chunk: bytes,
    chunks: AsyncIterator[bytes],
    length: int | None,
    settlement: Settlement,
) -> None:
    passed = 0
    while chunk:
        passed += len(chunk)
        if length is not None and passed >= length:
            await settlement.settle()
            await send({"type": "http.response.body", "body": chunk})
            return
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
        if call.departed:
            await _drain(call, chunks, settlement)
        chunk = await anext(chunks, b"")
    await settlement.settle()
    await send({"type": "http.response.body", "body": b""})


async def _drain(call: Call, chunks: AsyncIterator[bytes], settlement: Settlement) -> None:
    """Read on for a client that has left, within the provider's bounds, then settle."""
    allowed = call.provider.departure.bytes
    async for chunk in chunks:
        allowed -= len(chunk)
        if allowed <= 0:
            break
    await settlement.settle()
    raise ClientDeparted


def _headers(call: Call, answer: Answer, length: int | None) -> list[tuple[bytes, bytes]]:
    headers = to_client(answer.raw_headers)
    if length is not None:
        headers.append((b"content-length", b"%d" % length))
    headers.append((OVERHEAD, b"%.3f" % (call.begin_answer() * 1000)))
    return headers
