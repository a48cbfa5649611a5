"""Callers of every role, for the administrative endpoints."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import aiohttp
import msgspec
from business_gateway import MODEL, Answer

from plugway.storage.models import Audit, CredentialRow
from plugway.testing import GatewayServer

#: Reading these takes an operator, the others an administrator.
READ = (
    "GET /admin/status",
    "GET /admin/stats",
    "GET /admin/ip",
    "GET /admin/config/cooldown",
)
CHANGE = (
    "POST /admin/refresh",
    "POST /admin/force-refresh",
    "POST /admin/browser-refresh",
    "POST /admin/reload-config",
    "POST /admin/config/cooldown",
    "POST /admin/config/browser-refresh",
    "POST /admin/register",
)


class Administration:
    """Asks a gateway with the key of an administrator, operator or user, or with none."""

    def __init__(self, server: GatewayServer) -> None:
        self.server = server
        self.keys: dict[str, str] = {}
        self.client: aiohttp.ClientSession

    async def __aenter__(self) -> Administration:
        for role in ("admin", "operator", "user"):
            user = await self.server.user(f"a {role}", role=role)
            self.keys[role] = await self.server.key(user)
        self.client = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.client.close()

    async def call(
        self, place: str, body: Any = None, *, role: str = "admin", **query: Any
    ) -> Answer:
        """Ask.

        Args:
            place: Method and path.
            body: JSON; with POST an empty object if it is not given.
            role: Whose key; empty: none.
            query: Parameters.
        """
        method, _, path = place.partition(" ")
        key = self.keys.get(role)
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        if method == "POST":
            headers["Content-Type"] = "application/json"
            body = msgspec.json.encode({} if body is None else body)
        async with self.client.request(
            method, self.server.url + path, data=body, headers=headers, params=query
        ) as response:
            return Answer(response.status, response.headers, await response.read())

    async def good(self, place: str, body: Any = None, **query: Any) -> Any:
        """Ask what is to be answered, and return it."""
        answer = await self.call(place, body, **query)
        assert answer.status in (200, 202), answer.body
        return answer.json

    async def refused(self, place: str, body: Any = None, **query: Any) -> tuple[int, str]:
        """Ask what is to be refused, and return the status and the field."""
        answer = await self.call(place, body, **query)
        assert answer.status >= 400, answer.body
        error = answer.json["error"]
        assert set(error) - {"field"} == {"code", "message", "request_id"}
        return answer.status, error.get("field", "")

    async def put(self, label: str, **values: Any) -> None:
        """Write into an account's row."""

        async def work() -> None:
            assert await CredentialRow.filter(label=label).update(**values)

        await self.server.gateway.database.transact(work)

    async def audited(self) -> list[tuple[str, str]]:
        """Return who did what."""
        rows = await self.server.gateway.database.run(lambda: Audit.all().order_by("id"))
        return [(row.actor, row.action) for row in rows]

    async def chat(self, said: str = "Hello", *, agent: str = "tests/1.0") -> int:
        """Ask for an answer, and return the status."""
        headers = {"Authorization": f"Bearer {self.keys['user']}", "User-Agent": agent}
        body = {"model": MODEL, "messages": [{"role": "user", "content": said}]}
        url = f"{self.server.url}/v1/chat/completions"
        async with self.client.post(url, json=body, headers=headers) as response:
            await response.read()
        await self.server.gateway.ledger.flush()
        return response.status
