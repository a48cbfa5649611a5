"""Two serving processes that share a database and a pool of accounts, under load."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import nodes
from back_office import Caller
from business_gateway import CHATS, CREDITS, MODEL
from nodes import Node
from pool_business import ENVIRON

from plugway_gemini_business.emulator import GeminiBusinessEmulator
from plugway_gemini_business.models import BUILTIN

#: Seconds until which every call has ended, by the channel's settings and some for the machine.
LIMIT = 30.0


class Pair:
    """Is two nodes, one channel with accounts, and one user's calls.

    Attributes:
        nodes: The nodes.
        emulator: The upstream.
        key: The user's.
        ends: How calls ended, by their mark: a status, `lost` or `left`.
        wrong: What no call may end like.
    """

    key: str

    def __init__(self, one: Node, two: Node, emulator: GeminiBusinessEmulator) -> None:
        self.nodes = (one, two)
        self.emulator = emulator
        self.ends: dict[str, int | str] = {}
        self.wrong: list[str] = []

    async def furnish(self, **settings: Any) -> None:
        """Add the channel and the user, and wait until both nodes know them.

        Args:
            settings: The channel's.
        """
        admin = self.nodes[0].admin
        for path, body in (
            (
                "/channels",
                {
                    "provider": "gemini_business",
                    "name": "main",
                    "base_url": self.emulator.url,
                    "secrets": self.emulator.secrets,
                    "models": sorted(BUILTIN),
                    "settings": settings,
                },
            ),
            ("/users", {"name": "alice"}),
            ("/users/alice/credit", {"credits": CREDITS, "reason": "test"}),
            ("/keys", {"user": "alice", "name": "main"}),
        ):
            answer = await admin.post(path, body)
            assert answer.status in (200, 201), answer.text
        self.key = answer.json["key"]
        for node in self.nodes:
            await nodes.until(partial(_sees_models, node.caller(self.key)))

    def marks(self, *ends: int | str) -> set[str]:
        """Return the calls that ended like one of these."""
        return {mark for mark, end in self.ends.items() if end in ends}

    async def client(
        self,
        session: aiohttp.ClientSession,
        node: Node,
        chance: random.Random,
        *,
        calls: int,
        leaves: float = 0.0,
    ) -> None:
        """Make calls in a row, some of them as streams, and note how each ended.

        Args:
            session: Makes them.
            node: Whom to ask.
            chance: Decides.
            calls: How many; the node's end is the last.
            leaves: How many of them are given up before their end, from 0 to 1.
        """
        headers = {"authorization": f"Bearer {self.key}"}
        for _ in range(calls):
            mark = uuid4().hex
            stream = chance.random() < 0.5
            body = {
                "model": MODEL,
                "stream": stream,
                "messages": [{"role": "user", "content": f"Mark {mark}"}],
            }
            request = session.post(
                f"{node.process.url}{CHATS}",
                json=body,
                headers={**headers, "x-request-id": mark},
            )
            patience = chance.uniform(0.01, 0.3) if chance.random() < leaves else LIMIT
            try:
                async with asyncio.timeout(patience), request as response:
                    self._ended(mark, stream, response, await response.read())
            except TimeoutError:
                self.ends[mark] = "left"
                if patience == LIMIT:
                    self.wrong.append("a call did not end")
            except aiohttp.ClientError:
                self.ends[mark] = "lost"
                return

    def _ended(
        self, mark: str, stream: bool, response: aiohttp.ClientResponse, content: bytes
    ) -> None:
        self.ends[mark] = response.status
        if response.status == 200:
            if mark.encode() not in content or (stream and b"[DONE]" not in content):
                self.wrong.append(f"a strange answer: {content[-200:]!r}")
        elif response.status in (429, 503):
            if int(response.headers.get("retry-after", "0")) < 1:
                self.wrong.append(f"no Retry-After with {response.status}")
        else:
            self.wrong.append(f"{response.status}: {content[:200]!r}")

    async def credentials(self, node: Node) -> list[dict[str, Any]]:
        """Return the accounts as an operator sees them."""
        found: list[dict[str, Any]] = (await node.admin.get("/credentials")).json["items"]
        return found


@asynccontextmanager
async def pair(
    folder: Path, database_url: str, emulator: GeminiBusinessEmulator, **environ: str
) -> AsyncIterator[tuple[Pair, aiohttp.ClientSession]]:
    """Run two nodes with homes of their own, one vault key and one database.

    Args:
        folder: For the homes.
        database_url: An empty database.
        emulator: The upstream; it runs.
        environ: More settings, as environment variables.
    """
    environ = {
        **ENVIRON,
        "PLUGWAY__DATABASE__URL": database_url,
        "PLUGWAY__LOG__LEVEL": "error",
        **environ,
    }
    one = Node(folder / "one", environ)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(nodes.client())
        key = await asyncio.to_thread(one.init)
        vault_key = (folder / "one" / "vault.key").read_text().strip()
        two = Node(folder / "two", {**environ, "PLUGWAY_VAULT_KEY": vault_key})
        assert await asyncio.to_thread(two.init) == ""
        for node in (one, two):
            stack.callback(node.close)
        await asyncio.gather(one.start(client, key), two.start(client, key))
        yield Pair(one, two, emulator), client


async def _sees_models(caller: Caller) -> bool:
    answer = await caller.call("GET", "/v1/models")
    return answer.status == 200 and any(one["id"] == MODEL for one in answer.json["data"])
