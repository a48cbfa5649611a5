"""A running gateway with a plugin that makes tasks, and the printing press behind it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import aiohttp
from aiohttp import web
from starlette.responses import Response

from plugway import (
    Ask,
    BearerKey,
    ChannelSettings,
    Mount,
    Pace,
    Poller,
    Provider,
    Request,
    TariffRow,
    Task,
    TaskFinished,
    TaskUpdate,
    UnreadableAnswer,
    Usage,
    hookimpl,
)
from plugway.gateway import Gateway
from plugway.storage.models import TaskRow
from plugway.tasks.store import record
from plugway.testing import EmulatorServer
from plugway.testing.server import GatewayServer

#: What a print costs, and what the user has to begin with.
PRICE = 100
CREDITS = 1000

_STATES = {"queued": "submitted", "printing": "processing", "done": "succeed", "torn": "failed"}


class Press(EmulatorServer):
    """Prints jobs as far as it is told to.

    Attributes:
        jobs: What was taken, by the press's own id.
        lose: Take this many jobs and drop the connection instead of answering.
        forget: Know no job when asked.
    """

    provider = "press"
    secret = "press-secret"
    models = ("offset",)

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, dict[str, Any]] = {}
        self.lose = 0
        self.forget = False

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return the press's routes."""
        yield web.post("/jobs", self._take)
        yield web.get("/jobs/{id}", self._tell)

    def set(self, status: str, **details: Any) -> None:
        """Move every job on."""
        for job in self.jobs.values():
            job.update(status=status, **details)

    async def _take(self, request: web.Request) -> web.StreamResponse:
        asked = json.loads(await request.read())
        number = f"p{len(self.jobs) + 1}"
        self.jobs[number] = {"id": number, "name": asked.get("name"), "status": "queued"}
        if self.lose:
            self.lose -= 1
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(self.jobs[number])

    async def _tell(self, request: web.Request) -> web.StreamResponse:
        wanted = request.match_info["id"]
        if not self.forget:
            for job in self.jobs.values():
                if wanted in (job["id"], job["name"]):
                    return web.json_response(job)
        raise web.HTTPNotFound


class PressPoller(Poller):
    """Asks the press."""

    provider = "press"
    speed = Pace(first=10, interval=10, slowest=40)

    def pace(self, task: Task) -> Pace:
        """Return the press's pace."""
        return self.speed

    async def poll(self, task: Task, ask: Ask) -> TaskUpdate:
        """Ask by the press's id."""
        return read(await ask(f"/jobs/{task.upstream_id}"))

    async def find(self, task: Task, ask: Ask) -> TaskUpdate:
        """Ask by our own name."""
        return read(await ask(f"/jobs/{task.call_id}"))

    def callback(self, task: Task, update: TaskUpdate) -> bytes | None:
        """Tell the client where its job stands."""
        return json.dumps({"job": task.external_id, "state": update.state}).encode()


def read(body: bytes) -> TaskUpdate:
    """Read what the press says of a job."""
    job = json.loads(body)
    if job["status"] not in _STATES:
        raise UnreadableAnswer(f"the press says {job['status']!r}")
    pages = job.get("pages")
    return TaskUpdate(
        state=_STATES[job["status"]],  # type: ignore[arg-type]  # looked up in our own table
        upstream_id=job["id"],
        answer=body.decode(),
        progress=job.get("progress"),
        reason=job.get("reason"),
        usages=None if pages is None else (Usage(key="page", unit="page", quantity=pages),),
    )


class PressPlugin:
    """Takes jobs at `POST /press/jobs`, and tells of them below it."""

    def __init__(self) -> None:
        self.finished: list[TaskFinished] = []
        self.poller = PressPoller()

    @hookimpl
    def register_providers(self) -> Iterable[Provider]:
        """Return the provider."""
        return [
            Provider(
                name="press",
                title="Press",
                credential="press",
                models=("offset",),
                settings=ChannelSettings,
            )
        ]

    @hookimpl
    def register_credentials(self) -> Iterable[BearerKey]:
        """Return the kind of secret."""
        return [BearerKey("press")]

    @hookimpl
    def register_tariffs(self) -> Iterable[TariffRow]:
        """Return the prices."""
        return [
            TariffRow(key="print", credits=str(PRICE)),
            TariffRow(key="page", unit="page", credits="7"),
            TariffRow(key="proof", credits="0"),
        ]

    @hookimpl
    def register_pollers(self) -> Iterable[Poller]:
        """Return the poller."""
        return [self.poller]

    @hookimpl
    def register_routes(self, gateway: Gateway) -> Iterable[Mount]:
        """Return the routes."""

        async def take(request: Request) -> Response:
            body = await request.body()
            asked = json.loads(body)
            async with gateway.tasks.open(
                request,
                provider="press",
                kind="print",
                model="offset",
                usage=Usage(key=asked.get("key", "print"), images=1),
                body=body,
                external_id=asked.get("external_id"),
                callback_url=asked.get("callback_url"),
            ) as submission:
                content = json.dumps({"name": submission.call_id}).encode()
                answer = await submission.send(target="/jobs", content=content)
                told = await answer.read(1 << 20)
                if answer.status >= 500:
                    raise UnreadableAnswer("the press is confused")
                if answer.status >= 400:
                    await submission.refuse(f"the press answered {answer.status}")
                else:
                    await submission.accept(read(told))
            return Response(told, answer.status, media_type="application/json")

        async def tell(request: Request) -> Response:
            task = await gateway.tasks.get(request.principal, "press", request.path_params["id"])
            task = await gateway.tasks.refresh(task)
            return Response(json.dumps({"state": task.state, "reason": task.reason}))

        return [
            Mount(path="/press/jobs", endpoint=take, methods={"POST"}),
            Mount(path="/press/jobs/{id}", endpoint=tell, methods={"GET"}),
        ]

    @hookimpl
    async def task_finished(self, event: TaskFinished) -> None:
        """Keep what was told."""
        self.finished.append(event)


class PressGateway:
    """Is a running gateway with one user, one channel, and the press behind it.

    Attributes:
        server: The gateway.
        press: The upstream.
        plugin: What was told to it.
    """

    def __init__(self, server: GatewayServer, plugin: PressPlugin) -> None:
        self.server = server
        self.plugin = plugin
        self.press = Press()

    @property
    def gateway(self) -> Gateway:
        """Return the gateway."""
        return self.server.gateway

    async def prepare(self, **channel: Any) -> None:
        """Add the user, the key and the channel."""
        self.user = await self.server.user(credits_=CREDITS)
        self.key = await self.server.key(self.user)
        await self.server.emulated(self.press, **channel)
        self.client = aiohttp.ClientSession(
            self.server.url, headers={"authorization": f"Bearer {self.key}"}
        )

    async def close(self) -> None:
        """Close the client and the upstream."""
        await self.client.close()
        await self.press.stop()

    async def submit(self, **asked: Any) -> tuple[int, Any]:
        """Submit a job; return status and answer."""
        async with self.client.post("/press/jobs", json=asked) as response:
            return response.status, await response.json()

    async def ask(self, name: str) -> tuple[int, Any]:
        """Ask for a job; return status and answer."""
        async with self.client.get(f"/press/jobs/{name}") as response:
            return response.status, json.loads(await response.read())

    async def task(self, number: int = 1) -> Task:
        """Return a task as it stands in the database, by the order of their making."""
        await self.gateway.ledger.flush()
        row = await self.gateway.database.run(
            lambda: TaskRow.all().order_by("id").offset(number - 1).first()
        )
        assert row is not None
        return record(row)

    async def poll(self) -> None:
        """Poll what is due, and wait until that is written."""
        polling = self.gateway.tasks.polling
        async with asyncio.timeout(20):
            await polling.round()
            await polling.settle()
        await self.gateway.ledger.flush()

    async def charged(self) -> tuple[int, int]:
        """Return what was charged and what is held, the ledger being whole."""
        await self.gateway.ledger.flush()
        balance, held = await self.server.balance(self.user)
        report = await self.server.verify()
        assert report.ok, report.problems
        return CREDITS - balance, held
