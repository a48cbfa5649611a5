"""Noticing that a client has left while its call waits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive

#: Seconds before the watching begins: most calls are over by then and pay for a timer only.
PATIENCE = 0.05


class Watch:
    """Watches one client until it is stopped or the client leaves."""

    __slots__ = ("_loop", "_on_leave", "_receive", "_task", "_timer", "left")

    def __init__(
        self,
        receive: Receive,
        on_leave: Callable[[], None],
        loop: asyncio.AbstractEventLoop,
        patience: float = PATIENCE,
    ) -> None:
        """Begin; see `watch`."""
        self._loop = loop
        self._receive = receive
        self._on_leave = on_leave
        self._task: asyncio.Task[None] | None = None
        #: Whether the client has been seen to leave.
        self.left = False
        self._timer = loop.call_later(patience, self._begin)

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._wait())

    async def _wait(self) -> None:
        # A server may still deliver the empty end of a body.
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.left = True
        self._on_leave()

    def stop(self) -> None:
        """Stop watching; the callback is not called any more. Doing so twice is fine."""
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()


def watch(
    receive: Receive,
    on_leave: Callable[[], None],
    loop: asyncio.AbstractEventLoop,
    patience: float = PATIENCE,
) -> Watch:
    """Watch for a client's departure, with one task at the most.

    A client that has sent its next request already (pipelining) cannot be seen to leave:
    the server does not read on. The guard's deadline ends such a call.

    Args:
        receive: The ASGI receive of a request whose body has been read to its end.
        on_leave: Called once, in the event loop, when the client has gone.
        loop: The running one: asking for it costs a system call.
        patience: Seconds before the watching begins; a departure before that is noticed then.

    Returns:
        The watch; call its `stop` when the call no longer waits.
    """
    return Watch(receive, on_leave, loop, patience)
