"""How a call ends: settled or released, once, whoever has left meanwhile."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from plugway.contract import CallSettled
from plugway.errors import LedgerUnavailable, PlugwayError, UpstreamError
from plugway.ledger.operations import Outcome, Record, Release, Settle, UsageRecord
from plugway.telemetry.access import FACTS, CallFacts

if TYPE_CHECKING:
    from plugway.calls.call import Call
    from plugway.calls.parts import Parts
    from plugway.contract import Channel, Usage
    from plugway.request import Request

log = logging.getLogger(__name__)


class Settlement:
    """Ends one call in the ledger.

    Attributes:
        held: Credits held; 0: the call is free.
        quoted: The channel and the usage that the hold was quoted for, and the credits.
        refused: Reason to release whatever the status says.
    """

    __slots__ = ("_call", "_ended", "_parts", "_status", "held", "quoted", "refused")

    def __init__(self, parts: Parts, call: Call) -> None:
        self._parts = parts
        self._call = call
        self._status: int | None = None
        self._ended: asyncio.Future[Outcome] | None = None
        self.held = 0
        self.quoted: tuple[Channel, tuple[Usage, ...], int] | None = None
        self.refused: str | None = None

    def answered(self, status: int) -> None:
        """Note the upstream's status: below 400 it accepted the call."""
        self._status = status

    async def settle(self) -> None:
        """End the call now and wait until that is durable.

        Raises:
            LedgerUnavailable: The database did not take it in time; it will, later.
        """
        if not await self.durable(self.end(None)):
            raise LedgerUnavailable("the ledger did not confirm the settlement in time")

    def end(self, error: BaseException | None) -> asyncio.Future[Outcome]:
        """Hand the end to the ledger's writer; the first word counts.

        Synchronous, so that no cancellation can come between.

        Args:
            error: Why the call ends, if it failed.
        """
        if self._ended is None:
            self._ended = self._submit(error)
            self._ended.add_done_callback(self._tell)
        return self._ended

    async def durable(self, ended: asyncio.Future[Outcome]) -> bool:
        """Wait for the ledger, within bounds; say whether it confirmed."""
        return await self._parts.patience.wait(ended)

    def _submit(self, error: BaseException | None) -> asyncio.Future[Outcome]:
        call, parts = self._call, self._parts
        now = parts.clock.now()
        accepted = self._status is not None and self._status < 400 and self.refused is None
        if isinstance(error, UpstreamError) and not error.charged:
            accepted = False
        usage = self._usage(error, now, observed=accepted)
        if not self.held:
            return parts.ledger.submit(Record(usage=usage))
        if not accepted:
            reason = self.refused or _reason(error, self._status)
            return parts.ledger.submit(Release(call_id=call.id, reason=reason, at=now, usage=usage))
        return parts.ledger.submit(
            Settle(call_id=call.id, amount=self._amount(), at=now, usage=usage)
        )

    def _amount(self) -> int:
        call, channel = self._call, self._call.channel
        if self.quoted is not None and self.quoted[0] is channel and self.quoted[1] is call.usages:
            return self.quoted[2]
        try:
            quote = self._parts.tariff().quote(
                call.provider.name, call.usages, channel.settings if channel else None
            )
        except PlugwayError as error:
            # The price went away during the call, or the usage is absurd: what was held was
            # agreed to, so that is what is charged.
            log.error("call %s settles on its hold: %s", call.id, error.message)
            return self.held
        return quote.credits

    def _usage(self, error: BaseException | None, now: int, *, observed: bool) -> UsageRecord:
        call = self._call
        principal = call.request.principal
        seen = call.usages if observed else ()
        status, code = _status(error, self._status, departed=call.departed)
        return UsageRecord(
            call_id=call.id,
            request_id=call.request.id,
            account_id=principal.account_id,
            user_id=principal.user_id,
            key_id=principal.key_id,
            provider=call.provider.name,
            model=call.model,
            channel_id=call.channel.id if call.channel else None,
            credential_id=call.credential_id,
            status=status,
            upstream_ms=round(call.upstream_seconds * 1000),
            overhead_us=max(0, round(call.overhead() * 1_000_000)),
            ip=call.request.client_ip,
            created_at=now,
            input_tokens=sum([one.input_tokens for one in seen]),
            output_tokens=sum([one.output_tokens for one in seen]),
            images=sum([one.images for one in seen]),
            videos=sum([one.videos for one in seen]),
            estimated=any([one.estimated for one in seen]),  # noqa: C419  # a list is faster
            error=code,
            agent=_agent(call.request),
        )

    def _tell(self, ended: asyncio.Future[Outcome]) -> None:
        call = self._call
        failure = None if ended.cancelled() else ended.exception()
        if failure is not None:
            log.error("call %s could not be ended in the ledger: %s", call.id, failure)
            self._parts.metrics.settled("refused")
            self._parts.alert("settlement_failed", f"call {call.id}", str(failure))
            return
        if ended.cancelled():
            return
        outcome = ended.result()
        result = "free" if outcome.state is None else outcome.state
        self._parts.metrics.settled(result)
        if outcome.shortfall:
            said = f"it cost {outcome.shortfall} credits more than could be taken"
            self._parts.alert("settlement_failed", f"call {call.id}", said)
        call.request.scope[FACTS] = CallFacts(
            call_id=call.id,
            user=call.request.principal.user,
            provider=call.provider.name,
            model=call.model,
            channel=call.channel.name if call.channel else None,
            outcome=result,
            overhead=call.overhead(),
        )
        if self._parts.settled is None:
            return
        self._parts.settled(
            CallSettled(
                call_id=call.id,
                request_id=call.request.id,
                user=call.request.principal.user,
                provider=call.provider.name,
                model=call.model,
                channel=call.channel.name if call.channel else None,
                credits=outcome.charged,
                status=self._status or 0,
                outcome=result,
            )
        )


def _agent(request: Request) -> str | None:
    for name, value in request.scope["headers"]:
        if name == b"user-agent":
            text: str = value[:128].decode("latin-1")
            return text
    return None


def _reason(error: BaseException | None, status: int | None) -> str:
    if isinstance(error, PlugwayError):
        return error.code
    if status is not None:
        return f"upstream answered {status}"
    return "not sent" if error is None else type(error).__name__


def _status(
    error: BaseException | None, status: int | None, *, departed: bool
) -> tuple[int, str | None]:
    if departed:
        return 499, "client_departed"
    if isinstance(error, PlugwayError):
        return error.status, error.code
    if error is not None:
        return 500, type(error).__name__
    return status or 500, None if status is not None and status < 400 else "upstream_refused"
