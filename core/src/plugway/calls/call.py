"""One metered client call, from key to settlement."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

import msgspec

from plugway.calls.body import ClientDeparted, RequestBody
from plugway.calls.departure import Watch, watch
from plugway.calls.forward import Forwarding
from plugway.calls.quoting import candidates, dearest
from plugway.calls.relay import relay
from plugway.calls.settlement import Settlement
from plugway.calls.standing import Standing
from plugway.calls.turns import Turns
from plugway.contract import PooledChannelSettings, Usage
from plugway.errors import Cancelled
from plugway.ids import new_id
from plugway.ledger.operations import Reserve

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway.bindings import Binding
    from plugway.calls.parts import Parts
    from plugway.calls.turn import Turn
    from plugway.contract import Channel, Provider, Quota
    from plugway.request import Request
    from plugway.upstream import Answer

E = TypeVar("E")


class Call:
    """Takes one client request to an upstream and back, and charges it once.

    Made by `gateway.calls.open`. The part after the upstream was asked is bounded by the
    channel's timeouts and, when the client has left, by the provider's `Departure`.

    Attributes:
        id: The call's own id: idempotency key of its hold.
        request: The client's request.
        provider: The provider.
        model: The model.
        usages: What will be settled.
        departed: The client has left.
        answer_id: What the client sees as the answer's id, but for a prefix; empty: nothing.
        streaming: The client takes the answer as it comes.
    """

    def __init__(
        self,
        parts: Parts,
        request: Request,
        provider: Provider,
        model: str,
        usages: tuple[Usage, ...],
        pin: Binding | None = None,
        listed: str | None = None,
    ) -> None:
        self.id = new_id()
        self.request = request
        self.provider = provider
        self.model = model
        self.usages = usages
        self.departed = False
        self.answer_id = ""
        self.streaming = False
        self._parts = parts
        self._candidates: list[Channel] = []
        self._body: RequestBody | None = None
        self._watch: Watch | None = None
        self._cut: asyncio.TimerHandle | None = None
        self._was_cut = False
        self._stopped = False
        self._standing: Standing | None = None
        self._overhead: float | None = None
        self._pin = pin
        self._listed = listed or model
        self._forwarding: Forwarding | Turns = Forwarding(parts, pin)
        self._settlement = Settlement(parts, self)

    @property
    def channel(self) -> Channel | None:
        """Return the channel that was asked last."""
        return self._forwarding.channel

    @property
    def credential_id(self) -> int | None:
        """Return the credential that was used last."""
        return self._forwarding.credential_id

    @property
    def upstream_seconds(self) -> float:
        """Return how long upstreams were waited for, until their headers came."""
        return self._forwarding.seconds

    @property
    def held(self) -> int:
        """Return the credits held for this call."""
        return self._settlement.held

    def overhead(self) -> float:
        """Return the seconds of the gateway's own work until the answer began.

        Waiting for the upstream, before its headers and between its chunks, is not counted.
        """
        if self._overhead is None:
            spent = self._parts.clock.monotonic() - self.request.started
            return spent - self.upstream_seconds
        return self._overhead

    @property
    def begun(self) -> bool:
        """Say whether the answer has begun."""
        return self._overhead is not None

    def begin_answer(self) -> float:
        """Note that the answer begins now; return the overhead until here."""
        self._overhead = self.overhead()
        return self._overhead

    async def __aenter__(self) -> Call:
        parts, request = self._parts, self.request
        principal = request.principal
        allowed = principal.models
        own = allowed is not None and self.model in allowed
        permitted = self.model if own else self._listed
        await parts.identity.permit(principal, model=permitted, ip=request.client_ip)
        self._candidates = candidates(
            parts, self.provider.name, self._listed, principal.group, self._pin
        )
        channel, quote = dearest(parts, self.provider.name, self.usages, self._candidates)
        if quote.credits:
            now = parts.clock.now()
            settings = parts.settings().ledger
            seconds = settings.hold_seconds + _longest_wait(self._candidates)
            await parts.ledger.reserve(
                Reserve(
                    call_id=self.id,
                    account_id=principal.account_id,
                    key_account_id=principal.key_account_id,
                    key_id=principal.key_id,
                    amount=quote.credits,
                    quote=msgspec.json.encode(quote).decode(),
                    created_at=now,
                    expires_at=now + round(seconds * 1_000_000),
                ),
                wait=settings.reserve_wait,
            )
            self._settlement.held = quote.credits
        self._settlement.quoted = (channel, self.usages, quote.credits)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._watch is not None:
            self._watch.stop()
        if self._cut is not None:
            self._cut.cancel()
        if self._standing is not None:
            # Also where a plugin has left its turns open: nobody cancels what is being settled.
            self._parts.queue.leave(self._standing)
        if self._stopped:
            mine = self.request.task.uncancel() == 0
            if error is not None and (mine or not isinstance(error, asyncio.CancelledError)):
                # Whatever the work has made of it: this is why it ended.
                stopped = Cancelled()
                await self._forwarding.close()
                await self._settlement.durable(self._settlement.end(stopped))
                raise stopped from error
        await self._forwarding.close()
        ended = self._settlement.end(error)
        cancelled = isinstance(error, asyncio.CancelledError)
        cut = cancelled and self._was_cut and self.request.task.uncancel() == 0
        if cancelled and not cut:
            # Somebody else ends this task: the ledger has the word, and needs nobody to wait.
            return
        await self._settlement.durable(ended)
        if cut or (self.departed and error is not None):
            raise ClientDeparted from error

    async def forward(
        self,
        request: Request,
        *,
        method: str | None = None,
        target: str | None = None,
        headers: tuple[tuple[bytes, bytes], ...] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        """Send the request to a channel and return its answer's beginning.

        Another channel is tried only where the first cannot have acted: the connection was
        never made, or it refused with 401, 403, 429 or 503.

        Args:
            request: The client's request, sent as it is but for what follows.
            method: Another method.
            target: Another path and query, as on the wire.
            headers: Other headers, before the grant's are set.
            content: Another body.

        Returns:
            The answer; its body has not been read.

        Raises:
            UpstreamError: No channel answered.
            NoChannel: No channel could be asked now.
            ClientDeparted: The client left before its request was complete.
        """
        if content is not None:
            body = RequestBody(request.receive)
            body.content = content
        else:
            body = await RequestBody.read(
                request.scope, request.receive, self._parts.settings().relay.replay_bytes
            )
        if body.complete or content is not None:
            self._watch_client()
        else:
            body.on_complete = self._watch_client
        forwarding = Forwarding(self._parts, self._pin)
        self._forwarding = forwarding
        answer = await forwarding.send(
            self._candidates,
            method=method or request.method,
            target=target if target is not None else _target(request),
            headers=headers if headers is not None else request.scope["headers"],
            body=body,
        )
        self._settlement.answered(answer.status)
        return answer

    async def turns(
        self,
        work: Callable[[Turn], AsyncGenerator[E, None]],
        *,
        quotas: Sequence[Quota] = ("text",),
        binding: Callable[[E], bool] = lambda _: True,
    ) -> AsyncGenerator[E, None]:
        """Do work that is more than one exchange, with one credential after another.

        Another one is tried only while nothing binding has come and the first cannot have
        acted, or its error says that it is `retryable`. From the first binding thing on the
        call is charged.

        Args:
            work: An asynchronous generator of what comes.
            quotas: Kinds of the credential's quota that it draws from.
            binding: Says whether something that came is part of the answer.

        Yields:
            What the work gives.

        Raises:
            PlugwayError: What the last try raised.
            NoChannel: No channel could be asked now.
            Cancelled: Somebody has cancelled it; see `gateway.queue`.
        """
        self._watch_client()
        standing = self._standing = self._stand()
        turns = Turns(self._parts, self.request, standing)
        self._forwarding = turns
        try:
            async with aclosing(turns.run(self._candidates, quotas, work, binding)) as stream:
                async for one in stream:
                    if binding(one):
                        self._settlement.answered(200)
                    yield one
        finally:
            self._parts.queue.leave(standing)
        # Nothing binding may have come, and yet the work was done.
        self._settlement.answered(200)

    def observe(self, *usages: Usage) -> None:
        """State what the call did use; it is settled instead of what was held.

        Args:
            usages: At least one.
        """
        self.usages = usages

    def refuse(self, reason: str) -> None:
        """Say that the upstream did not do the work, whatever its HTTP status: release.

        Args:
            reason: Short, kept with the ledger entry; no secret.
        """
        self._settlement.refused = reason

    async def settle(self) -> None:
        """Settle now, before an answer of the plugin's own is sent; leaving would do it too.

        Raises:
            LedgerUnavailable: The ledger did not confirm in time.
        """
        await self._settlement.settle()

    async def relay(self, answer: Answer) -> ASGIApp:
        """Stream the answer to the client, byte for byte; settle before its last byte goes.

        Args:
            answer: What `forward` returned.

        Returns:
            A response that has been sent: return it from the endpoint.

        Raises:
            UpstreamInterrupted: The upstream broke off; the client sees a cut answer too.
        """
        return await relay(self, answer, self._settlement)

    def _stand(self) -> Standing:
        return Standing(
            request_id=self.request.id,
            call_id=self.id,
            answer_id=self.answer_id,
            user=self.request.principal.user,
            provider=self.provider.name,
            model=self.model,
            streaming=self.streaming,
            cut=self._stop,
        )

    def _stop(self) -> bool:
        """End the call from another task; return whether that is what ends it."""
        if self._was_cut or self.request.task.cancelling():
            return False
        self._stopped = True
        return self.request.task.cancel("the call was cancelled")

    def _watch_client(self) -> None:
        loop = self.request.task.get_loop()
        self._watch = watch(self.request.receive, self._on_leave, loop)

    def _on_leave(self) -> None:
        self.departed = True
        loop = self.request.task.get_loop()
        seconds, standing = self.provider.departure.seconds, self._standing
        if standing is not None:
            standing.departed = True
            if self._parts.queue.waits(standing):
                # No upstream works for it: there is nothing to hear out.
                seconds = 0.0
        self._cut = loop.call_later(seconds, self._cut_short)

    def _cut_short(self) -> None:
        if self._stopped:
            return
        self._was_cut = True
        self.request.task.cancel("the client has left")


def _longest_wait(channels: Sequence[Channel]) -> float:
    """Return the seconds that a call may wait for a credential, which its hold survives."""
    pooled = (one.settings for one in channels if isinstance(one.settings, PooledChannelSettings))
    return max((settings.wait for settings in pooled), default=0.0)


def _target(request: Request) -> str:
    scope = request.scope
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    # Servers differ in whether raw_path holds the query.
    path = raw.partition(b"?")[0]
    return (path + b"?" + query if query else path).decode("latin-1")
