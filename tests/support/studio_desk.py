"""A gateway with the studio, one user and one key, asked by the official packages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import aiohttp
import openai
from studio import Line, StudioPlugin

from plugway import Task, TaskUpdate
from plugway.identity.users import UserRecord
from plugway.storage.models import TaskRow
from plugway.tasks.store import record
from plugway.testing.server import GatewayServer

CREDITS = 1_000_000


class StudioDesk:
    """Asks the studio.

    Attributes:
        server: The gateway.
        studio: The plugin.
        user: Who pays.
        key: The user's.
        client: The official package; only the address and the key are told to it.
        raw: For what the package does not show.
    """

    user: UserRecord
    key: str
    client: openai.AsyncOpenAI

    def __init__(self, home: Path, **options: Any) -> None:
        self.studio = StudioPlugin()
        self.server = GatewayServer(home, plugins={"studio": self.studio}, **options)

    async def __aenter__(self) -> StudioDesk:
        await self.server.__aenter__()
        self.user = await self.server.user(credits_=CREDITS)
        self.key = await self.server.key(self.user)
        for name in ("one", "two"):
            await self.server.channel(
                "studio",
                "http://127.0.0.1:9",
                name=name,
                models=["still", "clip"],
                secrets=[f"secret-{name}"],
            )
        self.client = self.with_key(self.key)
        self.raw = aiohttp.ClientSession(self.server.url)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.client.close()
        await self.raw.close()
        await self.server.__aexit__(kind, error, trace)

    def with_key(self, key: str) -> openai.AsyncOpenAI:
        """Return the official package with a key."""
        return openai.AsyncOpenAI(base_url=f"{self.server.url}/v1", api_key=key, max_retries=0)

    def comes_to(self, *lines: Line) -> None:
        """Say what the next submit comes to."""
        self.studio.models.script.append(list(lines))

    async def ask(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, **more: Any
    ) -> tuple[int, Any, dict[str, str]]:
        """Send JSON, or what else is given; return status, what came, and the headers."""
        headers = {"authorization": f"Bearer {key or self.key}", **more.pop("headers", {})}
        async with self.raw.request(method, path, json=body, headers=headers, **more) as answer:
            names = {name.lower(): value for name, value in answer.headers.items()}
            if answer.content_type == "application/json":
                return answer.status, await answer.json(), names
            return answer.status, await answer.read(), names

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(10):
            while not holds():
                await asyncio.sleep(0.005)

    async def task(self, number: int = 1) -> Task:
        """Return a task as it stands, by the order of their making."""
        await self.server.gateway.ledger.flush()
        row = await self.server.gateway.database.run(
            lambda: TaskRow.all().order_by("id").offset(number - 1).first()
        )
        assert row is not None
        return record(row)

    async def upstream_says(self, update: TaskUpdate, number: int = 1) -> Task:
        """Let the upstream say something of a job, and wait until it is known."""
        async with asyncio.timeout(10):
            while (task := await self.task(number)).upstream_id is None and not task.ended:
                await asyncio.sleep(0.005)
            self.studio.poller.jobs[task.upstream_id or ""] = update
            while not task.ended and (task.state, task.progress) != (update.state, update.progress):
                await self.server.gateway.tasks.poll(task)
                task = await self.task(number)
        return task

    async def spent(self) -> tuple[int, int]:
        """Return the credits that were charged, and those that are held; the books are right."""
        await self.server.gateway.ledger.flush()
        balance, held = await self.server.balance(self.user)
        report = await self.server.verify()
        assert report.ok, report.problems
        return CREDITS - balance, held
