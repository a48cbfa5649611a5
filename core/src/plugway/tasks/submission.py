"""One submit of a task, from key to the upstream's word that it took it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import TYPE_CHECKING

import msgspec

from plugway.calls.body import RequestBody
from plugway.calls.forward import Forwarding
from plugway.calls.quoting import candidates, dearest
from plugway.calls.standing import Standing
from plugway.calls.turns import Turns
from plugway.contract import TaskUpdate
from plugway.errors import (
    Cancelled,
    LedgerUnavailable,
    PlugwayError,
    UnreadableAnswer,
    UpstreamError,
    UpstreamInterrupted,
    UpstreamTimeout,
)
from plugway.ids import new_id
from plugway.ledger.operations import Advance, Finish, Reserve
from plugway.tasks import told, verdict
from plugway.tasks.asked import Asked, begun
from plugway.tasks.facts import Facts
from plugway.tasks.pace import FIND_FIRST
from plugway.telemetry.access import FACTS, CallFacts

if TYPE_CHECKING:
    from plugway.calls.parts import Parts
    from plugway.calls.turn import Turn
    from plugway.contract import Channel, Quota, Task
    from plugway.credentials.pool import Claim
    from plugway.request import Request
    from plugway.tasks.journal import Journal
    from plugway.tasks.keeping import Keeping
    from plugway.tasks.room import Room
    from plugway.upstream import Answer

log = logging.getLogger(__name__)

_SECOND = 1_000_000

#: Errors of a submit after which nobody knows whether it was taken.
_LOST = (UpstreamTimeout, UpstreamInterrupted, UnreadableAnswer)


class Submission:
    """Takes one task to an upstream; from then on the poller has it.

    Made by `gateway.tasks.open`. Its row and its hold are durable before anything is sent, and
    so is the credential before the bytes that go with it: whatever dies afterwards, the task
    can be asked for. Left without `accept` or `refuse` it is released if nothing was sent, and
    `unknown` otherwise: the poller finds out what became of it. A client that leaves changes
    nothing.

    Attributes:
        call_id: Its own id; the upstream gets it as our name for the task.
        request: The client's request.
        channel: The channel that was asked last.
        credential_id: The credential that was used last.
    """

    def __init__(
        self,
        parts: Parts,
        journal: Journal,
        keeping: Keeping,
        room: Room,
        request: Request,
        asked: Asked,
    ) -> None:
        self.call_id = new_id()
        self.request = request
        self.channel: Channel | None = None
        self.credential_id: int | None = None
        self._parts = parts
        self._journal = journal
        self._keeping = keeping
        self._room = room
        self._asked = asked
        self._candidates: list[Channel] = []
        self._forwarding: Forwarding | Turns | None = None
        self._task: Task | None = None
        self._sent = False
        self._fetching = 0.0
        self._state = "released"

    async def __aenter__(self) -> Submission:
        parts, asked, principal = self._parts, self._asked, self.request.principal
        allowed = principal.models
        own = allowed is not None and asked.model in allowed
        permitted = asked.model if own else asked.listed
        await parts.identity.permit(principal, model=permitted, ip=self.request.client_ip)
        if asked.callback_url is not None:
            parts.upstream.check_url(asked.callback_url)
        self._candidates = candidates(
            parts, asked.provider, asked.listed, principal.group, asked.pin
        )
        _, quote = dearest(parts, asked.provider, asked.usages, self._candidates)
        now = parts.clock.now()
        settings = parts.settings()
        longest = max(self._patience(channel) for channel in self._candidates)
        new = asked.row(
            self.request,
            facts=self._facts(),
            price=quote.credits,
            next_poll_at=now + longest,
            deadline=now + round(settings.tasks.deadline * _SECOND),
        )
        await parts.ledger.reserve(
            Reserve(
                call_id=self.call_id,
                account_id=principal.account_id,
                key_account_id=principal.key_account_id,
                key_id=principal.key_id,
                amount=quote.credits,
                quote=msgspec.json.encode(quote).decode(),
                created_at=now,
                expires_at=new.deadline,
                task=new,
            ),
            wait=settings.ledger.reserve_wait,
        )
        self._task = begun(new, self.call_id, now)
        return self

    async def send(self, *, target: str, content: bytes, method: str = "POST") -> Answer:
        """Send the submit to a channel and return its answer's beginning.

        Another channel is tried only where the first cannot have acted, as with calls.

        Args:
            target: Path and query, as on the wire.
            content: The body, with `call_id` as our name for the task where the upstream takes
                one.
            method: HTTP method.

        Returns:
            The answer; its body has not been read.

        Raises:
            UpstreamError: No channel answered.
            NoChannel: No channel could be asked now.
            LedgerUnavailable: Where it would go could not be made durable; nothing was sent.
        """
        body = RequestBody(self.request.receive)
        body.content = content
        forwarding = self._forwarding = Forwarding(self._parts, self._asked.pin, self._before)
        try:
            return await forwarding.send(
                self._candidates,
                method=method,
                target=target,
                # The answer is read here and not by the client, so it must not come packed.
                headers=[
                    pair for pair in self.request.scope["headers"] if pair[0] != b"accept-encoding"
                ],
                body=body,
            )
        except UpstreamError:
            raise
        except PlugwayError:
            # It could not be put into a request, or nobody could be asked: whoever was asked
            # before has refused it.
            self._sent = False
            raise

    async def submit(
        self,
        work: Callable[[Turn], Awaitable[TaskUpdate]],
        *,
        quotas: Sequence[Quota] = ("text",),
        suits: Callable[[int], bool] | None = None,
    ) -> TaskUpdate:
        """Do a submit that is more than one exchange, or goes to a pool of accounts.

        Another credential is tried only where the first cannot have acted, or its error says
        that it is `retryable`. Of a pool it is one whose tasks leave room for another.

        Args:
            work: Makes the task; what it returns is accepted.
            quotas: Kinds of the credential's quota that it draws from.
            suits: Says of a credential whether it may be asked at all; None: all may.

        Returns:
            What became of it, its media kept.

        Raises:
            PlugwayError: What the last try raised: the task is refused, or `unknown` if its
                answer was lost.
            NoChannel: No channel could be asked now.
            Cancelled: Somebody has cancelled it while it waited; see `gateway.queue`.
            LedgerUnavailable: It could not be made durable in time.
        """
        parts, standing = self._parts, self._stand()
        turns = self._forwarding = Turns(
            parts,
            self.request,
            standing,
            pin=self._asked.pin,
            before=self._has_room,
            busy=self._room.full(self._asked.kind),
            suits=suits,
        )

        async def once(turn: Turn) -> AsyncGenerator[TaskUpdate, None]:
            try:
                made = told.checked(await work(turn))
            except PlugwayError as error:
                # Who makes a task by several requests says what an error means.
                self._sent = isinstance(error, _LOST) and error.acted
                raise
            yield made

        update = None
        alive = asyncio.create_task(self._stay())
        try:
            tries = turns.run(self._candidates, quotas, once, lambda _: True)
            async with aclosing(tries):
                async for made in tries:
                    update = made
            if update is None:
                raise UnreadableAnswer
            update = await self._kept(update)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if standing.cancelled and task is not None and task.uncancel() == 0:
                raise Cancelled from None
            raise
        finally:
            alive.cancel()
            parts.queue.leave(standing)
        await self._accepted(update)
        return update

    async def _stay(self) -> None:
        """Keep the poller from the task while somebody is busy with it, however long."""
        clock = self._parts.clock
        while True:
            patience = min(map(self._patience, self._candidates))
            await clock.sleep(patience / 2 / _SECOND)
            now = clock.now()
            await self._journal.write(
                Advance(call_id=self.call_id, at=now, next_poll_at=now + patience)
            )

    async def _kept(self, update: TaskUpdate) -> TaskUpdate:
        named = update.upstream_id is not None
        if named and update.media and update.state == "succeed":
            # Fetching takes its time, and whoever asks after a crash needs the name.
            await self._journal.write(
                Advance(
                    call_id=self.call_id,
                    at=self._parts.clock.now(),
                    state="processing",
                    upstream_id=update.upstream_id,
                    answer=update.answer,
                )
            )
        began = self._parts.clock.monotonic()
        try:
            return await self._keeping.kept(self._known(), update)
        except PlugwayError as error:
            if not named:
                # Nobody can be asked for it.
                self._sent = False
                raise
            # It is made: the poller asks for it until it can be had.
            log.warning("what task %s has made is not kept yet: %s", self.call_id, error.message)
            return msgspec.structs.replace(update, state="processing", media=())
        finally:
            self._fetching = self._parts.clock.monotonic() - began

    async def _has_room(self, claim: Claim) -> bool:
        """Say whether a credential may have one more task, and if so make durable that it has."""
        if not await self._room.is_there(self._known(), claim):
            return False
        credential = claim.credential
        await self._before(claim.channel, None if credential is None else credential.id)
        return True

    def _stand(self) -> Standing:
        task = asyncio.current_task()

        def cut() -> bool:
            # What was sent goes on, whoever wants it no more.
            return not self._sent and task is not None and task.cancel("the task was cancelled")

        return Standing(
            request_id=self.request.id,
            call_id=self.call_id,
            answer_id="",
            user=self.request.principal.user,
            provider=self._asked.provider,
            model=self._asked.model,
            streaming=False,
            cut=cut,
        )

    async def accept(self, update: TaskUpdate) -> None:
        """Note that the upstream took the task; durable on return.

        Args:
            update: What it said, with its name for the task.

        Raises:
            LedgerUnavailable: It could not be made durable in time; it will be.
            UnreadableAnswer: The update is none; the task is looked for.
            PlugwayError: What was made could not be kept, and has no name to ask by.
        """
        await self._accepted(await self._kept(told.checked(update)))

    async def _accepted(self, update: TaskUpdate) -> None:
        task = self._known()
        task = msgspec.structs.replace(task, facts=self._facts())
        self._task, self._state = None, "held"
        self._note()
        if not await self._journal.accepted(task, update):
            raise LedgerUnavailable("the ledger did not confirm the task in time")

    async def refuse(self, reason: str) -> None:
        """Say that the upstream did not take the task: released, its external id is free again.

        Args:
            reason: Short, kept with the task; no secret.
        """
        task, self._task = self._known(), None
        self._note()
        await self._journal.end(task, "failed", reason, refused=True, tell=False)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._forwarding is not None:
            await self._forwarding.close()
        if self._task is None:
            return
        task, self._task = self._known(), None
        refused = isinstance(error, UpstreamError) and not error.acted
        taken = self._sent and not refused
        if taken:
            self._state = "held"
        self._note()
        operation = self._left(task, error, taken=taken)
        if isinstance(error, asyncio.CancelledError):
            # Somebody ends this task of the event loop; the ledger needs nobody to wait.
            self._parts.ledger.submit(operation)
        else:
            await self._journal.write(operation)

    def _left(self, task: Task, error: BaseException | None, *, taken: bool) -> Advance | Finish:
        now = self._parts.clock.now()
        if not taken:
            reason = error.code if isinstance(error, PlugwayError) else "not sent"
            return verdict.ended(task, "failed", reason, now, refused=True)
        return Advance(
            call_id=task.call_id,
            at=now,
            state="unknown",
            reason="the answer to its submit was lost",
            facts=self._facts(),
            next_poll_at=now + round(FIND_FIRST * _SECOND),
        )

    async def _before(self, channel: Channel, credential_id: int | None) -> None:
        """Make durable who is asked, before the first byte goes there."""
        parts, asked = self._parts, self._asked
        price = parts.tariff().quote(asked.provider, asked.usages, channel.settings).credits
        now = parts.clock.now()
        written = await self._journal.write(
            Advance(
                call_id=self.call_id,
                at=now,
                channel_id=channel.id,
                credential_id=credential_id,
                price=price,
                next_poll_at=now + self._patience(channel),
            )
        )
        if written is None or written.repeated:
            raise LedgerUnavailable("the ledger did not confirm the task in time")
        self.channel, self.credential_id = channel, credential_id
        self._task = msgspec.structs.replace(
            self._known(), channel_id=channel.id, credential_id=credential_id, price=price
        )
        self._sent = True

    def _patience(self, channel: Channel) -> int:
        """Return the microseconds after which nobody can be busy any more with this submit.

        It takes the time for minting a grant and that for the exchange; the rest is for a
        process that is slow.
        """
        spare = self._parts.settings().tasks.find_seconds / 2
        return round((2 * channel.settings.total_timeout + spare) * _SECOND)

    def _known(self) -> Task:
        if self._task is None:
            raise RuntimeError("this submission has ended, or was not entered")
        return self._task

    def _facts(self) -> str:
        principal = self.request.principal
        facts = Facts(
            request_id=self.request.id,
            account_id=principal.account_id,
            key_id=principal.key_id,
            ip=self.request.client_ip,
            usages=self._asked.usages,
            upstream_ms=round(self._waited() * 1000),
            overhead_us=max(0, round(self._spent() * 1_000_000)),
        )
        return msgspec.json.encode(facts).decode()

    def _spent(self) -> float:
        """Return the seconds of the gateway's own work so far."""
        since = self._parts.clock.monotonic() - self.request.started
        return since - self._waited()

    def _waited(self) -> float:
        return self._fetching + (0.0 if self._forwarding is None else self._forwarding.seconds)

    def _note(self) -> None:
        """Leave what the request's log line says of it."""
        self.request.scope[FACTS] = CallFacts(
            call_id=self.call_id,
            user=self.request.principal.user,
            provider=self._asked.provider,
            model=self._asked.model,
            channel=self.channel.name if self.channel else None,
            outcome=self._state,
            overhead=self._spent(),
        )
