"""A plugin whose tasks are jobs of the upstream for measurements."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from plugway import (
    Ask,
    BearerKey,
    ChannelSettings,
    Pace,
    Poller,
    Provider,
    TariffRow,
    Task,
    TaskUpdate,
    hookimpl,
)

PROVIDER = "bench"
KIND = "video"
MODEL = "bench-1"
PRICE = 100


class Job(msgspec.Struct):
    """Is what the upstream says of a job."""

    id: str
    status: str


class Jobs(Poller):
    """Asks for jobs."""

    provider = PROVIDER

    def __init__(self, interval: float, latency_ms: float) -> None:
        """Say how often to ask, in seconds, and how long the upstream takes."""
        self._pace = Pace(first=interval, interval=interval, slowest=interval)
        self._query = f"/job?ms={latency_ms:g}"
        self._decode = msgspec.json.Decoder(Job).decode

    def pace(self, task: Task) -> Pace:
        """Return the same for all."""
        return self._pace

    async def poll(self, task: Task, ask: Ask) -> TaskUpdate:
        """Ask by the upstream's id."""
        return await self._ask(task.upstream_id, ask)

    async def find(self, task: Task, ask: Ask) -> TaskUpdate:
        """Ask by our own."""
        return await self._ask(task.call_id, ask)

    async def _ask(self, name: str | None, ask: Ask) -> TaskUpdate:
        body = await ask(f"/{name}{self._query}")
        state = "succeed" if self._decode(body).status == "done" else "processing"
        return TaskUpdate(state=state, answer=body.decode())  # type: ignore[arg-type]  # one of two


class JobsPlugin:
    """Registers what the gateway needs for them."""

    def __init__(self, poller: Jobs) -> None:
        self._poller = poller

    @hookimpl
    def register_providers(self) -> Iterable[Provider]:
        """Return the provider."""
        return [
            Provider(
                name=PROVIDER,
                title="Bench",
                credential=PROVIDER,
                models=(MODEL,),
                settings=ChannelSettings,
            )
        ]

    @hookimpl
    def register_credentials(self) -> Iterable[BearerKey]:
        """Return the kind of secret."""
        return [BearerKey(PROVIDER)]

    @hookimpl
    def register_tariffs(self) -> Iterable[TariffRow]:
        """Return the price."""
        return [TariffRow(key=MODEL, credits=str(PRICE))]

    @hookimpl
    def register_pollers(self) -> Iterable[Poller]:
        """Return the poller."""
        return [self._poller]
