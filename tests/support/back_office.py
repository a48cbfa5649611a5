"""A running gateway with the shop, and callers of every role for its admin API."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterable
from typing import Any

import aiohttp
import plugway_shop
import yarl

from plugway.gateway import Gateway
from plugway.testing.server import GatewayServer

ADMIN = "/api/admin"


class Answer:
    """Is an answer of the gateway.

    Attributes:
        status: HTTP status.
        headers: Its headers.
        text: Its body.
    """

    def __init__(self, status: int, headers: Any, text: str) -> None:
        self.status = status
        self.headers = headers
        self.text = text

    @property
    def json(self) -> Any:
        """Return the body, read as JSON."""
        return json.loads(self.text)

    @property
    def error(self) -> tuple[int, str, str | None]:
        """Return the status, the code and the field of an error."""
        error = self.json["error"]
        assert set(error) - {"field"} == {"code", "message", "request_id"}
        return self.status, error["code"], error.get("field")


class Caller:
    """Calls the gateway with one key, or with none.

    Attributes:
        key: The key.
    """

    def __init__(self, client: aiohttp.ClientSession, url: str, key: str | None) -> None:
        self.key = key
        self._client = client
        self._url = url

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content: bytes | AsyncIterable[bytes] | None = None,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Answer:
        """Make a request.

        Args:
            method: HTTP method.
            path: As on the wire.
            body: JSON.
            content: The body's bytes instead; in pieces, their sum is not declared.
            headers: More headers.
            query: Parameters.
        """
        url = yarl.URL(self._url + path, encoded=True).update_query(query)
        sent = {"content-type": "application/json"} if body is not None or content else {}
        if self.key is not None:
            sent["authorization"] = f"Bearer {self.key}"
        data: Any = content if body is None else json.dumps(body).encode()
        if isinstance(data, bytes) and len(data) > 1 << 16:
            data = io.BytesIO(data)
        async with self._client.request(
            method, url, data=data, headers={**sent, **(headers or {})}
        ) as response:
            return Answer(response.status, response.headers, await response.text())

    async def get(self, path: str, **query: Any) -> Answer:
        """Read something of the admin API."""
        return await self.call("GET", ADMIN + path, **query)

    async def post(self, path: str, body: Any = None) -> Answer:
        """Make or do something."""
        return await self.call("POST", ADMIN + path, {} if body is None else body)

    async def patch(self, path: str, body: Any) -> Answer:
        """Change something."""
        return await self.call("PATCH", ADMIN + path, body)

    async def put(self, path: str, body: Any) -> Answer:
        """Set something."""
        return await self.call("PUT", ADMIN + path, body)

    async def delete(self, path: str, **query: Any) -> Answer:
        """Remove something."""
        return await self.call("DELETE", ADMIN + path, **query)


class BackOffice:
    """Is a running gateway with a caller of each role, and the shop's emulator.

    Attributes:
        server: The gateway.
        shop: The upstream.
        shop_url: Where it listens.
        admin: Has an administrator's key.
        operator: Has an operator's key.
        user: Has the key of the user `alice`, who has 1 000 credits.
        nobody: Has no key.
    """

    admin: Caller
    operator: Caller
    user: Caller
    nobody: Caller

    def __init__(self, server: GatewayServer) -> None:
        self.server = server
        self.shop = plugway_shop.ShopEmulator()
        self.shop_url = ""

    @property
    def gateway(self) -> Gateway:
        """Return the gateway."""
        return self.server.gateway

    async def prepare(self) -> None:
        """Start the upstream, and make users and keys."""
        self.shop_url = await self.shop.start()
        self._client = aiohttp.ClientSession()
        self.nobody = self.caller(None)
        roles = {"root": "admin", "olga": "operator", "alice": "user"}
        found = {}
        for name, role in roles.items():
            user = await self.server.user(name, role=role, credits_=1000)
            found[role] = self.caller(await self.server.key(user))
        self.admin, self.operator, self.user = (
            found[role] for role in ("admin", "operator", "user")
        )

    async def close(self) -> None:
        """Stop the upstream and the clients."""
        await self._client.close()
        await self.shop.stop()

    def caller(self, key: str | None) -> Caller:
        """Return a caller with a key."""
        return Caller(self._client, self.server.url, key)

    async def channel(self, name: str = "main", **options: Any) -> dict[str, Any]:
        """Add a channel to the shop over HTTP and return it."""
        body = {
            "provider": "shop",
            "name": name,
            "base_url": self.shop_url,
            "secrets": [plugway_shop.SECRETS[0]],
            **options,
        }
        answer = await self.admin.post("/channels", body)
        assert answer.status == 201, answer.text
        found: dict[str, Any] = answer.json
        return found

    async def buy(self, model: str = "tea", caller: Caller | None = None) -> Answer:
        """Make a metered call."""
        return await (caller or self.user).call("POST", f"/shop/{model}", {})
