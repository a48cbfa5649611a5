"""Sessions through SOCKS proxies, one for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugway.errors import ConfigurationError
from plugway.upstream.proxies import NO_SOCKS
from plugway.upstream.session import BoundedIdle, close_session, open_session
from plugway.upstream.traffic import Traffic

if TYPE_CHECKING:
    import ssl

    from aiohttp import ClientSession
    from yarl import URL

    from plugway.settings import RelaySettings

#: Sessions kept, unless more than that are busy.
KEPT = 32


class SocksSession(Traffic):
    """Is the session of one proxy, and what it is busy with.

    Attributes:
        session: Sends requests through the proxy.
    """

    __slots__ = ("session",)

    def __init__(self, session: ClientSession) -> None:
        super().__init__()
        self.session = session


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
            made = socks_connector(
                proxy,
                idle=self._settings.idle_connections,
                seconds=self._settings.idle_seconds,
                tls=self._tls,
            )
            kept = SocksSession(open_session(made))
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


def socks_connector(
    proxy: URL, *, idle: int, seconds: float, tls: ssl.SSLContext | None
) -> BoundedIdle:
    """Return what makes connections through a SOCKS proxy, which also resolves the names.

    Args:
        proxy: Its address, with user and password.
        idle: Most idle connections that are kept.
        seconds: How long they are.
        tls: Whom to trust; None: the system's certificate authorities.

    Raises:
        ConfigurationError: The extra that speaks SOCKS is not installed.
    """
    try:
        from aiohttp_socks import ProxyConnector, ProxyType
    except ImportError:
        raise ConfigurationError(NO_SOCKS, field="proxy") from None

    class Socks(BoundedIdle, ProxyConnector):
        """Makes them."""

    return Socks(
        idle=idle,
        keepalive_timeout=seconds,
        ssl=True if tls is None else tls,
        proxy_type=ProxyType[proxy.scheme.upper()],
        host=proxy.host,
        port=proxy.port,
        username=proxy.user,
        password=proxy.password,
        # With SOCKS4, too, the proxy resolves: to look a name up here would tell of it.
        rdns=True,
    )
