"""Chooses a channel and a credential, sends, and fails over where that is safe."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from plugway.errors import (
    CredentialExpired,
    CredentialRestricted,
    NoChannel,
    PlugwayError,
    QuotaExhausted,
    UpstreamError,
)
from plugway.upstream import Timeouts
from plugway.upstream.headers import retry_after, to_upstream

if TYPE_CHECKING:
    from plugway.bindings import Binding
    from plugway.calls.body import RequestBody
    from plugway.calls.parts import Parts
    from plugway.contract import Channel
    from plugway.credentials.pool import Credential
    from plugway.upstream import Answer

#: Refusals before any work: another channel may be asked.
REFUSALS = frozenset({401, 403, 429, 503})

#: Refusals that concern the credential, and errors of its minting that do.
_TURNED_AWAY = frozenset({401, 403, 429})
_PERSONAL = (CredentialExpired, CredentialRestricted, QuotaExhausted)

#: Longest refusal that a credential's kind gets to see, bytes.
_SHORT = 65_536

#: Answers that speak of the channel's health rather than of the request.
UNHEALTHY = frozenset({502, 503, 504})


class Forwarding:
    """Sends one call's request.

    Attributes:
        channel: Asked last.
        credential_id: Used last.
        seconds: Spent waiting for upstreams until their headers came.
    """

    __slots__ = ("_answer", "_before", "_parts", "_pin", "channel", "credential_id", "seconds")

    def __init__(
        self,
        parts: Parts,
        pin: Binding | None = None,
        before: Callable[[Channel, int | None], Awaitable[None]] | None = None,
    ) -> None:
        """Prepare.

        Args:
            parts: What calls go through.
            pin: The only channel and credential that may be asked.
            before: Awaited with the channel and credential that will be asked next, before
                the first byte goes; what it raises ends the call.
        """
        self._parts = parts
        self._pin = pin
        self._before = before
        self._answer: Answer | None = None
        self.channel: Channel | None = None
        self.credential_id: int | None = None
        self.seconds = 0.0

    async def send(
        self,
        candidates: Sequence[Channel],
        *,
        method: str,
        target: str,
        headers: Iterable[tuple[bytes, bytes]],
        body: RequestBody,
    ) -> Answer:
        """Return the first answer that is not a refusal, else the last refusal.

        Raises:
            UpstreamError: The last channel could not be asked.
            NoChannel: None could be asked.
        """
        tries = self._parts.settings().relay.tries
        failure: PlugwayError | None = None
        for channel in candidates:
            tried: set[int] = set()
            while tries and body.replayable:
                ready, credential = self._ready(channel)
                if not ready or (credential is not None and credential.id in tried):
                    break
                tries -= 1
                await self.close()
                try:
                    answer = await self._ask(channel, credential, method, target, headers, body)
                except UpstreamError as error:
                    failure = error
                    if error.acted or not error.retryable:
                        raise
                    personal = isinstance(error, _PERSONAL)
                else:
                    self._answer, failure = answer, None
                    if answer.status not in REFUSALS:
                        return answer
                    personal = answer.status in _TURNED_AWAY
                if credential is None or not personal:
                    break
                # It was this credential that was turned away; the channel may have others.
                tried.add(credential.id)
        if self._answer is not None:
            return self._answer
        raise failure or self._nobody(candidates)

    async def close(self) -> None:
        """Let go of the answer; its connection is kept only when it was read to the end."""
        if self._answer is not None:
            await self._answer.close()
            self._answer = None

    def _ready(self, channel: Channel) -> tuple[bool, Credential | None]:
        parts = self._parts
        credential = None
        if parts.providers[channel.provider].credential is not None:
            credential = self._choose(channel)
            if credential is None:
                return False, None
        return parts.channels.breaker(channel).admits(parts.clock.monotonic()), credential

    def _choose(self, channel: Channel) -> Credential | None:
        pool, pin = self._parts.credentials, self._pin
        if pin is None or pin.credential_id is None:
            return pool.choose(channel)
        bound = pool.get(channel.id, pin.credential_id)
        return bound if bound is not None and bound.usable(self._parts.clock.now()) else None

    async def _ask(
        self,
        channel: Channel,
        credential: Credential | None,
        method: str,
        target: str,
        headers: Iterable[tuple[bytes, bytes]],
        body: RequestBody,
    ) -> Answer:
        parts = self._parts
        clock = parts.clock
        self.channel = channel
        self.credential_id = None if credential is None else credential.id
        if self._before is not None:
            await self._before(channel, self.credential_id)
        settings = channel.settings
        began = clock.monotonic()
        granted = () if credential is None else await self._grant(credential, channel)
        try:
            answer = await parts.upstream.send(
                method,
                channel.base_url + target,
                headers=to_upstream(headers, granted),
                body=body.outgoing(),
                length=body.length,
                timeouts=Timeouts.of(settings),
                proxy=settings.proxy,
                sticky="" if credential is None else credential.key,
            )
        except UpstreamError as error:
            self._failed(channel, error.message)
            raise
        finally:
            waited = clock.monotonic() - began
            self.seconds += waited
            parts.metrics.upstream(channel.provider, channel.name, waited)
        if answer.status in UNHEALTHY:
            self._failed(channel, f"the upstream answered {answer.status}")
        else:
            parts.channels.breaker(channel).succeeded()
        if credential is not None:
            await self._tell(credential, channel, answer)
        return answer

    def _failed(self, channel: Channel, reason: str) -> None:
        parts = self._parts
        if parts.channels.breaker(channel).failed(parts.clock.monotonic()):
            parts.alert("channel_failing", channel.name, reason)

    async def _grant(self, credential: Credential, channel: Channel) -> tuple[tuple[str, str], ...]:
        parts = self._parts
        try:
            return (await parts.grants.get(credential, channel)).headers
        except UpstreamError as error:
            # Whatever minting met, the client's request was not sent: another may be asked.
            error.acted = False
            if isinstance(error, QuotaExhausted):
                parts.credentials.exhausted(credential, channel, error.retry_after, error.message)
            elif isinstance(error, CredentialExpired):
                parts.credentials.refused(credential, channel, error.message)
            elif isinstance(error, CredentialRestricted):
                parts.credentials.refused(credential, channel, error.message, "restricted")
            raise

    async def _tell(self, credential: Credential, channel: Channel, answer: Answer) -> None:
        pool = self._parts.credentials
        status = answer.status
        if status == 401:
            self._parts.grants.forget(credential)
            pool.refused(credential, channel, "the upstream answered 401")
        elif status == 429:
            seconds = credential.kind.rest(await _short(answer))
            if seconds is None:
                seconds = retry_after(answer.raw_headers)
            pool.exhausted(credential, channel, seconds, "the upstream answered 429")
        elif status < 400:
            pool.succeeded(credential, channel)

    def _nobody(self, candidates: Sequence[Channel]) -> PlugwayError:
        parts = self._parts
        now = parts.clock.monotonic()
        waits = []
        for channel in candidates:
            rest = parts.credentials.ready_in(channel) or 0.0
            waits.append(max(rest, parts.channels.breaker(channel).opens_in(now)))
        wait = max(1.0, min(waits, default=1.0))
        states = {one.state for channel in candidates for one in parts.credentials.all(channel.id)}
        if "cooling" in states and states <= {"cooling", "disabled"}:
            return QuotaExhausted(
                "every credential of this model is resting; try again later",
                retry_after=wait,
                acted=False,
            )
        return NoChannel(
            "no available channel: every channel of this model is out of service now",
            retry_after=wait,
        )


async def _short(answer: Answer) -> bytes:
    """Return a short body, which can still be relayed."""
    try:
        return await answer.peek(_SHORT) or b""
    except UpstreamError:
        # Whoever relays it meets the same.
        return b""
