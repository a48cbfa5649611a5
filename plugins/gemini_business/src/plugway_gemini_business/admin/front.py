"""`GET /`: what this is, and to those who may know it how it goes."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import msgspec

from plugway import Mount, Operation, visitor
from plugway_gemini_business.admin.pool import PoolCounts
from plugway_gemini_business.admin.totals import Totals
from plugway_gemini_business.settings import GeminiBusinessSettings
from plugway_gemini_business.workers.body import answer

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway import Request
    from plugway_gemini_business.admin.pool import Pool
    from plugway_gemini_business.admin.uptime import Uptime
    from plugway_gemini_business.workers.desk import Client, Desk

#: Roles that see numbers.
_MAY_SEE = frozenset({"operator", "admin"})


class Front(msgspec.Struct, frozen=True, kw_only=True):
    """Says what this is, to anybody.

    Attributes:
        status: `running`.
        service: `plugway`.
        version: Its version.
        mode: `local`, or `server` where workers renew accounts.
        uptime: Of the process that answers, such as `1h2m3s`.
    """

    status: str
    service: str
    version: str
    mode: str
    uptime: str


class FrontClient(msgspec.Struct, frozen=True, kw_only=True):
    """Is a worker that is connected to the process that answers.

    Attributes:
        id: Tells it from others.
        version: Its version.
        threads: Renewals that it takes at a time.
        is_alive: It was heard lately.
        last_ping: When it was heard last.
    """

    id: str
    version: str
    threads: int
    is_alive: bool
    last_ping: str


class FrontClients(msgspec.Struct, frozen=True, kw_only=True):
    """Tells of workers.

    Attributes:
        count: How many are connected.
        total_threads: Renewals that they take at a time, together.
        list: The workers.
    """

    count: int
    total_threads: int
    list: list[FrontClient]


class Whole(Totals, frozen=True, kw_only=True):
    """Says what this is, and how it goes, to operators and administrators.

    Attributes:
        status: As anybody sees it.
        service: The same.
        version: The same.
        mode: The same.
        uptime: The same.
        pool: The accounts.
        flow_enabled: A plugin for Flow is there.
        clients: Workers; only in the mode `server`.
    """

    status: str
    service: str
    version: str
    mode: str
    uptime: str
    pool: PoolCounts
    flow_enabled: bool
    clients: FrontClients | msgspec.UnsetType = msgspec.UNSET


class FrontPage:
    """Answers at `/`."""

    def __init__(self, pool: Pool, uptime: Uptime, desk: Desk) -> None:
        """Take the parts.

        Args:
            pool: Counts.
            uptime: Of this process.
            desk: Knows the workers of this process.
        """
        self._pool = pool
        self._uptime = uptime
        self._desk = desk

    def mount(self) -> Mount:
        """Return the mount, which gives way to another plugin's page."""
        return Mount(
            path="/",
            endpoint=self.show,
            methods=frozenset({"GET", "HEAD"}),
            public=True,
            fallback=True,
            operation=Operation(summary="What this is", response=Front),
        )

    async def show(self, request: Request) -> ASGIApp:
        """Answer."""
        gateway = self._pool.gateway
        front = Front(
            status="running",
            service="plugway",
            version=version("plugway"),
            mode=gateway.settings(GeminiBusinessSettings).mode,
            uptime=self._uptime.text,
        )
        principal = visitor(gateway, request)
        if principal is None or principal.role not in _MAY_SEE:
            return answer(front)
        clients = _clients(self._desk.clients()) if front.mode == "server" else msgspec.UNSET
        whole = Whole(
            **msgspec.structs.asdict(front),
            **msgspec.structs.asdict(await self._pool.totals()),
            pool=await self._pool.counts(),
            flow_enabled="flow" in gateway.registry.providers,
            clients=clients,
        )
        return answer(whole)


def _clients(clients: list[Client]) -> FrontClients:
    return FrontClients(
        count=len(clients),
        total_threads=sum(one.threads for one in clients),
        list=[
            FrontClient(
                id=one.id,
                version=one.version,
                threads=one.threads,
                is_alive=one.is_alive,
                last_ping=one.last_ping,
            )
            for one in clients
        ],
    )
