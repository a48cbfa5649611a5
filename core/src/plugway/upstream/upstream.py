"""HTTP to upstreams, for the whole gateway."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Self

from yarl import URL

from plugway.clock import SystemClock
from plugway.errors import (
    BadRequest,
    ConfigurationError,
    CredentialExpired,
    CredentialRestricted,
    UpstreamError,
)
from plugway.settings import ProxySettings
from plugway.upstream.fetch import Arriving, Fetched, Fetcher
from plugway.upstream.guard import AddressPolicy
from plugway.upstream.proxies.pool import Proxies
from plugway.upstream.timeouts import Timeouts
from plugway.upstream.upload import Upload
from plugway.upstream.ways import Ways

if TYPE_CHECKING:
    from aiohttp.abc import AbstractResolver

    from plugway.clock import Clock
    from plugway.contract import Channel, Grant
    from plugway.settings import RelaySettings
    from plugway.upstream.answer import Answer


class Upstream:
    """Sends requests to upstreams and hands back their answers as they come.

    There is one for a gateway, with one pool of connections. Nothing is ever sent twice,
    no redirect is followed, no cookie is kept, no body is unpacked.

    Attributes:
        proxies: The pool of proxies.
    """

    def __init__(
        self,
        settings: RelaySettings,
        *,
        environ: Mapping[str, str] = os.environ,
        tls: ssl.SSLContext | None = None,
        policy: AddressPolicy | None = None,
        fetch_proxy: str = "",
        resolver: AbstractResolver | None = None,
        home: Path = Path(),
        proxies: Callable[[], ProxySettings] = ProxySettings,
        clock: Clock | None = None,
    ) -> None:
        """Prepare; `open` opens.

        Args:
            settings: How many idle connections are kept, and how long.
            environ: Names the proxies for channels that have none of their own.
            tls: Whom to trust; None: the system's certificate authorities.
            policy: Where `fetch` may go; None: public addresses on the usual ports.
            fetch_proxy: A proxy for `fetch`; the environment's are not for it.
            resolver: Resolves names for `fetch`; None: the system's.
            home: Where files with proxies are.
            proxies: Returns the settings of the pool of proxies as they are now.
            clock: The time; None: the machine's.

        Raises:
            ConfigurationError: The environment names a proxy that cannot be one.
        """
        self._sticky = ""
        self.proxies = Proxies(home, proxies, clock or SystemClock(), send=self.send, tls=tls)
        self._ways = Ways(settings, tls, environ, self.proxies)
        self._fetcher = Fetcher(
            policy or AddressPolicy(), tls=tls, proxy=fetch_proxy, resolver=resolver
        )

    async def open(self) -> None:
        """Open the sessions; connections are made when they are needed."""
        await self._ways.open()
        await self._fetcher.open()

    async def close(self) -> None:
        """Close every connection, in use or not."""
        await self.proxies.close()
        await self._ways.close()
        await self._fetcher.close()

    def sticking_to(self, key: str) -> Self:
        """Return the same for requests that belong together, such as a credential's.

        Args:
            key: As `sticky` in `send`, for requests that name none.
        """
        view = copy(self)
        view._sticky = key  # noqa: SLF001  # of this very class
        return view

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Iterable[tuple[str, str]],
        body: bytes | AsyncIterator[bytes] | None = None,
        length: int | None = None,
        timeouts: Timeouts,
        proxy: str = "",
        sticky: str = "",
    ) -> Answer:
        """Send one request and return when the headers of its answer are there.

        Args:
            method: HTTP method.
            url: Sent byte for byte: a base URL, then path and query as the client sent them.
            headers: Sent as they are, with `Host` and framing before them; nothing else is.
            body: All of it, or a source that is read as fast as the upstream takes it.
            length: Bytes that a source will give; None: not known, so it is sent chunked.
            timeouts: How long it may take.
            proxy: The channel's proxy; empty: from the environment; `direct`: none; `pool`:
                one of the gateway's pool. When that one cannot be reached, and nothing was
                sent, another one is tried once.
            sticky: Whose request it is, such as a credential's; those of one key go through
                the same proxy of the pool as long as it works.

        Returns:
            The answer; close it when done.

        Raises:
            UpstreamUnreachable: No connection was made, so the upstream cannot have acted.
            UpstreamTimeout: The upstream took too long; it may have acted.
            UpstreamInterrupted: The connection broke; the upstream may have acted.
            BadRequest: The request cannot be put into HTTP, or its body broke its length.
            ConfigurationError: The proxy cannot be used.
            Exception: Whatever the source of the body raised; the upstream then has seen an
                incomplete request.
        """
        target = _target(url)
        upload = Upload(body, length) if body else None
        return await self._ways.send(
            method, target, headers, upload, timeouts, proxy, sticky or self._sticky
        )

    async def proxy_url(self, url: str, *, proxy: str, sticky: str = "") -> URL | None:
        """Return the proxy for what does not go through `send`, such as a browser.

        Args:
            url: Where it goes first.
            proxy: The channel's proxy, as for `send`.
            sticky: As for `send`; what is sent with the same key goes the same way.

        Returns:
            Its address, login included; None: straight.

        Raises:
            UpstreamUnreachable: No proxy of the pool can be used.
            ConfigurationError: The proxy cannot be used.
        """
        return await self._ways.proxy_url(_target(url), proxy, sticky or self._sticky)

    async def probe(self, channel: Channel, grant: Grant) -> None:
        """Ask a channel's base URL for anything at all, with a grant.

        Args:
            channel: The channel.
            grant: Sent with it.

        Raises:
            CredentialExpired: It answers 401.
            CredentialRestricted: It answers 403.
            UpstreamError: It cannot be reached, or answers 500 or above.
        """
        status = await self._status("HEAD", channel, grant)
        if status == 405 or status >= 500:
            status = await self._status("GET", channel, grant)
        if status == 401:
            raise CredentialExpired(
                "The upstream refused the credential with status 401.", acted=False
            )
        if status == 403:
            raise CredentialRestricted(
                "The upstream refused the credential with status 403.", acted=False
            )
        if status >= 500:
            raise UpstreamError(f"The upstream answered with status {status}.", acted=False)

    def check_url(self, url: str) -> None:
        """Refuse a URL that `fetch` would refuse by its look, before anything depends on it.

        Where a name leads shows only when it is connected to.

        Args:
            url: As the client gave it.

        Raises:
            AddressRefused: Scheme, port, login, an address that is not public, or no URL.
        """
        self._fetcher.check_url(url)

    async def fetch(
        self,
        url: str,
        *,
        max_bytes: int,
        timeout: float,  # noqa: ASYNC109  # spans redirects, which the caller cannot see
        method: str = "GET",
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | None = None,
        discard: bool = False,
    ) -> Fetched:
        """Send a request to a URL that a client gave; redirects of `GET` are followed.

        Only public addresses on the usual ports are reached, whatever the name resolves to
        and wherever it redirects.

        Args:
            url: As the client gave it.
            max_bytes: Largest body to take, uncompressed.
            timeout: Seconds for everything.
            method: HTTP method.
            headers: Added; they go no further than the first origin.
            body: Sent with it.
            discard: Only the status counts: of the body up to `max_bytes` are read and none
                are returned, and that it is larger, slow or broken is no failure.

        Raises:
            AddressRefused: The URL is not acceptable, or leads to where it may not.
            PayloadTooLarge: The body is larger than `max_bytes`.
            UpstreamError: The server could not be reached or did not answer properly.
        """
        return await self._fetcher.fetch(
            url,
            max_bytes=max_bytes,
            timeout=timeout,
            method=method,
            headers=headers,
            body=body,
            discard=discard,
        )

    def arriving(
        self,
        url: str,
        *,
        max_bytes: int,
        timeout: float,  # spans redirects, which the caller cannot see
    ) -> AbstractAsyncContextManager[Arriving]:
        """Ask a URL that a client or an upstream gave for what is too large to be held at once.

        The same addresses are reached as by `fetch`.

        Args:
            url: As it was given.
            max_bytes: Largest body to take, uncompressed.
            timeout: Seconds for everything, what is done within included.

        Returns:
            A context that gives status, type and chunks.

        Raises:
            AddressRefused: The URL is not acceptable, or leads to where it may not.
            PayloadTooLarge: The body is larger than `max_bytes`.
            UpstreamError: The server could not be reached or did not answer properly.
        """
        return self._fetcher.arriving(url, max_bytes=max_bytes, timeout=timeout)

    async def _status(self, method: str, channel: Channel, grant: Grant) -> int:
        answer = await self.send(
            method,
            channel.base_url,
            headers=grant.headers,
            timeouts=Timeouts.of(channel.settings),
            proxy=channel.settings.proxy,
        )
        await answer.close()
        return answer.status


def _target(url: str) -> URL:
    if not url.isascii() or not url.isprintable() or " " in url or "#" in url:
        raise BadRequest("The path holds characters that must be percent-encoded.")
    try:
        target = URL(url, encoded=True)
        host = target.raw_host
    except ValueError:
        raise ConfigurationError("The upstream's address is not a URL.") from None
    if target.scheme not in ("http", "https") or not host:
        raise ConfigurationError("The upstream's address is not a URL.")
    if target.raw_user is not None or target.raw_password is not None:
        raise ConfigurationError("The upstream's address holds a user or a password.")
    return target
