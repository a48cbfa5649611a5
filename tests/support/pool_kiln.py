"""A gateway with a pooled plugin whose accounts make things as tasks, and their upstream."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
from starlette.responses import JSONResponse

from plugway import (
    Ask,
    BearerKey,
    Media,
    Mount,
    Pace,
    Poller,
    PooledChannelSettings,
    Provider,
    Request,
    TariffRow,
    Task,
    TaskGone,
    TaskUpdate,
    TierTooLow,
    Turn,
    Usage,
    hookimpl,
)
from plugway.gateway import Gateway
from plugway.identity.users import UserRecord
from plugway.storage.models import CredentialRow
from plugway.tasks import store
from plugway.testing.scripted import ScriptedUpstream, Seen, answer
from plugway.testing.server import GatewayServer


class KilnChannel(PooledChannelSettings, frozen=True, kw_only=True):
    """Sets a channel.

    Attributes:
        most: Tasks under way with one account; 0: no limit.
    """

    use_cooldown: float = 0.0
    wait: float = 20.0
    most: int = 0

    def concurrent(self, kind: str) -> int:
        """Return the limit."""
        return self.most


class KilnPoller(Poller):
    """Asks for what is in the kiln."""

    provider = "kiln"

    def __init__(self) -> None:
        self.most: int | None = None

    def pace(self, task: Task) -> Pace:
        """Ask often."""
        return Pace(first=0.05, interval=0.05, slowest=0.05, most=self.most)

    async def poll(self, task: Task, ask: Ask) -> TaskUpdate:
        """Ask by several requests, as an upstream may want."""
        async with ask.turn() as turn:
            found = await turn.send("GET", f"/jobs/{task.upstream_id}")
            if found.status >= 400:
                raise turn.refusal(found)
            body = json.loads(await found.read(1 << 16))
        media: tuple[Media, ...] = ()
        if body.get("pot"):
            media = (Media(mime_type="image/png", url=body["pot"], name="pot-1"),)
        return TaskUpdate(state=body["state"], answer="{}", media=media)

    async def find(self, task: Task, ask: Ask) -> TaskUpdate:
        """Say that it cannot be found: this upstream knows no names of ours."""
        raise TaskGone


class KilnPlugin:
    """Takes tasks at `/fire`.

    Attributes:
        poor: Accounts that have not paid, by secret.
        known: Say so before they are asked.
        broken: It fails to say so.
        works: Cleared while what is asked of the upstream has to wait.
    """

    def __init__(self) -> None:
        self.poller = KilnPoller()
        self.poor: set[str] = set()
        self.known = False
        self.broken = False
        self.works = asyncio.Event()
        self.works.set()

    @hookimpl
    def register_providers(self) -> Iterable[Provider]:
        """Return the provider."""
        yield Provider(
            name="kiln", title="Kiln", credential="kiln", models=("pot",), settings=KilnChannel
        )

    @hookimpl
    def register_credentials(self) -> Iterable[BearerKey]:
        """Return the kind of secret."""
        return [BearerKey("kiln")]

    @hookimpl
    def register_tariffs(self) -> Iterable[TariffRow]:
        """Return the price."""
        yield TariffRow(key="pot", unit="image", credits="10")

    @hookimpl
    def register_pollers(self) -> Iterable[Poller]:
        """Return who asks."""
        return [self.poller]

    @hookimpl
    def register_routes(self, gateway: Gateway) -> Iterable[Mount]:
        """Return the route."""

        async def make(turn: Turn) -> TaskUpdate:
            assert turn.secret is not None
            if turn.secret.reveal() in self.poor:
                raise TierTooLow(acted=False)
            await self.works.wait()
            made = await turn.send("POST", "/jobs", content=b"{}")
            if made.status >= 400:
                raise turn.refusal(made)
            body = json.loads(await made.read(1 << 16))
            media: tuple[Media, ...] = ()
            if body["state"] == "succeed":
                media = (Media(data=b"\x89PNG\r\n\x1a\nclay"),)
            elif body["state"] == "fired":
                body["state"] = "succeed"
                media = (Media(mime_type="image/png", url=f"{turn.channel.base_url}/pot.png"),)
            return TaskUpdate(state=body["state"], answer="{}", upstream_id=body["id"], media=media)

        def suits(credential_id: int) -> bool:
            if self.broken:
                raise LookupError(credential_id)
            channel = gateway.channels.all()[0]
            found = gateway.credentials.get(channel.id, credential_id)
            return not self.known or found is None or found.secret.reveal() not in self.poor

        async def fire(request: Request) -> Any:
            usage = Usage(key="pot", unit="image", images=1)
            (kind,) = parse_qs(request.scope["query_string"].decode())["kind"]
            async with gateway.tasks.open(
                request, provider="kiln", kind=kind, model="pot", usage=usage, body=b"{}"
            ) as submission:
                update = await submission.submit(make, quotas=(f"{kind}s",), suits=suits)
            return JSONResponse({"id": submission.call_id, "state": update.state})

        return [Mount(path="/fire", endpoint=fire)]


class KilnHouse:
    """Is a running gateway with accounts `kiln-0`, `kiln-1`, … and their upstream.

    Attributes:
        says: What the upstream answers to a submit: by account, else `processing`.
        jobs: What became of each job, by its name.
        asked: Submits by account.
        drawn: Cleared while a pot cannot be fetched.
        fetched: Where pots were fetched from.
    """

    def __init__(self, home: Path, **environ: str) -> None:
        self.plugin = KilnPlugin()
        self.server = GatewayServer(home, plugins={"kiln": self.plugin}, environ=environ)
        self.upstream = ScriptedUpstream()
        self.says: dict[str, str] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.asked: Counter[str] = Counter()
        self.drawn = asyncio.Event()
        self.drawn.set()
        self.fetched: list[str] = []
        self.user: UserRecord
        self.client: aiohttp.ClientSession

    async def open(self, accounts: int, **settings: Any) -> None:
        """Start everything.

        Args:
            accounts: How many there are.
            settings: The channel's; with `proxied` the upstream is its proxy, too.
        """
        await self.server.__aenter__()
        self.upstream.scripts = [self._serve]
        self.base_url = await self.upstream.start()
        self.user = await self.server.user()
        key = await self.server.key(self.user)
        if settings.pop("proxied", False):
            settings["proxy"] = self.base_url
        secrets = [f"kiln-{place}" for place in range(accounts)]
        await self.server.channel(
            "kiln", self.base_url, models=["pot"], secrets=secrets, settings=settings
        )
        self.client = aiohttp.ClientSession(
            self.server.url, headers={"authorization": f"Bearer {key}"}
        )

    async def close(self) -> None:
        """Stop everything."""
        await self.client.close()
        await self.server.__aexit__(None, None, None)
        await self.upstream.stop()

    async def fire(self, kind: str = "image") -> tuple[int, dict[str, Any]]:
        """Have something made."""
        async with self.client.post("/fire", params={"kind": kind}) as response:
            return response.status, await response.json()

    async def begun(self) -> str:
        """Wait until a submit has begun, and return its call."""
        async with asyncio.timeout(20):
            while not (found := await store.search(self.server.gateway.database)):
                await asyncio.sleep(0.01)
        return found[0].call_id

    async def task(
        self, call_id: str, until: Callable[[Task], bool] = lambda task: task.ended
    ) -> Task:
        """Return a task once something is so of it: that it has ended."""
        async with asyncio.timeout(20):
            while True:
                task = await store.by_call(self.server.gateway.database, call_id)
                assert task is not None
                if until(task):
                    return task
                await asyncio.sleep(0.02)

    async def states(self) -> list[str]:
        """Return the states of the accounts, as their rows have them."""
        rows = await self.server.gateway.database.run(lambda: CredentialRow.all().order_by("id"))
        return [row.state for row in rows]

    async def quotas(self) -> list[str]:
        """Return what is used of the accounts, as their rows have it."""
        rows = await self.server.gateway.database.run(lambda: CredentialRow.all().order_by("id"))
        return [row.quotas for row in rows]

    async def _serve(
        self, seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        method, target, _ = seen.line.split(" ")
        # Whole, where it is somebody's proxy.
        path = urlsplit(target).path
        if path == "/pot.png":
            self.fetched.append(target)
            await self.drawn.wait()
            body, status = b"\x89PNG\r\n\x1a\nfired", "200 OK"
        elif method == "GET":
            job = self.jobs[path.rpartition("/")[2]]
            body, status = json.dumps(job).encode(), job.get("status", "200 OK")
        else:
            secret = (seen.header("authorization") or "").removeprefix("Bearer ")
            self.asked[secret] += 1
            said = self.says.get(secret, "processing")
            if said == "cut":
                writer.close()
                return
            name = f"job-{sum(self.asked.values())}"
            self.jobs.setdefault(name, {"state": "processing"})
            status = "200 OK" if said in ("processing", "succeed", "fired") else said
            body = json.dumps({"id": name, "state": said}).encode()
        headers = ["content-type: image/png"] if path == "/pot.png" else []
        await answer(status, body, *headers)(seen, reader, writer)
