"""What an emulator can be told to do wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web

#: What a faulty upstream sends instead of HTTP.
GARBAGE = b"\x16\x03\x01garbage, not HTTP\r\n\r\n"


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Describes one thing that goes wrong with the next request it fits.

    Attributes:
        kind: `delay` answers late; `status` answers with a status of its own; `drop` closes
            the connection without an answer; `cut` closes it in the middle of the answer's
            body; `stall` falls silent; `garbage` sends something that is not HTTP.
        method: Only requests with this method; empty: any.
        path: Only requests whose path begins so.
        times: How many requests it happens to, 1 or more.
        read: Whether the request's body is read first.
        seconds: How long a `delay` lasts, and a `stall` at the most; 0: until `release`.
        after: Bytes of the answer's body that still go out before a `cut` or a `stall`;
            None: not even the headers do, a `cut` is a `drop` then.
        status: Status of a `status` fault.
        headers: Headers of a `status` fault.
        json: Body of a `status` fault.

    Example:
        >>> Fault(kind="status", status=429, headers={"retry-after": "7"}).times
        1
    """

    kind: Literal["delay", "status", "drop", "cut", "stall", "garbage"]
    method: str = ""
    path: str = ""
    times: Annotated[int, msgspec.Meta(ge=1)] = 1
    read: bool = True
    seconds: Annotated[float, msgspec.Meta(ge=0, le=3_600)] = 0.0
    after: Annotated[int, msgspec.Meta(ge=0)] | None = None
    status: Annotated[int, msgspec.Meta(ge=200, le=599)] = 503
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    json: Any = None

    def fits(self, method: str, path: str) -> bool:
        """Say whether a request is one it happens to."""
        return self.method in ("", method) and path.startswith(self.path)


class Faults:
    """Keeps the faults that are still to happen, in the order they were asked for."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._waiting)

    def add(self, fault: Fault) -> None:
        """Let a fault happen."""
        self._waiting.append(fault)

    def clear(self) -> None:
        """Forget them all."""
        self._waiting.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the first fault that fits a request, and count it."""
        for index, fault in enumerate(self._waiting):
            if fault.fits(method, path):
                if fault.times > 1:
                    left = msgspec.structs.replace(fault, times=fault.times - 1)
                    self._waiting[index] = left
                else:
                    del self._waiting[index]
                return fault
        return None


class Outlet:
    """Writes an answer's body, and stops where a fault says so."""

    def __init__(self, request: web.Request, fault: Fault | None, released: asyncio.Event) -> None:
        """Prepare.

        Args:
            request: The request that is answered.
            fault: Its fault, if it has one.
            released: Ends a stall.
        """
        self._request = request
        self._released = released
        self._fault = fault if fault is not None and fault.kind in ("cut", "stall") else None
        self._left = 0 if self._fault is None else self._fault.after or 0
        self.closed = False

    async def write(self, response: web.StreamResponse, data: bytes) -> None:
        """Write a piece; nothing more goes out once `closed`."""
        if self._fault is None:
            await response.write(data)
            return
        now, later = data[: self._left], data[self._left :]
        self._left -= len(now)
        if now:
            await response.write(now)
        if self._left == 0:
            await self._stop(self._fault)
            if later and not self.closed:
                await response.write(later)

    async def _stop(self, fault: Fault) -> None:
        self._fault = None
        if fault.kind == "cut":
            self.closed = True
            hang_up(self._request)
        else:
            await pause(fault.seconds, self._released)


async def pause(seconds: float, released: asyncio.Event) -> None:
    """Wait until released, but no longer than asked.

    Args:
        seconds: At the most; 0: as long as it takes.
        released: Ends the wait.
    """
    try:
        async with asyncio.timeout(seconds or None):
            await released.wait()
    except TimeoutError:
        return


def hang_up(request: web.Request) -> None:
    """Close a request's connection after what was written to it."""
    if request.transport is not None:
        request.transport.close()
