"""A whole gateway on a loopback port, for tests that speak HTTP to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from plugway.asgi import App, create_app
from plugway.channels import store as channel_store
from plugway.channels.store import ChannelDraft
from plugway.clock import Clock
from plugway.contract import Emulator
from plugway.credentials import store as credential_store
from plugway.credentials.vault import FILE, Vault
from plugway.gateway import Gateway
from plugway.identity import keys, users
from plugway.identity.users import UserRecord
from plugway.ids import new_id
from plugway.ledger.operations import Adjust
from plugway.ledger.verify import Report, verify
from plugway.server.carriers import ServerName
from plugway.server.listener import bind
from plugway.server.serve import serve
from plugway.storage.models import UsageRow
from plugway.testing.databases import furnish


class GatewayServer:
    """Runs the real application behind the real server, in this event loop.

    Example:
        >>> import asyncio, tempfile
        >>> from pathlib import Path
        >>> async def look() -> int:
        ...     import aiohttp
        ...     with tempfile.TemporaryDirectory() as folder:
        ...         async with GatewayServer(Path(folder), plugins={}) as server:
        ...             async with aiohttp.request("GET", server.url + "/health") as answer:
        ...                 return answer.status
        >>> asyncio.run(look())
        200
    """

    url: str

    def __init__(
        self,
        home: Path,
        *,
        plugins: Mapping[str, object] | None = None,
        environ: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        server: ServerName = "hypercorn",
    ) -> None:
        """Prepare; nothing runs before `async with`.

        Args:
            home: An empty folder, or one that served before.
            plugins: By name, instead of those installed; None: those installed.
            environ: Settings, as environment variables.
            clock: The time.
            server: `hypercorn`, `uvicorn` or `granian`.
        """
        self.home = home
        self._environ = dict(environ or {})
        self._plugins = plugins
        self._clock = clock
        self._server: ServerName = server
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.app: App

    @property
    def gateway(self) -> Gateway:
        """Return the running gateway."""
        return self.app.gateway

    async def __aenter__(self) -> GatewayServer:
        self.home.mkdir(mode=0o700, exist_ok=True)
        self.home.chmod(0o700)
        if not (self.home / FILE).exists():
            Vault.create(self.home)
        self.app = create_app(
            self.home, environ=self._environ, plugins=self._plugins, clock=self._clock
        )
        gateway = self.gateway
        if gateway.current().database.migrate:
            furnish(gateway.url, gateway.loaded.tables)
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._serve(ready))
        await asyncio.wait((self._task, ready), return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            self._task.result()
        self.url = ready.result()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        if self._task is not None:
            await self._task

    async def user(
        self, name: str = "alice", *, credits_: int = 1_000_000, **options: Any
    ) -> UserRecord:
        """Add a user and pay credits in.

        Args:
            name: Unique.
            credits_: Paid in; 0: none.
            options: As `plugway.identity.users.add` takes.
        """
        gateway = self.gateway
        user = await users.add(gateway.database, gateway.clock, name=name, **options)
        if credits_:
            await self.credit(user, credits_)
        return user

    async def credit(self, user: UserRecord, credits_: int) -> None:
        """Pay credits in."""
        await self.gateway.ledger.submit(
            Adjust(
                account_id=user.account_id,
                kind="credit",
                amount=credits_,
                actor="test",
                reason="test",
                idempotency_key=f"test:{new_id()}",
                at=self.gateway.clock.now(),
            )
        )

    async def key(self, user: UserRecord, name: str = "key", **options: Any) -> str:
        """Add a key and return it.

        Args:
            user: Whose.
            name: Unique among the user's.
            options: As `plugway.identity.keys.add` takes.
        """
        gateway = self.gateway
        made = await keys.add(
            gateway.database,
            gateway.vault,
            gateway.ledger,
            gateway.clock,
            user_id=user.id,
            name=name,
            actor="test",
            **options,
        )
        await gateway.snapshots.refresh()
        return made.secret.reveal()

    async def channel(
        self,
        provider: str,
        base_url: str,
        *,
        name: str = "main",
        secrets: Iterable[str] = (),
        settings: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> int:
        """Add a channel with its credentials and return its id.

        Args:
            provider: Its provider.
            base_url: Where the upstream is.
            name: Unique.
            secrets: Upstream secrets.
            settings: The provider's settings.
            options: As `plugway.channels.store.ChannelDraft` takes.
        """
        gateway = self.gateway
        its_provider = gateway.registry.providers[provider]
        draft = ChannelDraft(name=name, base_url=base_url, settings=dict(settings or {}), **options)
        row = await channel_store.add(
            gateway.database, gateway.vault, its_provider, draft, gateway.clock
        )
        for secret in secrets:
            kind = gateway.registry.credential_kinds[its_provider.credential or ""]
            await credential_store.add(
                gateway.database, gateway.vault, kind, row.id, secret, gateway.clock
            )
        await gateway.snapshots.refresh()
        return int(row.id)

    async def emulated(self, emulator: Emulator, *, name: str = "main", **options: Any) -> str:
        """Start an emulator, add a channel to it, and return its base URL; stop it yourself."""
        base_url = await emulator.start()
        await self.channel(
            emulator.provider,
            base_url,
            name=name,
            secrets=() if emulator.secret is None else (emulator.secret,),
            models=list(emulator.models),
            settings=dict(emulator.settings),
            **options,
        )
        return base_url

    async def balance(self, user: UserRecord) -> tuple[int, int]:
        """Return what a user has, and what of it is held."""
        found = await users.get(self.gateway.database, user.id)
        return found.balance, found.held

    async def usage(self) -> list[UsageRow]:
        """Return all usage rows, oldest first."""
        await self.gateway.ledger.flush()
        return await self.gateway.database.run(lambda: UsageRow.all().order_by("id"))

    async def verify(self) -> Report:
        """Check every invariant of the ledger."""
        await self.gateway.ledger.flush()
        return await verify(self.gateway.url)

    async def _serve(self, ready: asyncio.Future[str]) -> None:
        settings = self.app.server_settings()
        await serve(
            self.app,
            self.app.server_settings,
            sock=bind(msgspec.structs.replace(settings, host="127.0.0.1", port=0)),
            inflight=self.app.inflight,
            server=self._server,
            shutdown=self._stop,
            on_ready=ready.set_result,
        )
