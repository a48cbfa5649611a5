"""A gateway with the plugin, a route that has things made, and the emulator behind it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import msgspec
from starlette.responses import JSONResponse

import plugway_flow
from plugway import (
    ChatRequest,
    Gateway,
    Kept,
    Media,
    Message,
    Mount,
    Part,
    Request,
    Task,
    Text,
    hookimpl,
)
from plugway.identity.users import UserRecord
from plugway.storage.models import CredentialRow, TaskRow
from plugway.tasks import store
from plugway.testing import GatewayServer
from plugway_flow.accounts import Accounts
from plugway_flow.emulator import FlowEmulator
from plugway_flow.media_models import FlowModels
from plugway_flow.models import families

CREDITS = 10**12

#: Nobody but the tests asks for videos, unless a test says otherwise.
SETTINGS = {"poll_first": 3_000, "wait": 2}


class DeskPlugin:
    """Takes orders at `/make`, as the dialects of the core do."""

    @hookimpl
    def register_routes(self, gateway: Gateway) -> Iterable[Mount]:
        """Return the route."""
        models = FlowModels(gateway, Random(7))  # noqa: S311  # the same in each run

        async def make(request: Request) -> Any:
            body = await request.body()
            asked = _asked(msgspec.json.decode(body))
            model = next(one for one in models.list() if one.id == asked.model)
            models.check(asked, model)
            async with gateway.tasks.open(
                request,
                provider="flow",
                kind=models.kind(model),
                model=model.id,
                listed=model.listed_as,
                usage=models.usage(asked, model),
                body=body,
            ) as submission:
                update = await submission.submit(
                    lambda turn: models.submit(asked, model, turn),
                    quotas=model.quotas,
                    suits=lambda credential: models.suits(asked, model, credential),
                )
            return JSONResponse({"id": submission.call_id, "state": update.state})

        return [Mount(path="/make", endpoint=make)]


def _asked(body: dict[str, Any]) -> ChatRequest:
    parts: list[Part] = [Text(body.pop("prompt", "a lighthouse"))]
    for image in body.pop("images", ()):
        data = base64.b64decode(image["data"])
        parts.append(Media(mime_type=image["mime_type"], data=data))
    source = body.pop("source", None)
    return ChatRequest(
        messages=(Message("user", tuple(parts)),),
        source=None if source is None else Media(mime_type="video/mp4", name=source),
        **body,
    )


class Desk:
    """Is the running whole.

    Attributes:
        emulator: The upstream.
        server: The gateway.
    """

    def __init__(self, home: Path, *accounts: Any, **behaviour: Any) -> None:
        """Prepare.

        Args:
            home: The gateway's.
            accounts: The emulator's; None: `first`.
            behaviour: The emulator's.
        """
        self.emulator = FlowEmulator(accounts=accounts or ("first",), **behaviour)
        self.server = GatewayServer(
            home,
            plugins={"flow": plugway_flow, "desk": DeskPlugin()},
            environ={"PLUGWAY__PLUGINS__STRICT": "true"},
        )
        self.client: aiohttp.ClientSession
        self.user: UserRecord
        self._settings: dict[str, Any] = {}

    async def __aenter__(self) -> Desk:
        await self.emulator.start()
        await self.server.__aenter__()
        self.user = await self.server.user(credits_=CREDITS)
        key = await self.server.key(self.user)
        self.client = aiohttp.ClientSession(
            self.server.url, headers={"Authorization": f"Bearer {key}"}
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()
        await self.server.__aexit__(None, None, None)
        await self.emulator.stop()

    @property
    def gateway(self) -> Gateway:
        """Return the gateway."""
        return self.server.gateway

    async def channel(self, **settings: Any) -> int:
        """Add a channel with all accounts, in their order."""
        return await self.server.channel(
            "flow",
            self.emulator.url,
            secrets=self.emulator.secrets,
            settings={**SETTINGS, **settings},
            models=sorted(families()),
        )

    async def ask(self, model: str, **fields: Any) -> tuple[int, dict[str, Any]]:
        """Have something made; return status and what is told."""
        async with self.client.post("/make", json={"model": model, **fields}) as answer:
            return answer.status, await answer.json()

    async def make(self, model: str, **fields: Any) -> Task:
        """Have something made that is taken, and return its task."""
        status, told = await self.ask(model, **fields)
        assert status == 200, told
        return await self.task(told["id"])

    async def refused(self, model: str, **fields: Any) -> tuple[int, str, str]:
        """Have something made that is refused; return status, code and message."""
        status, told = await self.ask(model, **fields)
        assert status >= 400, told
        return status, told["error"]["code"], told["error"]["message"]

    async def task(self, call_id: str) -> Task:
        """Return a task as its row says."""
        task = await store.by_call(self.gateway.database, call_id)
        assert task is not None
        return task

    async def tasks(self) -> list[Task]:
        """Return all tasks, the oldest first."""
        rows = await self.gateway.database.run(lambda: TaskRow.all().order_by("id"))
        return [await self.task(row.call_id) for row in rows]

    async def poll(self, task: Task, times: int = 1) -> Task:
        """Ask the upstream for a task now."""
        for _ in range(times):
            task = await self.gateway.tasks.poll(await self.task(task.call_id))
        return task

    async def kept(self, task: Task) -> list[tuple[Kept, bytes]]:
        """Return what a task has made, with its bytes."""
        media = self.gateway.media
        return [(one, await media.read(one)) for one in await media.of(task.call_id)]

    async def charged(self) -> int:
        """Return what was charged; the books balance."""
        await self.gateway.ledger.flush()
        balance, _ = await self.server.balance(self.user)
        report = await self.server.verify()
        assert report.ok, report.problems
        return CREDITS - balance

    async def held(self) -> int:
        """Return what is held."""
        await self.gateway.ledger.flush()
        return (await self.server.balance(self.user))[1]

    async def states(self) -> dict[str, str]:
        """Return the states of the accounts, as their rows have them."""
        names = [each.name for each in self.emulator.accounts]
        return dict(zip(names, (row.state for row in await self.rows()), strict=True))

    async def rows(self) -> list[CredentialRow]:
        """Return the rows of the accounts."""
        async with asyncio.timeout(5):
            # States are written beside the requests.
            while self.gateway.background._jobs:  # noqa: SLF001  # nobody is told of their end
                await asyncio.sleep(0.002)
        return await self.gateway.database.run(lambda: CredentialRow.all().order_by("id"))

    def credits_of(self, place: int = 0) -> int | None:
        """Return the upstream's credits that the gateway knows of an account."""
        (channel,) = self.gateway.channels.all()
        found = sorted(self.gateway.credentials.all(channel.id), key=lambda one: one.id)
        account = self.gateway.part(Accounts).known(found[place].id)
        return None if account is None else account.credits

    def price(self, key: str, unit: str, **dimensions: str) -> int:
        """Return the credits of one unit."""
        from plugway import Usage

        usage = Usage(key=key, unit=unit, dimensions=dimensions)
        return self.gateway.calls._parts.tariff().quote("flow", (usage,)).credits  # noqa: SLF001
