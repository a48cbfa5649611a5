"""The ways by which requests reach upstreams: straight, or through a proxy."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from plugway.errors import PlugwayError, Unavailable, UpstreamUnreachable
from plugway.upstream.exchange import exchange
from plugway.upstream.failures import unreachable
from plugway.upstream.proxies import DIRECT, POOL, EnvironmentProxies, Proxy, is_socks
from plugway.upstream.session import close_session, connector, open_session
from plugway.upstream.socks import SocksSessions
from plugway.upstream.timeouts import ClientTimeouts, client_timeout

if TYPE_CHECKING:
    from aiohttp import ClientSession, ClientTimeout
    from yarl import URL

    from plugway.settings import RelaySettings
    from plugway.upstream.answer import Answer
    from plugway.upstream.proxies.pool import Proxies
    from plugway.upstream.timeouts import Timeouts
    from plugway.upstream.upload import Upload

#: Proxy settings kept parsed.
KEPT = 1024


class Ways:
    """Sends a request the way that a proxy setting says, on sessions that it keeps."""

    def __init__(
        self,
        settings: RelaySettings,
        tls: ssl.SSLContext | None,
        environ: Mapping[str, str],
        proxies: Proxies,
    ) -> None:
        """Prepare; `open` opens.

        Args:
            settings: How many idle connections are kept, and how long.
            tls: Whom to trust; None: the system's certificate authorities.
            environ: Names the proxies for settings that are empty.
            proxies: The pool.

        Raises:
            ConfigurationError: The environment names a proxy that cannot be one.
        """
        self._settings = settings
        self._tls = tls
        self._environment = EnvironmentProxies(environ)
        self._parsed: dict[str, Proxy] = {}
        self._timeouts = ClientTimeouts()
        self._session: ClientSession | None = None
        self._socks = SocksSessions(settings, tls)
        self._proxies = proxies

    async def open(self) -> None:
        """Open the session; connections are made when they are needed."""
        self._session = open_session(connector(self._settings, self._tls))

    async def close(self) -> None:
        """Close every connection, in use or not."""
        session, self._session = self._session, None
        if session is not None:
            await close_session(session)
        await self._socks.close()

    async def send(
        self,
        method: str,
        target: URL,
        headers: Iterable[tuple[str, str]],
        upload: Upload | None,
        timeouts: Timeouts,
        proxy: str,
        sticky: str,
    ) -> Answer:
        """Send one request, as `Upstream.send` says."""
        if self._session is None:
            raise Unavailable
        if proxy == POOL:
            return await self._send_pooled(method, target, headers, upload, timeouts, sticky)
        via = self._proxy(target, proxy)
        return await self._send(via, method, target, headers, upload, self._timeouts[timeouts])

    async def proxy_url(self, target: URL, proxy: str, sticky: str) -> URL | None:
        """Return the proxy that a request would take, as `Upstream.proxy_url` says."""
        if proxy != POOL:
            return self._proxy(target, proxy)
        return (await self._proxies.take(target, sticky)).member.proxy.url

    async def _send_pooled(
        self,
        method: str,
        target: URL,
        headers: Iterable[tuple[str, str]],
        upload: Upload | None,
        timeouts: Timeouts,
        sticky: str,
    ) -> Answer:
        headers = tuple(headers)
        loop = asyncio.get_running_loop()
        until = loop.time() + timeouts.total
        limits = self._timeouts[timeouts]
        with await self._proxies.take(target, sticky) as lease:
            via = lease.member.proxy.url
            try:
                answer = await self._send(
                    via, method, target, headers, upload, limits, lease.unsent
                )
            except UpstreamUnreachable as error:
                if not lease.blamed or (upload is not None and upload.begun):
                    raise
                failure = error
            else:
                lease.answered(answer, tunnelled=is_socks(via) or target.scheme == "https")
                return answer
        try:
            other = await self._proxies.take(target, sticky, (lease.member,))
        except UpstreamUnreachable:
            raise failure from None
        # Both together take no longer than one may.
        left = until - loop.time()
        if left <= 0:
            raise failure
        limits = client_timeout(msgspec.structs.replace(timeouts, total=left))
        with other:
            via = other.member.proxy.url
            answer = await self._send(via, method, target, headers, upload, limits, other.unsent)
            other.answered(answer, tunnelled=is_socks(via) or target.scheme == "https")
            return answer

    async def _send(
        self,
        via: URL | None,
        method: str,
        target: URL,
        headers: Iterable[tuple[str, str]],
        upload: Upload | None,
        limits: ClientTimeout,
        unsent: Callable[[BaseException, bool], PlugwayError] = unreachable,
    ) -> Answer:
        if self._session is None:
            raise Unavailable
        if via is not None and is_socks(via):
            kept = await self._socks.get(via)
            try:
                answer = await exchange(
                    kept.session,
                    method,
                    target,
                    headers=headers,
                    upload=upload,
                    limits=limits,
                    proxied=True,
                    unsent=unsent,
                )
                kept.answers.add(answer)
            finally:
                kept.sending -= 1
            return answer
        return await exchange(
            self._session,
            method,
            target,
            headers=headers,
            upload=upload,
            limits=limits,
            proxy=via,
            proxied=via is not None,
            unsent=unsent,
        )

    def _proxy(self, target: URL, text: str) -> URL | None:
        if not text:
            return self._environment.find(target)
        if text == DIRECT:
            return None
        proxy = self._parsed.get(text)
        if proxy is None:
            if len(self._parsed) >= KEPT:
                self._parsed.clear()
            proxy = self._parsed[text] = Proxy.parse_setting(text)
        return None if proxy.exempt.covers(target) else proxy.url
