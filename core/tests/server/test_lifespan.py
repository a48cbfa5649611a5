"""An app's start and stop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette

from plugway.errors import ConfigurationError
from plugway.server.lifespan import Lifespan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

import contextlib

pytestmark = pytest.mark.anyio


def app(
    events: list[str], *, start: Exception | None = None, stop: Exception | None = None
) -> Starlette:
    @contextlib.asynccontextmanager
    async def live(_: Starlette) -> AsyncIterator[None]:
        events.append("start")
        if start is not None:
            raise start
        yield
        events.append("stop")
        if stop is not None:
            raise stop

    return Starlette(lifespan=live)


async def test_surrounds_the_block() -> None:
    events: list[str] = []
    async with Lifespan(app(events)):
        events.append("serve")
    assert events == ["start", "serve", "stop"]


@pytest.mark.filterwarnings("default::pytest.PytestUnraisableExceptionWarning")
async def test_raises_what_the_app_raised() -> None:
    with pytest.raises(ConfigurationError, match="no such thing"):
        async with Lifespan(app([], start=ConfigurationError("no such thing"))):
            raise AssertionError("it did not start")
    with pytest.raises(ValueError, match="at the end"):
        async with Lifespan(app([], stop=ValueError("at the end"))):
            pass


async def test_stops_the_app_when_serving_failed() -> None:
    events: list[str] = []
    with pytest.raises(ValueError, match="serving"):
        async with Lifespan(app(events)):
            raise ValueError("serving")
    assert events == ["start", "stop"]


async def test_an_app_that_only_says_that_it_failed() -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "not today"})

    with pytest.raises(ConfigurationError, match="not today"):
        async with Lifespan(failing):
            pass


async def test_an_app_without_a_lifespan_is_an_error() -> None:
    async def ending(scope: Scope, receive: Receive, send: Send) -> None:
        pass

    with pytest.raises(ConfigurationError, match="startup"):
        async with Lifespan(ending):
            pass


async def test_a_start_can_be_cancelled() -> None:
    ended = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def enter() -> None:
        async with Lifespan(slow):
            pass

    task = asyncio.create_task(enter())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(ended.wait(), 5)
