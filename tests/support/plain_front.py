"""A gateway with the poet that speaks the plain dialect, one user and one key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plain_dialect import read_lines

if TYPE_CHECKING:
    import aiohttp
    from poet import PoetPlugin

    from plugway.testing.server import GatewayServer


class PlainFront:
    """Is a gateway with the poet, one user and one key."""

    def __init__(self, server: GatewayServer, plugin: PoetPlugin, client: aiohttp.ClientSession):
        self.server = server
        self.poet = plugin.poet
        self.client = client
        self.key = ""

    def ask(self, model: str = "poet", **body: Any) -> Any:
        """Post to the plain dialect."""
        return self.client.post(
            self.server.url + "/plain",
            json={"model": model, **body},
            headers={"authorization": f"Bearer {self.key}"},
        )

    async def lines(self, model: str = "poet", **body: Any) -> list[str]:
        """Return the lines of an answer."""
        async with self.ask(model, **body) as answer:
            assert answer.status == 200
            return await read_lines(answer.content)

    async def refused(self, model: str = "poet", **body: Any) -> tuple[int, str]:
        """Return status and code of a refusal."""
        async with self.ask(model, **body) as answer:
            return answer.status, (await answer.json())["error"]["code"]

    async def last(self) -> tuple[int, int, str | None]:
        """Return credits, status and error of the last call."""
        usage = (await self.server.usage())[-1]
        return usage.credits, usage.status, usage.error
