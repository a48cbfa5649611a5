"""Noticing that a client has left."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import pytest

from plugway.calls.departure import watch

if TYPE_CHECKING:
    from starlette.types import Message

pytestmark = pytest.mark.anyio

LEFT: Message = {"type": "http.disconnect"}


class Connection:
    """Delivers messages when told."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self.receiving = 0

    async def receive(self) -> Message:
        self.receiving += 1
        try:
            return await self.messages.get()
        finally:
            self.receiving -= 1


async def test_tells_once_that_the_client_left() -> None:
    connection = Connection()
    left = asyncio.Event()
    watching = watch(connection.receive, left.set, asyncio.get_running_loop(), patience=0)
    # What a server may still deliver of a body that was read.
    connection.messages.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    await asyncio.sleep(0.01)
    assert not left.is_set()
    connection.messages.put_nowait(LEFT)
    await asyncio.wait_for(left.wait(), 5)
    assert watching.left
    watching.stop()


async def test_a_short_call_costs_no_task() -> None:
    connection = Connection()
    before = asyncio.all_tasks()
    watching = watch(connection.receive, lambda: None, asyncio.get_running_loop())
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    assert connection.receiving == 0
    watching.stop()


async def test_a_departure_before_the_watching_began_is_seen() -> None:
    connection = Connection()
    connection.messages.put_nowait(LEFT)
    left = asyncio.Event()
    watching = watch(connection.receive, left.set, asyncio.get_running_loop(), patience=0.02)
    await asyncio.wait_for(left.wait(), 5)
    watching.stop()


async def test_stopped_it_says_nothing_and_leaves_nothing_behind() -> None:
    others = asyncio.all_tasks()
    for turns in range(4):
        connection = Connection()
        called: list[bool] = []
        told = partial(called.append, True)
        watching = watch(connection.receive, told, asyncio.get_running_loop(), patience=0)
        for _ in range(turns):
            await asyncio.sleep(0)
        connection.messages.put_nowait(LEFT)
        watching.stop()
        watching.stop()
        for _ in range(4):
            await asyncio.sleep(0)
        assert called == []
        assert connection.receiving == 0
        assert asyncio.all_tasks() <= others


async def test_the_callback_may_stop_the_watch() -> None:
    connection = Connection()
    connection.messages.put_nowait(LEFT)
    done = asyncio.Event()

    def leave() -> None:
        watching.stop()
        done.set()

    watching = watch(connection.receive, leave, asyncio.get_running_loop(), patience=0)
    await asyncio.wait_for(done.wait(), 5)
