"""Tries a piece of work with one credential after another, where that is safe."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Container, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, TypeVar

from plugway.calls.body import ClientDeparted
from plugway.calls.turn import Turn
from plugway.contract import PooledChannelSettings
from plugway.credentials.states import OUT_OF_USE
from plugway.errors import (
    Cancelled,
    CredentialExpired,
    CredentialRestricted,
    NoChannel,
    PlugwayError,
    QuotaExhausted,
    TierTooLow,
    UpstreamError,
    UpstreamInterrupted,
)

if TYPE_CHECKING:
    from plugway.bindings import Binding
    from plugway.calls.parts import Parts
    from plugway.calls.standing import Standing
    from plugway.contract import Channel, Quota
    from plugway.credentials.pool import Claim, Credential
    from plugway.request import Request

E = TypeVar("E")

log = logging.getLogger(__name__)

#: Seconds that a call may have worked, its waiting left out, when it begins another try.
PATIENCE = 120.0

#: Errors that speak of the channel's health rather than of the request.
_UNHEALTHY = frozenset({502, 503, 504})


class Turns:
    """Runs one call's work.

    Attributes:
        channel: Asked last.
        credential_id: Used last.
    """

    def __init__(
        self,
        parts: Parts,
        request: Request,
        standing: Standing,
        *,
        pin: Binding | None = None,
        before: Callable[[Claim], Awaitable[bool]] | None = None,
        busy: Container[int] = (),
        suits: Callable[[int], bool] | None = None,
    ) -> None:
        """Prepare.

        Args:
            parts: What calls go through.
            request: The client's; its deadline does not count the waiting.
            standing: The call's; it holds what is claimed.
            pin: The only credential that may be asked.
            before: For work that goes on after it, as a task does. Awaited with what will be
                asked next, before the work begins; False: that one has no room now. What it
                admits is free for others at once.
            busy: Credentials of a pool that `before` would have no room for now.
            suits: Says of a credential whether it may be asked at all; None: all may.
        """
        self._parts = parts
        self._request = request
        self._standing = standing
        self._call_id = standing.call_id
        self._pin = pin
        self._before = before
        self._busy = busy
        self._suits = suits
        self._came: int | None = None
        self._queued = 0.0
        self.channel: Channel | None = None
        self.credential_id: int | None = None
        self._seconds = 0.0
        self._since: float | None = None

    @property
    def seconds(self) -> float:
        """Return the seconds spent until the work gave something, or waiting for a credential."""
        since = self._since
        return self._seconds + (0.0 if since is None else self._parts.clock.monotonic() - since)

    async def close(self) -> None:
        """Let go; each try has closed what it opened."""

    async def run(
        self,
        candidates: Sequence[Channel],
        quotas: Sequence[Quota],
        work: Callable[[Turn], AsyncGenerator[E, None]],
        binding: Callable[[E], bool],
    ) -> AsyncGenerator[E, None]:
        """Do the work, again with another credential while nothing binding has come.

        Args:
            candidates: Channels that may serve, best first.
            quotas: What the work draws from.
            work: Gives what comes.
            binding: Says whether something that came rules out another try.

        Yields:
            What the work gives, of the tries that failed too.

        Raises:
            PlugwayError: What the last try raised.
            NoChannel: Nobody could be asked, or no account of a pool was accepted.
            Cancelled: Somebody has cancelled the call, and the work made another error of it.
            ClientDeparted: Another try would be for nobody.
        """
        clock, pool = self._parts.clock, self._parts.credentials
        began = clock.monotonic()
        tried = _Tried(self._pin, self._suits)
        failure: PlugwayError | None = None
        for _ in range(self._parts.settings().relay.tries):
            if clock.monotonic() - began - self._queued > PATIENCE:
                break
            claim = await self._claim(candidates, quotas, tried)
            if claim is None:
                break
            turn = Turn(
                self._parts,
                self._call_id,
                claim.channel,
                claim.credential,
                once=self._before is not None,
            )
            bound = False
            self._since = clock.monotonic()
            stream = work(turn)
            try:
                async for one in stream:
                    if not bound and (bound := binding(one)):
                        self._waited(claim.channel)
                    yield one
            except PlugwayError as error:
                if not bound:
                    self._waited(claim.channel)
                self._blame(claim, error, quotas)
                if bound or not self._again(error):
                    raise
                if failure is None or not isinstance(error, TierTooLow):
                    # What a better account has said is told rather than that another is none.
                    failure = error
            except (GeneratorExit, asyncio.CancelledError):
                if bound:
                    # Whoever leaves in the middle of an answer has had one.
                    self._praise(claim, quotas)
                raise
            else:
                self._praise(claim, quotas)
                # The answer is whole: nobody cancels it while it is tidied up after.
                self._parts.queue.leave(self._standing)
                return
            finally:
                try:
                    await stream.aclose()
                    await turn.close()
                finally:
                    # Even when closing is cancelled: what stays claimed serves nobody.
                    pool.free(claim)
            if claim.credential is not None:
                tried.add(claim.credential.id)
        raise self._last(failure, candidates, quotas, tried)

    async def _claim(
        self, candidates: Sequence[Channel], quotas: Sequence[Quota], tried: _Tried
    ) -> Claim | None:
        while True:
            claim = await self._next(candidates, quotas, tried)
            if claim is None or self._before is None:
                return claim
            try:
                if await self._before(claim):
                    return claim
            finally:
                self._parts.credentials.free(claim)

    async def _next(
        self, candidates: Sequence[Channel], quotas: Sequence[Quota], tried: _Tried
    ) -> Claim | None:
        parts, standing = self._parts, self._standing
        if standing.cancelled:
            raise Cancelled
        if standing.departed:
            raise ClientDeparted
        pooled = any(isinstance(one.settings, PooledChannelSettings) for one in candidates)
        if pooled:
            parts.queue.enter(standing)
        if self._came is None:
            self._came = parts.clock.now()
        self._since = parts.clock.monotonic()
        with self._request.untimed() if pooled else nullcontext():
            claim = await parts.credentials.claim(
                candidates,
                quotas,
                owner=self._call_id,
                user=standing.user,
                since=self._came,
                waited=self._queued,
                tried=tried,
                busy=self._busy,
                admits=self._admits,
            )
        self._queued += self._stop()
        if claim is not None:
            if claim.exclusive:
                parts.queue.run(standing)
            else:
                parts.queue.leave(standing)
            self.channel = claim.channel
            self.credential_id = None if claim.credential is None else claim.credential.id
        return claim

    def _admits(self, channel: Channel) -> bool:
        parts = self._parts
        return parts.channels.breaker(channel).admits(parts.clock.monotonic())

    def _waited(self, channel: Channel) -> None:
        self._parts.metrics.upstream(channel.provider, channel.name, self._stop())

    def _stop(self) -> float:
        """Wait no longer; return the seconds since that began."""
        before, self._seconds, self._since = self._seconds, self.seconds, None
        return self._seconds - before

    def _praise(self, claim: Claim, quotas: Sequence[Quota]) -> None:
        self._parts.channels.breaker(claim.channel).succeeded()
        if claim.credential is not None:
            # What was free for others during the work is counted by what the work drew from.
            drew = None if self._before is None else quotas
            self._parts.credentials.succeeded(claim.credential, claim.channel, drew)

    def _again(self, error: PlugwayError) -> bool:
        """Say whether somebody else may be asked, nothing binding having come."""
        if not isinstance(error, UpstreamError):
            return False
        if self._before is None and isinstance(error, UpstreamInterrupted):
            return True
        return error.retryable or not error.acted

    def _blame(self, claim: Claim, error: PlugwayError, quotas: Sequence[Quota]) -> None:
        """Tell the pool what concerns the credential, and the breaker what concerns the channel."""
        parts, channel, credential = self._parts, claim.channel, claim.credential
        personal = True
        if isinstance(error, CredentialExpired | CredentialRestricted | QuotaExhausted):
            if credential is None:
                pass
            elif isinstance(error, QuotaExhausted):
                parts.credentials.exhausted(
                    credential,
                    channel,
                    error.retry_after,
                    error.message,
                    quotas if error.quota is None else (error.quota,),
                )
            elif isinstance(error, CredentialRestricted):
                parts.credentials.refused(credential, channel, error.message, "restricted")
            else:
                parts.credentials.refused(credential, channel, error.message)
        else:
            personal = not (isinstance(error, UpstreamError) and error.status in _UNHEALTHY)
        breaker = parts.channels.breaker(channel)
        if personal:
            breaker.succeeded()
        elif breaker.failed(parts.clock.monotonic()):
            parts.alert("channel_failing", channel.name, error.message)

    def _last(
        self,
        failure: PlugwayError | None,
        candidates: Sequence[Channel],
        quotas: Sequence[Quota],
        tried: _Tried,
    ) -> PlugwayError:
        """Return what the client hears: the last failure, or that nobody could be asked."""
        if failure is None or (isinstance(failure, TierTooLow) and self._left(candidates, tried)):
            return self._nobody(candidates, quotas, tried)
        personal = isinstance(failure, CredentialExpired | CredentialRestricted)
        if personal and self._pooled():
            # One account says nothing of the others: there is a moment to come again.
            return NoChannel(
                f"no credential of this model is accepted now: {failure.message}",
                retry_after=self._wait(candidates, quotas),
            )
        if isinstance(failure, QuotaExhausted) and failure.retry_after is None:
            failure.retry_after = self._wait(candidates, quotas)
        return failure

    def _left(self, candidates: Sequence[Channel], tried: _Tried) -> list[Credential]:
        """Return the credentials that may be asked once they can be had."""
        there = (one for channel in candidates for one in self._parts.credentials.all(channel.id))
        return [one for one in there if one.state not in OUT_OF_USE and one.id not in tried]

    def _pooled(self) -> bool:
        channel = self.channel
        return channel is not None and isinstance(channel.settings, PooledChannelSettings)

    def _wait(
        self, candidates: Sequence[Channel], quotas: Sequence[Quota], tried: Container[int] = ()
    ) -> float:
        """Return the seconds until somebody may be asked again."""
        parts = self._parts
        now = parts.clock.monotonic()
        waits = []
        for channel in candidates:
            needs_none = parts.providers[channel.provider].credential is None
            ready = 0.0 if needs_none else parts.credentials.ready_in(channel, quotas, tried)
            # A channel of which nobody knows is no reason to come back before another is ready.
            if ready is not None:
                waits.append(max(ready, parts.channels.breaker(channel).opens_in(now)))
        return max(1.0, min(waits, default=1.0))

    def _nobody(
        self, candidates: Sequence[Channel], quotas: Sequence[Quota], tried: _Tried
    ) -> PlugwayError:
        parts = self._parts
        now = parts.clock.monotonic()
        wait = self._wait(candidates, quotas, tried)
        mine = self._left(candidates, _Tried(self._pin, None))
        if mine and not self._left(candidates, tried):
            return TierTooLow("no account has paid for this model", acted=False)
        bound = self._pin is not None and self._pin.credential_id is not None
        if (mine or not bound) and any(
            parts.credentials.resting(channel)
            and parts.channels.breaker(channel).opens_in(now) <= 0
            for channel in candidates
        ):
            return QuotaExhausted(
                "every credential of this model is resting or in use; try again later",
                retry_after=wait,
                acted=False,
            )
        said = "every channel of this model is out of service now"
        if bound and not mine:
            said = "the account that this is bound to is out of use"
        elif any(isinstance(channel.settings, PooledChannelSettings) for channel in candidates):
            said = "no account of this model is in good order now: each needs a look, or a sign-in"
        return NoChannel(f"no available channel: {said}", retry_after=wait)


class _Tried:
    """Names the credentials that are not wanted: tried ones, all but one, or unsuitable ones.

    It is true once a try has failed: whoever has met one that fails meets no other that may.
    """

    def __init__(self, pin: Binding | None, suits: Callable[[int], bool] | None) -> None:
        self._only = None if pin is None else pin.credential_id
        self._suits = suits
        self._ids: set[int] = set()

    def add(self, credential_id: int) -> None:
        self._ids.add(credential_id)

    def __bool__(self) -> bool:
        return bool(self._ids)

    def __contains__(self, credential_id: object) -> bool:
        if credential_id in self._ids or self._only not in (None, credential_id):
            return True
        if self._suits is None or not isinstance(credential_id, int):
            return False
        try:
            return not self._suits(credential_id)
        except Exception:  # others' calls are served meanwhile: they must not meet it
            log.exception("a plugin failed to say whether credential %d suits", credential_id)
            self._suits = None
            return False
