"""Requests to URLs that a client gave: images, callbacks."""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from ipaddress import ip_address

import msgspec
from aiohttp import (
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientSession,
    ClientTimeout,
    InvalidURL,
)
from aiohttp.abc import AbstractResolver
from yarl import URL

from plugway.errors import (
    AddressRefused,
    ConfigurationError,
    PayloadTooLarge,
    PlugwayError,
    Unavailable,
    UpstreamError,
    UpstreamInterrupted,
    UpstreamTimeout,
)
from plugway.upstream.answer import Answer
from plugway.upstream.exchange import exchange
from plugway.upstream.failures import unreachable
from plugway.upstream.guard import AddressDenied, AddressPolicy
from plugway.upstream.headers import retry_after
from plugway.upstream.proxies import is_socks, parse_proxy
from plugway.upstream.session import BoundedIdle, close_session, open_session
from plugway.upstream.upload import Upload

#: Redirects that are followed.
MAX_REDIRECTS = 3

#: Seconds for a body that nobody wants.
DRAIN_SECONDS = 1.0

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GZIP_OR_ZLIB = 47
_NO_OTHER_LIMIT = ClientTimeout(total=None)
_ASK = (("User-Agent", "plugway"), ("Accept", "*/*"), ("Accept-Encoding", "identity"))


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """Holds what a client-given URL answered.

    Attributes:
        status: HTTP status of the last answer.
        content_type: As the server stated it; may be empty.
        body: The whole body, uncompressed.
        url: Where it came from in the end.
        retry_after: Seconds after which the server asks to be asked again.
    """

    status: int
    content_type: str
    body: bytes
    url: str
    retry_after: float | None = None


class Arriving(msgspec.Struct, frozen=True, kw_only=True):
    """Is what a URL answers, while it comes.

    Attributes:
        status: HTTP status of the last answer.
        content_type: As the server stated it; may be empty.
        chunks: The body, uncompressed.
    """

    status: int
    content_type: str
    chunks: AsyncIterator[bytes]


class Fetcher:
    """Sends requests to client-given URLs, and nowhere that the policy does not admit.

    It has a session of its own, shares no connection, and takes no proxy from the
    environment: behind a proxy the address could not be seen.
    """

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        tls: ssl.SSLContext | None = None,
        proxy: str = "",
        resolver: AbstractResolver | None = None,
    ) -> None:
        """Prepare; `open` opens.

        Args:
            policy: Where requests may go.
            tls: Whom to trust; None: the system's certificate authorities.
            proxy: A proxy that the operator chose for this and that itself keeps requests
                from where they must not go; addresses cannot be checked behind it.
            resolver: Resolves names; None: the system's.

        Raises:
            ConfigurationError: The proxy is none, or does not speak HTTP.
        """
        self._policy = policy
        self._tls = tls
        self._proxy = parse_proxy(proxy) if proxy else None
        if self._proxy is not None and is_socks(self._proxy):
            raise ConfigurationError("the proxy for client-given URLs must speak HTTP")
        self._resolver = resolver
        self._session: ClientSession | None = None

    async def open(self) -> None:
        """Open the session."""
        self._session = open_session(
            BoundedIdle(
                # No cache and no kept connections: each request looks and is checked anew.
                idle=0,
                use_dns_cache=False,
                resolver=self._resolver,
                socket_factory=None if self._proxy else self._policy.open_socket,
                ssl=True if self._tls is None else self._tls,
            )
        )

    async def close(self) -> None:
        """Close the session."""
        session, self._session = self._session, None
        if session is not None:
            await close_session(session)

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
        """Send a request and return the answer; redirects of `GET` are followed.

        Args:
            url: As the client gave it.
            max_bytes: Largest body to take, uncompressed.
            timeout: Seconds for everything, redirects included.
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
        target = self.check_url(url)
        origin = target.origin()
        try:
            async with asyncio.timeout(timeout) as limit:
                for _ in range(MAX_REDIRECTS + 1):
                    own = headers if target.origin() == origin else ()
                    answer = await self._send(method, target, own, body)
                    try:
                        location = _location(answer) if method == "GET" else None
                        if location is None and discard:
                            limit.reschedule(None)
                            await _drain(answer, max_bytes)
                            return _fetched(answer, target, b"")
                        if location is None:
                            return _fetched(answer, target, await _unpacked(answer, max_bytes))
                        target = self.check_url(_join(target, location))
                    finally:
                        await answer.close()
        except TimeoutError:
            raise UpstreamTimeout("The server behind that URL took too long.") from None
        raise UpstreamError("That URL redirects too often.")

    @asynccontextmanager
    async def arriving(
        self,
        url: str,
        *,
        max_bytes: int,
        timeout: float,  # noqa: ASYNC109  # spans redirects, which the caller cannot see
    ) -> AsyncGenerator[Arriving, None]:
        """Ask for what is too large to be held at once; redirects are followed.

        Args:
            url: As somebody gave it who is not the operator.
            max_bytes: Largest body to take, uncompressed.
            timeout: Seconds for everything, redirects and what is done within included.

        Yields:
            What comes.

        Raises:
            AddressRefused: The URL is not acceptable, or leads to where it may not.
            PayloadTooLarge: The body is larger than `max_bytes`.
            UpstreamError: The server could not be reached or did not answer properly.
        """
        target = self.check_url(url)
        try:
            async with asyncio.timeout(timeout):
                for _ in range(MAX_REDIRECTS + 1):
                    answer = await self._send("GET", target, (), None)
                    try:
                        location = _location(answer)
                        if location is None:
                            yield Arriving(
                                status=answer.status,
                                content_type=_header(answer, b"content-type"),
                                chunks=_pieces(answer, max_bytes),
                            )
                            return
                        target = self.check_url(_join(target, location))
                    finally:
                        await answer.close()
        except TimeoutError:
            raise UpstreamTimeout("The server behind that URL took too long.") from None
        raise UpstreamError("That URL redirects too often.")

    def check_url(self, url: str | URL) -> URL:
        """Return a URL that may be acceptable; where its name leads shows later.

        Args:
            url: As the client or a redirect gave it.

        Raises:
            AddressRefused: It cannot be.
        """
        target = self._policy.check_url(url)
        # Early, and for a proxy, which makes the connection itself, the only check.
        host, port = target.host or "", target.port or 0
        if _is_address(host) and not self._policy.admits(host, port):
            raise AddressRefused
        return target

    async def _send(
        self, method: str, target: URL, headers: Iterable[tuple[str, str]], body: bytes | None
    ) -> Answer:
        if self._session is None:
            raise Unavailable
        return await exchange(
            self._session,
            method,
            target,
            headers=(*_ASK, *headers),
            upload=Upload(body, None) if body else None,
            limits=_NO_OTHER_LIMIT,
            proxy=self._proxy,
            proxied=self._proxy is not None,
            unsent=_unsent,
        )


def _unsent(error: BaseException, proxied: bool) -> PlugwayError:
    # A name that leads inside and one that leads nowhere look the same to the client.
    if isinstance(error, InvalidURL | ClientConnectorDNSError):
        return AddressRefused()
    if isinstance(error, ClientConnectorError) and isinstance(error.os_error, AddressDenied):
        return AddressRefused()
    return unreachable(error, proxied)


def _location(answer: Answer) -> str | None:
    if answer.status not in _REDIRECTS:
        return None
    for name, value in answer.raw_headers:
        if name.lower() == b"location":
            return value.decode("utf-8", "replace")
    return None


def _join(base: URL, location: str) -> URL:
    try:
        return base.join(URL(location))
    except ValueError:
        raise AddressRefused("That URL redirects to what is not a URL.") from None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def _drain(answer: Answer, most: int) -> None:
    # A server whose answer is cut off notes a failure, so that a short one is taken whole.
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            async for chunk in answer.chunks():
                most -= len(chunk)
                if most <= 0:
                    return
    except (TimeoutError, UpstreamError):
        return


async def _unpacked(answer: Answer, max_bytes: int) -> bytes:
    return b"".join([piece async for piece in _pieces(answer, max_bytes)])


async def _pieces(answer: Answer, max_bytes: int) -> AsyncGenerator[bytes, None]:
    encoding = _header(answer, b"content-encoding").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise UpstreamError("The server behind that URL compresses in a way it was not asked for.")
    inflate = zlib.decompressobj(_GZIP_OR_ZLIB) if encoding not in ("", "identity") else None
    size = 0
    async for chunk in answer.chunks():
        piece = chunk
        if inflate is not None:
            try:
                # No more than one byte too many is ever unpacked.
                piece = inflate.decompress(chunk, max_bytes - size + 1)
            except zlib.error:
                raise UpstreamError("The server behind that URL sent broken data.") from None
        size += len(piece)
        if size > max_bytes:
            raise PayloadTooLarge(f"The file behind that URL is larger than {max_bytes} bytes.")
        if piece:
            yield piece
    if inflate is not None and size and not inflate.eof:
        raise UpstreamInterrupted


def _header(answer: Answer, name: bytes) -> str:
    found = {one.lower(): value for one, value in answer.raw_headers}
    return found.get(name, b"").decode("latin-1")


def _fetched(answer: Answer, target: URL, body: bytes) -> Fetched:
    return Fetched(
        status=answer.status,
        content_type=_header(answer, b"content-type"),
        body=body,
        url=str(target),
        retry_after=retry_after(answer.raw_headers),
    )
