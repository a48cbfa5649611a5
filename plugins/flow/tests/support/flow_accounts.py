"""A gateway with the plugin, an emulator behind it, and a clock that both follow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import plugway_flow
from plugway import Channel, Turn
from plugway.credentials.pool import Credential
from plugway.storage.models import CredentialRow
from plugway.testing import GatewayServer, ManualClock
from plugway_flow.accounts import Accounts
from plugway_flow.accounts.rounds import Rounds
from plugway_flow.emulator import FlowEmulator

SESSION = "/fx/api/auth/session"
CREDITS = "/v1/credits"
CREATE = "/fx/api/trpc/project.createProject"

ENVIRON = {"PLUGWAY__PLUGINS__STRICT": "true"}


class Flow:
    """Is the running whole."""

    def __init__(self, server: GatewayServer, emulator: FlowEmulator, clock: ManualClock) -> None:
        self.server = server
        self.emulator = emulator
        self.clock = clock
        self.gateway = server.gateway

    @property
    def accounts(self) -> Accounts:
        """Return what the gateway knows."""
        return self.gateway.part(Accounts)

    async def channel(self, *secrets: str, name: str = "main", **settings: Any) -> Channel:
        """Add a channel with sessions, in this order."""
        number = await self.server.channel(
            "flow",
            self.emulator.url,
            name=name,
            secrets=secrets,
            settings=settings,
            models=["veo_3_1_t2v_fast"],
        )
        found = self.gateway.channels.get(number)
        assert found is not None
        return found

    def credentials(self, channel: Channel) -> list[Credential]:
        """Return the credentials of a channel, in their order."""
        return sorted(self.gateway.credentials.all(channel.id), key=lambda one: one.id)

    def turn(self, channel: Channel, credential: Credential) -> Turn:
        """Begin a turn."""
        parts = self.gateway.calls._parts  # noqa: SLF001  # calls begin turns, for clients
        return Turn(parts, "a-call", channel, credential)

    async def token(self, channel: Channel, credential: Credential) -> str:
        """Return the access token that a call would have."""
        ((name, value),) = (await self.gateway.grants.get(credential, channel)).headers
        assert name == "Authorization"
        return value.removeprefix("Bearer ")

    async def round(self) -> None:
        """Look for what is due, and do it."""
        await Rounds(self.gateway).round()
        await self.gateway.renewing.round()
        await self.gateway.renewing.idle()

    async def rows(self) -> list[CredentialRow]:
        """Return the rows of credentials, when nothing is left to be written."""
        await until(lambda: not self.gateway.background._jobs)  # noqa: SLF001  # nobody tells
        return await self.gateway.database.run(lambda: CredentialRow.all().order_by("id"))

    def asked(self, path: str) -> int:
        """Return how often the upstream was asked for a path."""
        return sum(seen.path == path for seen in self.emulator.seen)


@asynccontextmanager
async def flow(
    home: Path,
    *accounts: str,
    environ: Mapping[str, str] | None = None,
    emulator: FlowEmulator | None = None,
    clock: ManualClock | None = None,
    **behaviour: Any,
) -> AsyncIterator[Flow]:
    """Run the whole.

    Args:
        home: The gateway's.
        accounts: Of the emulator.
        environ: More that the environment sets.
        emulator: One that runs already.
        clock: The time.
        behaviour: Of the emulator.
    """
    clock = clock or ManualClock()
    its = clock
    upstream = emulator or FlowEmulator(
        accounts=accounts or ("first",), now=lambda: its.now() / 1_000_000, **behaviour
    )
    if emulator is None:
        await upstream.start()
    server = GatewayServer(
        home,
        plugins={"flow": plugway_flow},
        environ={**ENVIRON, **(environ or {})},
        clock=clock,
    )
    try:
        async with server:
            yield Flow(server, upstream, clock)
    finally:
        if emulator is None:
            await upstream.stop()


async def until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.002)
