"""Waiting for a client's sake, as long as it is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from plugway.calls.body import ClientDeparted
from plugway.calls.departure import watch

if TYPE_CHECKING:
    from plugway.request import Request


@asynccontextmanager
async def attended(request: Request) -> AsyncIterator[None]:
    """Do what is done for a client only: it ends when the client leaves.

    The time is not counted as the request's: who waits so has a bound of their own.

    Args:
        request: The client's, its body read.

    Raises:
        ClientDeparted: The client has left.
    """
    task = request.task

    def leave() -> None:
        task.cancel("the client has left")

    watching = watch(request.receive, leave, task.get_loop())
    try:
        with request.untimed():
            yield
    except asyncio.CancelledError:
        if watching.left and task.uncancel() == 0:
            raise ClientDeparted from None
        raise
    finally:
        watching.stop()
