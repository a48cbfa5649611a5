"""An open upstream with a pool of proxies, a clock that stands still, and a server to ask."""

from __future__ import annotations

import ssl
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from loopback_proxies import LoopbackProxy

from plugway.settings import ProxySettings, RelaySettings
from plugway.testing import ManualClock
from plugway.upstream import Answer, Timeouts, Upstream
from plugway.upstream.proxies.health import Health
from plugway.upstream.proxies.member import Member

ROOMY = Timeouts(20, 10, 10)
PASSWORD = "hunter-canary"
LOGIN = ("user", PASSWORD)


class ProxyPool:
    """Is an open upstream, its pool, and what is asked through it.

    Attributes:
        home: The home directory.
        clock: The time.
        server: What is asked.
        check: Its address for checks.
        settings: Of the pool; they may be replaced.
        upstream: Open after `open`.
    """

    upstream: Upstream

    def __init__(self, home: Path, stack: AsyncExitStack, server: Any) -> None:
        """Prepare; `open` opens.

        Args:
            home: A directory.
            stack: Closes what is opened.
            server: Answers 204 at `/check`, and elsewhere with what it gets.
        """
        self.home = home
        self.clock = ManualClock()
        self.server = server
        self.check = f"{server.url}/check"
        self.settings = ProxySettings()
        self._stack = stack

    async def open(self, *urls: str, tls: ssl.SSLContext | None = None, **settings: Any) -> None:
        """Open an upstream whose pool has these proxies."""
        settings = {"check_url": self.check, "check_timeout": 5.0, **settings}
        self.settings = ProxySettings(urls=urls, **settings)
        self.upstream = Upstream(
            RelaySettings(),
            environ={},
            tls=tls,
            home=self.home,
            proxies=lambda: self.settings,
            clock=self.clock,
        )
        await self.upstream.open()
        self._stack.push_async_callback(self.upstream.close)

    async def start(self, *proxies: LoopbackProxy) -> list[str]:
        """Start proxies and return their URLs."""
        return [(await self._stack.enter_async_context(proxy)).url for proxy in proxies]

    async def round(self) -> None:
        """Make the checks that are due."""
        await self.upstream.proxies.round()
        await self.upstream.proxies.settled()

    async def send(
        self, url: str = "", *, sticky: str = "", body: Any = b"hi", timeouts: Timeouts = ROOMY
    ) -> Answer:
        """Send a request through the pool; without a URL to the server."""
        url = url or f"{self.server.url}/ask"
        return await self.upstream.send(
            "POST", url, headers=[], body=body, timeouts=timeouts, proxy="pool", sticky=sticky
        )

    def members(self) -> dict[str, Member]:
        """Return the pool by name."""
        return {member.name: member for member in self.upstream.proxies.all()}

    def health(self, proxy: LoopbackProxy) -> Health:
        """Return what is known of a proxy."""
        return self.members()[proxy.name].health


async def answer(peer: Any) -> None:
    """Answer 204 at `/check`, and elsewhere with what came."""
    while True:
        body = await peer.request()
        await peer.answer(body, "204 No Content" if b"/check" in peer.head else "200 OK")
