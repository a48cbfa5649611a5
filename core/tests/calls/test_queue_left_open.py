"""A plugin that leaves its turns open shows no call that is over, and none can be cancelled."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from pathlib import Path

import pytest
from queue_house import QueueHouse
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from plugway import Gateway, Mount, Request, Turn, Usage, hookimpl

pytestmark = pytest.mark.anyio


class Careless:
    """Asks for one word of an answer, and keeps what gives the others."""

    def __init__(self) -> None:
        self.kept: list[AsyncGenerator[str, None]] = []

    @hookimpl
    def register_routes(self, gateway: Gateway) -> Iterable[Mount]:
        """Return the route."""

        async def words(turn: Turn) -> AsyncGenerator[str, None]:
            yield "one"
            yield "two"

        async def endpoint(request: Request) -> ASGIApp:
            usage = Usage(key="poet", unit="input_token")
            async with gateway.calls.open(
                request, provider="poet", model="poet", usage=usage
            ) as call:
                turns = call.turns(words)
                self.kept.append(turns)
                return PlainTextResponse(await anext(turns))

        return [Mount(path="/careless", endpoint=endpoint)]


async def test_a_call_that_is_over_stands_nowhere(tmp_path: Path) -> None:
    careless = Careless()
    async with QueueHouse(tmp_path / "home", plugins={"careless": careless}) as house:
        await house.accounts(1)
        assert (await house.get("ann", "/careless")).body == "one"
        assert house.gateway.queue.list() == ()
        assert await house.ended() == [(200, 1, None)]
        (turns,) = careless.kept
        await turns.aclose()
        assert (await house.ask("ann")).status == 200
