"""One try of a call, with one credential for every request it makes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

import msgspec

from plugway.contract import Channel, Media, Secret
from plugway.errors import (
    BadRequest,
    CredentialExpired,
    CredentialRestricted,
    QuotaExhausted,
    UpstreamError,
    UpstreamInterrupted,
)
from plugway.media_types import sniffed
from plugway.upstream import Timeouts
from plugway.upstream.headers import retry_after

if TYPE_CHECKING:
    from plugway.calls.parts import Parts
    from plugway.credentials.pool import Credential
    from plugway.upstream import Answer


#: Answers to a submit after which it may have been taken all the same.
_PERHAPS_TAKEN = frozenset({500, 502, 504})

#: Media that are fetched for one try: one small request must not send many elsewhere.
MOST_FETCHES = 100


class Turn:
    """Sends the requests of one try, all of them with the same credential.

    Whoever gets one raises what went wrong; the core then tells the credential's pool, and
    tries another one where that is safe.

    Attributes:
        call_id: The call's own id.
        channel: The channel.
        credential_id: The credential; None: the channel has none.
        secret: The credential's secret, for upstreams that are not asked over HTTP.
    """

    def __init__(
        self,
        parts: Parts,
        call_id: str,
        channel: Channel,
        credential: Credential | None,
        *,
        once: bool = False,
    ) -> None:
        """Begin.

        Args:
            parts: What calls go through.
            call_id: The call's own id.
            channel: The channel.
            credential: What all requests go with; None: the channel has none.
            once: It makes a task, which must not be made twice.
        """
        self.call_id = call_id
        self.channel = channel
        self.credential_id = None if credential is None else credential.id
        self.secret: Secret | None = None if credential is None else credential.secret
        self._parts = parts
        self._credential = credential
        self._once = once
        self._renewed = False
        self._fetches = 0
        self._answers: list[Answer] = []

    async def send(
        self,
        method: str,
        target: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        content: bytes | AsyncIterator[bytes] | None = None,
        length: int | None = None,
        base_url: str | None = None,
        timeouts: Timeouts | None = None,
        proxy: str | None = None,
    ) -> Answer:
        """Send a request with the credential's grant, and return when headers are there.

        A 401 may mean that the grant has aged: once in a turn it is made anew and the request
        repeated. Whatever other status comes is returned; `refusal` makes an error of it.

        Args:
            method: HTTP method.
            target: Path and query, as on the wire.
            headers: Sent with it; the grant's replace those of the same name.
            content: The body; one that streams is not repeated.
            length: Bytes of a body that streams.
            base_url: Instead of the channel's, without a slash at the end.
            timeouts: Instead of the channel's.
            proxy: Instead of the channel's.

        Returns:
            The answer; it is closed at the end of the turn at the latest.

        Raises:
            CredentialExpired: It was answered 401 with a fresh grant.
            UpstreamError: No grant could be made, or the upstream did not answer.
        """
        headers = tuple(headers)
        while True:
            answer = await self._send(
                method, target, headers, content, length, base_url, timeouts, proxy
            )
            if answer.status != 401 or self._credential is None:
                return answer
            await answer.close()
            self._parts.grants.forget(self._credential)
            if self._renewed or isinstance(content, AsyncIterator):
                raise CredentialExpired(
                    "The upstream refused the credential with status 401.", acted=False
                )
            self._renewed = True

    def refusal(self, answer: Answer, message: str = "") -> UpstreamError:
        """Return the error that an answer's status means; raise it.

        Args:
            answer: Its status is 400 or above.
            message: What the upstream said, without a secret; empty: only the status is told.

        Returns:
            401: `CredentialExpired`; 403: `CredentialRestricted`; 429: `QuotaExhausted` with
            the upstream's `Retry-After`; 500 and above: one that may be tried elsewhere, but
            for what makes a task: nobody knows whether it was taken, unless it is 503.
        """
        status = answer.status
        told = message or f"The upstream answered with status {status}."
        wait = retry_after(answer.raw_headers)
        if status == 401:
            return CredentialExpired(told, acted=False)
        if status == 403:
            return CredentialRestricted(told, acted=False)
        if status == 429:
            return QuotaExhausted(told, retry_after=wait, acted=False)
        if self._once and status in _PERHAPS_TAKEN:
            return UpstreamInterrupted(told, retry_after=wait)
        return UpstreamError(told, retry_after=wait, acted=status < 500)

    async def load(self, media: Media, *, max_bytes: int | None = None) -> Media:
        """Return media with its bytes, fetched if a client only said where it is.

        Only public addresses are reached.

        Args:
            media: As the client gave it.
            max_bytes: Most bytes to take; None: as the settings say.

        Raises:
            BadRequest: It cannot be fetched, is too large, may not be reached, or is one too
                many.
        """
        limit = max_bytes or self._parts.settings().chat.media_bytes
        if media.data is not None:
            if len(media.data) > limit:
                raise BadRequest(f"messages: media has more than {limit} bytes", field="messages")
            return media
        if media.url is None:
            raise BadRequest("messages: media has neither bytes nor a URL", field="messages")
        self._fetches += 1
        if self._fetches > MOST_FETCHES:
            raise BadRequest(
                f"messages: more than {MOST_FETCHES} media are behind URLs", field="messages"
            )
        try:
            fetched = await self._parts.upstream.fetch(
                media.url, max_bytes=limit, timeout=self.channel.settings.headers_timeout
            )
        except UpstreamError as error:
            raise BadRequest(
                f"messages: the media's URL could not be fetched: {error.message}",
                field="messages",
            ) from None
        if fetched.status != 200 or not fetched.body:
            raise BadRequest(
                f"messages: the media's URL answered with status {fetched.status}",
                field="messages",
            )
        stated = fetched.content_type.partition(";")[0].strip().lower()
        mime_type = sniffed(fetched.body) or media.mime_type or stated
        return msgspec.structs.replace(media, data=fetched.body, mime_type=mime_type)

    async def proxy_url(self) -> str | None:
        """Return the proxy for what does not go through `send`, such as a browser.

        It is always the same for one credential, as long as it works.

        Returns:
            Its address, login included; None: straight.

        Raises:
            UpstreamUnreachable: No proxy of the pool can be used.
        """
        url = await self._parts.upstream.proxy_url(
            self.channel.base_url,
            proxy=self.channel.settings.proxy,
            sticky="" if self._credential is None else self._credential.key,
        )
        return None if url is None else str(url)

    async def close(self) -> None:
        """Close what was not read to its end."""
        for answer in self._answers:
            await answer.close()
        self._answers.clear()

    async def _send(
        self,
        method: str,
        target: str,
        headers: tuple[tuple[str, str], ...],
        content: bytes | AsyncIterator[bytes] | None,
        length: int | None,
        base_url: str | None,
        timeouts: Timeouts | None,
        proxy: str | None,
    ) -> Answer:
        parts, channel = self._parts, self.channel
        granted: tuple[tuple[str, str], ...] = ()
        if self._credential is not None:
            try:
                granted = (await parts.grants.get(self._credential, channel)).headers
            except UpstreamError as error:
                # Whatever minting met, the request itself was not sent.
                error.acted = False
                raise
        replaced = {name.lower() for name, _ in granted}
        kept = [pair for pair in headers if pair[0].lower() not in replaced]
        answer = await parts.upstream.send(
            method,
            (channel.base_url if base_url is None else base_url) + target,
            headers=[*kept, *granted],
            body=content,
            length=length,
            timeouts=timeouts or Timeouts.of(channel.settings),
            proxy=channel.settings.proxy if proxy is None else proxy,
            sticky="" if self._credential is None else self._credential.key,
        )
        self._answers.append(answer)
        return answer
