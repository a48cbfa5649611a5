"""Whether the process lives, and whether calls should be sent to it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import msgspec

from plugway.admin.route import answer
from plugway.admin.visitor import visitor
from plugway.contract import Mount, Operation
from plugway.errors import PlugwayError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway.gateway import Gateway
    from plugway.request import Request
    from plugway.server.inflight import Inflight

#: Seconds that the database has to answer, and that an answer is good for.
PATIENCE = 2.0
FRESH = 1.0


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Tells that the process lives."""

    status: Literal["ok"] = "ok"


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """Tells an administrator what is wrong.

    Attributes:
        serving: Started, and not draining.
        database: Why snapshots could not be brought up to date; null: they are.
        settings: Why the settings file is not in force; null: it is.
        restart: Settings whose new value takes effect at restart.
        plugins: Plugins that are left out, with the reason.
        channels: Channels that cannot be used, with the reason.
    """

    serving: bool
    database: str | None
    settings: str | None
    restart: list[str]
    plugins: Mapping[str, str | None]
    channels: Mapping[str, str]


class Ready(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Tells whether calls should be sent here.

    Attributes:
        status: `ready` or `unavailable`.
        details: For administrators only.
    """

    status: Literal["ready", "unavailable"]
    details: Details | None = None


class Probe:
    """Finds out whether the database answers and the snapshots are fresh.

    Anyone may ask as often as they like: the database is asked once a second at the most,
    and while it does not answer no more questions pile up.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._asking: asyncio.Task[str | None] | None = None
        self._answer: str | None = None
        self._until = float("-inf")

    async def fault(self) -> str | None:
        """Return what is wrong, or None."""
        now = self._gateway.clock.monotonic()
        if now < self._until:
            return self._answer
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        done, _ = await asyncio.wait((self._asking,), timeout=PATIENCE)
        if not done:
            return "the database does not answer"
        if self._asking in done:
            self._answer, self._asking = self._asking.result(), None
            self._until = self._gateway.clock.monotonic() + FRESH
        return self._answer

    async def _ask(self) -> str | None:
        try:
            await self._gateway.snapshots.refresh()
        except PlugwayError as error:
            return error.message
        except Exception as error:  # noqa: BLE001  # whatever it is, this process is not ready
            return f"snapshots cannot be loaded: {type(error).__name__}"
        return None


def mounts(gateway: Gateway, inflight: Inflight) -> list[Mount]:
    """Return the mounts.

    Args:
        gateway: The gateway.
        inflight: Knows whether the server drains.
    """
    probe = Probe(gateway)

    async def health(request: Request) -> ASGIApp:
        return answer(Health())

    async def readyz(request: Request) -> ASGIApp:
        serving = gateway.ready and inflight.ready
        fault = await probe.fault() if serving else None
        ready = serving and fault is None
        principal = visitor(gateway, request)
        details = None
        if principal is not None and principal.role == "admin":
            details = _details(gateway, serving=serving, fault=fault)
        body = Ready(status="ready" if ready else "unavailable", details=details)
        return answer(body, 200 if ready else 503)

    both = frozenset({"GET", "HEAD"})
    return [
        Mount(
            path="/health",
            endpoint=health,
            methods=both,
            public=True,
            # A plugin whose clients know more fields tells them, besides these.
            fallback=True,
            operation=Operation(
                summary="Whether the process lives", response=Health, tags=("health",)
            ),
        ),
        Mount(
            path="/readyz",
            endpoint=readyz,
            methods=both,
            public=True,
            operation=Operation(
                summary="Whether calls should be sent here", response=Ready, tags=("health",)
            ),
        ),
    ]


def _details(gateway: Gateway, *, serving: bool, fault: str | None) -> Details:
    return Details(
        serving=serving,
        database=fault,
        settings=gateway.live.problem,
        restart=list(gateway.live.restart),
        plugins={plugin.name: plugin.reason for plugin in gateway.registry.failures},
        channels=gateway.channels.faulty(),
    )
