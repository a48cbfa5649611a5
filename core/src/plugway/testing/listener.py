"""Where an emulator listens, or for a while does not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Collection
from typing import TYPE_CHECKING, Literal

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.web_runner import AppRunner


class Listener:
    """Holds one port, and answers on it, refuses on it, or keeps silent on it."""

    def __init__(
        self,
        runner: AppRunner,
        busy: Collection[asyncio.BaseTransport | None],
        host: str,
        port: int,
    ) -> None:
        """Prepare; nothing is bound yet.

        Args:
            runner: What answers.
            busy: Connections whose requests are being answered.
            host: Address.
            port: Port; 0: any free one, the same one from then on.
        """
        self._runner = runner
        self._busy = busy
        self._host = host
        self._port = port
        self._site: web.TCPSite | None = None
        self._reserve: socket.socket | None = None
        self._silent: asyncio.Server | None = None
        self._held: set[asyncio.BaseTransport] = set()
        self._return: asyncio.Task[None] | None = None

    async def listen(self) -> str:
        """Answer, and return the base URL."""
        await self.close()
        self._site = web.TCPSite(self._runner, self._host, self._port, reuse_address=True)
        await self._site.start()
        self._port = int(self._runner.addresses[0][1])
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def refuse(self) -> None:
        """Let connections be refused."""
        await self.close()
        # Bound and not listening: refused, and nobody else gets the port meanwhile.
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        self._reserve = socket.socket(family, socket.SOCK_STREAM)
        self._reserve.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserve.bind((self._host, self._port))

    async def silence(self) -> None:
        """Accept connections and say nothing."""
        await self.close()
        self._silent = await asyncio.get_running_loop().create_server(
            lambda: _Silent(self._held), self._host, self._port, reuse_address=True
        )

    def leave(self, mode: Literal["refuse", "silence"], seconds: float) -> None:
        """Go away, and come back by itself.

        Args:
            mode: How to be away.
            seconds: For how long, above 0.
        """
        self._return = asyncio.create_task(self._leave(mode, seconds))

    async def stop(self) -> None:
        """Let go of the port for good."""
        if self._return is not None:
            self._return.cancel()
            await asyncio.gather(self._return, return_exceptions=True)
        await self.close()

    def _hang_up(self) -> None:
        """Close the connections that are kept alive: they would be answered all the same."""
        for connection in self._runner.server.connections if self._runner.server else ():
            if connection.transport in self._busy:
                connection.close()
            else:
                connection.force_close()

    async def _leave(self, mode: Literal["refuse", "silence"], seconds: float) -> None:
        await (self.refuse() if mode == "refuse" else self.silence())
        await asyncio.sleep(seconds)
        await self.listen()

    async def close(self) -> None:
        """Let go of the port; requests that run are answered to their end."""
        if self._site is not None:
            await self._site.stop()
            self._site = None
            self._hang_up()
        if self._reserve is not None:
            self._reserve.close()
            self._reserve = None
        if self._silent is not None:
            self._silent.close()
            for transport in tuple(self._held):
                transport.close()
            await self._silent.wait_closed()
            self._silent = None


class _Silent(asyncio.Protocol):
    """Keeps a connection open and never answers."""

    def __init__(self, held: set[asyncio.BaseTransport]) -> None:
        self._held = held

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._held.add(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._held.discard(self._transport)
