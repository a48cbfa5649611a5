"""One request sent once, up to the headers of its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from aiohttp import (
    ClientError,
    ClientHttpProxyError,
    ClientOSError,
    ClientTimeout,
    ServerDisconnectedError,
)
from multidict import CIMultiDict

from plugway.errors import BadRequest, PlugwayError, UpstreamError
from plugway.upstream.answer import Answer
from plugway.upstream.failures import unanswered, unreachable
from plugway.upstream.session import Attempt

if TYPE_CHECKING:
    from aiohttp import ClientRequest, ClientResponse, ClientSession
    from aiohttp.client_middlewares import ClientHandlerType
    from yarl import URL

    from plugway.upstream.upload import Upload

_OURS = ("Host", "Content-Length", "Transfer-Encoding")


class _NotAgainError(Exception):
    """Carries an error past the client library, which would send some requests again."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


async def exchange(
    session: ClientSession,
    method: str,
    target: URL,
    *,
    headers: Iterable[tuple[str, str]],
    upload: Upload | None,
    limits: ClientTimeout,
    proxy: URL | None = None,
    proxied: bool = False,
    unsent: Callable[[BaseException, bool], PlugwayError] = unreachable,
) -> Answer:
    """Send a request, and return when the headers of the answer are there.

    Args:
        session: From `open_session`.
        method: HTTP method.
        target: Sent as it is.
        headers: The only ones that go out besides `Host` and framing.
        upload: The body.
        limits: From `ClientTimeouts`.
        proxy: An HTTP proxy.
        proxied: A proxy makes the connection, the session's own one included.
        unsent: Makes the error for a request of which nothing can have been sent.

    Raises:
        UpstreamError: There is no answer; `acted` is False only when no connection was made.
        BadRequest: The request cannot be put into HTTP, or its body broke its length.
        Exception: Whatever the source of the body raised.
    """
    attempt: Attempt | None = None

    async def once(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        nonlocal attempt
        assert isinstance(request, Attempt)  # noqa: S101  # for the type checker
        attempt = request
        given = CIMultiDict(headers)
        for name in _OURS:
            given.popall(name, None)
        # Set here and not by the client library, which would join names that differ in case.
        request.headers.extend(given)
        try:
            return await handler(request)
        except (ClientOSError, ServerDisconnectedError) as error:
            raise _NotAgainError(error) from None

    try:
        response = await session.request(
            method,
            target,
            data=upload,
            allow_redirects=False,
            timeout=limits,
            proxy=proxy,
            middlewares=(once,),
        )
    except BaseException as raised:
        transport = None if attempt is None else attempt.transport
        if transport is not None and transport.is_closing():
            # It would first wait for what the upstream has not taken yet.
            transport.abort()
        error = raised.error if isinstance(raised, _NotAgainError) else raised
        if not isinstance(error, Exception):
            raise
        if upload is not None and upload.error is not None:
            raise upload.error from None
        if isinstance(error, ValueError) and not isinstance(error, ClientError):
            raise BadRequest("The request cannot be put into HTTP.") from None
        # A session through SOCKS raises errors of its own kind while it connects.
        known = isinstance(error, (ClientError, OSError)) or (proxied and proxy is None)
        if transport is None and known:
            raise unsent(error, proxied) from None
        if known:
            raise unanswered(error) from None
        raise
    answer = Answer(response, upload)
    if answer.status == 101:
        await answer.close()
        raise UpstreamError("The upstream changed the protocol without being asked.")
    if answer.status == 407 and proxy is not None and target.scheme == "http":
        await answer.close()
        raise unsent(ClientHttpProxyError(response.request_info, (), status=407), proxied)
    return answer
