"""Sessions through SOCKS proxies, one for each."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet

from plugway.errors import ConfigurationError
from plugway.upstream.proxies import NO_SOCKS
from plugway.upstream.session import BoundedIdle, close_session, open_session

if TYPE_CHECKING:
    import ssl

    from aiohttp import ClientSession
    from yarl import URL

    from plugway.settings import RelaySettings
    from plugway.upstream.answer import Answer

#: Sessions kept, unless more than that are busy.
KEPT = 32


class SocksSession:
    """Is the session of one proxy, and what it is busy with.

    Attributes:
        session: Sends requests through the proxy.
        sending: Requests without an answer yet.
        answers: Answers that may still be read; they fall out when nobody holds them.
    """

    __slots__ = ("answers", "sending", "session")

    def __init__(self, session: ClientSession) -> None:
        self.session = session
        self.sending = 0
        self.answers: WeakSet[Answer] = WeakSet()

    @property
    def busy(self) -> bool:
        """Return whether closing it would cut a call short."""
        return self.sending > 0 or any(not answer.released for answer in self.answers)


class SocksSessions:
    """Opens sessions when they are needed, and closes those that were not for longest."""

    def __init__(self, settings: RelaySettings, tls: ssl.SSLContext | None) -> None:
        self._settings = settings
        self._tls = tls
        self._sessions: dict[URL, SocksSession] = {}

    async def get(self, proxy: URL) -> SocksSession:
        """Return a proxy's session, counted as sending one request more.

        Args:
            proxy: Its address, with user and password.

        Raises:
            ConfigurationError: The extra that speaks SOCKS is not installed.
        """
        kept = self._sessions.pop(proxy, None)
        if kept is None:
            kept = SocksSession(open_session(self._connector(proxy)))
        self._sessions[proxy] = kept  # last: the most recently used
        kept.sending += 1
        try:
            if len(self._sessions) > KEPT:
                await self._close_idle()
        except BaseException:
            kept.sending -= 1
            raise
        return kept

    async def close(self) -> None:
        """Close all."""
        while self._sessions:
            _, kept = self._sessions.popitem()
            await close_session(kept.session)

    async def _close_idle(self) -> None:
        idle = [proxy for proxy, kept in self._sessions.items() if not kept.busy]
        # All are taken out first: while one closes, nobody may be handed another of them.
        closing = [self._sessions.pop(proxy) for proxy in idle[: len(self._sessions) - KEPT]]
        for kept in closing:
            await close_session(kept.session)

    def _connector(self, proxy: URL) -> BoundedIdle:
        try:
            from aiohttp_socks import ProxyConnector, ProxyType
        except ImportError:
            raise ConfigurationError(NO_SOCKS, field="proxy") from None

        class Socks(BoundedIdle, ProxyConnector):
            """Connects through a SOCKS proxy, which also resolves the names."""

        return Socks(
            idle=self._settings.idle_connections,
            keepalive_timeout=self._settings.idle_seconds,
            ssl=True if self._tls is None else self._tls,
            proxy_type=ProxyType[proxy.scheme.upper()],
            host=proxy.host,
            port=proxy.port,
            username=proxy.user,
            password=proxy.password,
        )
