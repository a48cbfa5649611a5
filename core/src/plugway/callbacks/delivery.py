"""Delivers what is in the outbox."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from yarl import URL

from plugway.callbacks import outbox
from plugway.callbacks.schedule import gives_up, wait_after
from plugway.credentials.vault import VaultError
from plugway.errors import ClientError, Unavailable, UpstreamError
from plugway.identity import webhook_secret
from plugway.webhooks import sign_webhook

if TYPE_CHECKING:
    from plugway.alerts import Alerts
    from plugway.callbacks.outbox import Due
    from plugway.callbacks.record import CallbackRecord
    from plugway.clock import Clock
    from plugway.credentials.vault import Vault
    from plugway.settings import CallbackSettings
    from plugway.storage.database import Database
    from plugway.telemetry.metrics import Metrics
    from plugway.upstream import Upstream

log = logging.getLogger(__name__)

#: Seconds between two looks at the outbox, after one that found something and after another.
BUSY, IDLE = 0.1, 1.0

#: Messages that one look takes in.
SCAN = 500

#: Seconds that a claim lasts beyond the receiver's time: for the database, and for a while in
#: which this process does not run.
SPARE = 30.0

#: Bytes of an answer that are read, and thrown away.
ANSWER_BYTES = 64 * 1024

_ACCEPTED = range(200, 300)


class _Outcome(NamedTuple):
    """Is what became of one try; without a reason it was accepted."""

    status: int | None
    reason: str | None
    retry_after: float | None = None


class Deliveries:
    """Sends messages to clients, several at once and few to any one host.

    Every process of a gateway has one; a claim keeps two from sending the same message, unless
    one dies before it could write what became of it.
    """

    def __init__(
        self,
        *,
        database: Database,
        upstream: Upstream,
        vault: Vault,
        clock: Clock,
        settings: Callable[[], CallbackSettings],
        metrics: Metrics,
        alerts: Alerts,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Take the parts; nothing runs before `run` or `run_once`.

        Args:
            database: Where the outbox is.
            upstream: Reaches public addresses only, which is checked as it connects.
            vault: Opens the users' secrets.
            clock: The time.
            settings: Returns the settings as they are now.
            metrics: Counts.
            alerts: Hears of messages that are given up.
            chance: Returns 0 to 1; spreads tries.
        """
        self._database = database
        self._upstream = upstream
        self._vault = vault
        self._clock = clock
        self._settings = settings
        self._metrics = metrics
        self._alerts = alerts
        self._chance = chance
        self._running: set[asyncio.Task[None]] = set()
        self._hosts: Counter[str] = Counter()

    async def run(self) -> None:
        """Deliver until cancelled; what is being sent then is sent to its end."""
        try:
            while True:
                begun: list[asyncio.Task[None]] = []
                try:
                    begun = await self._begin(self._clock.now())
                except Unavailable as error:
                    log.warning("the outbox cannot be read: %s", error.message)
                except Exception:  # the next look may go better
                    log.exception("the outbox cannot be read")
                await self._clock.sleep(BUSY if begun else IDLE)
        finally:
            if self._running:
                await asyncio.wait(self._running, timeout=self._settings().timeout + SPARE / 2)

    async def run_once(self, now: int) -> int:
        """Do one round: claim what is due and there is room for, and wait until it is sent.

        Args:
            now: Microseconds since 1970.

        Returns:
            How many messages were tried.

        Raises:
            Unavailable: The database is away.
        """
        begun = await self._begin(now)
        if begun:
            await asyncio.wait(begun)
        return len(begun)

    async def _begin(self, now: int) -> list[asyncio.Task[None]]:
        settings = self._settings()
        room = settings.concurrency - len(self._running)
        if room <= 0:
            return []
        found = await outbox.due(self._database, now, SCAN)
        chosen, crowded = self._choose(found, room, settings.per_host)
        parked = [one for one in found if one.behind is not None and one.behind > now]
        if crowded and len(found) == SCAN and len(chosen) < room:
            # The many messages of a few hosts hide those of others.
            await outbox.defer(self._database, crowded, now, now + _micros(settings.timeout))
        until = now + _micros(settings.timeout + SPARE)
        claimed = await outbox.claim(self._database, chosen, parked, until)
        return [self._start(message, settings) for message in claimed]

    def _choose(self, found: list[Due], room: int, per_host: int) -> tuple[list[Due], list[int]]:
        """Return what there is room for, and what there is none for at its host."""
        hosts = self._hosts.copy()
        chosen: list[Due] = []
        crowded: list[int] = []
        for one in found:
            host = _host(one.url)
            if hosts[host] >= per_host:
                crowded.append(one.id)
            elif one.behind is None and len(chosen) < room:
                hosts[host] += 1
                chosen.append(one)
        return chosen, crowded

    def _start(self, message: CallbackRecord, settings: CallbackSettings) -> asyncio.Task[None]:
        host = _host(message.url)

        def ended(task: asyncio.Task[None]) -> None:
            self._running.discard(task)
            self._hosts[host] -= 1
            if self._hosts[host] <= 0:
                del self._hosts[host]

        self._hosts[host] += 1
        task = asyncio.create_task(self._deliver(message, settings))
        self._running.add(task)
        task.add_done_callback(ended)
        return task

    async def _deliver(self, message: CallbackRecord, settings: CallbackSettings) -> None:
        try:
            outcome = await self._send(message, settings.timeout)
            await self._note(message, outcome, settings.hours)
        except Unavailable as error:
            # When the claim ends it is sent, if need be once more.
            log.warning("callback %d is left for later: %s", message.id, error.message)
        except Exception:  # one message must not stop the others
            log.exception("callback %d failed; it is tried when its claim ends", message.id)

    async def _send(self, message: CallbackRecord, timeout: float) -> _Outcome:  # noqa: ASYNC109  # of the request
        now = self._clock.now()
        body = message.body.encode()
        timestamp = now // 1_000_000
        headers = [
            ("Content-Type", "application/json; charset=utf-8"),
            ("webhook-id", message.message_id),
            ("webhook-timestamp", str(timestamp)),
        ]
        try:
            # Each time anew: a user who changes the secret need not wait for anything.
            secrets = await webhook_secret.read(self._database, self._vault, message.user_id, now)
            signatures = [sign_webhook(one, message.message_id, timestamp, body) for one in secrets]
        except VaultError:
            return _Outcome(None, "the user's webhook secret cannot be opened")
        if signatures:
            headers.append(("webhook-signature", " ".join(signatures)))
        try:
            answer = await self._upstream.fetch(
                message.url,
                method="POST",
                headers=headers,
                body=body,
                max_bytes=ANSWER_BYTES,
                timeout=timeout,
                discard=True,
            )
        except (ClientError, UpstreamError) as error:
            return _Outcome(None, error.message)
        if answer.status in _ACCEPTED:
            return _Outcome(answer.status, None)
        return _Outcome(answer.status, f"answered with {answer.status}", answer.retry_after)

    async def _note(self, message: CallbackRecord, outcome: _Outcome, hours: float) -> None:
        now = self._clock.now()
        if outcome.reason is None:
            await outbox.delivered(self._database, message, outcome.status or 0, now)
            self._metrics.callback("delivered")
            return
        tries = message.tries + 1
        again = now + _micros(wait_after(tries, outcome.retry_after, self._chance()))
        over = gives_up(tries, message.created_at, again, hours)
        held = await outbox.failed(
            self._database,
            message,
            status=outcome.status,
            reason=outcome.reason,
            now=now,
            next_try_at=None if over else again,
        )
        if not held:
            return
        self._metrics.callback("failed" if over else "retried")
        if over:
            self._alerts.tell(
                "callback_failed",
                _host(message.url),
                f"callback {message.id} of task {message.call_id} is given up after {tries} "
                f"tries: {outcome.reason}",
            )


def _host(url: str) -> str:
    try:
        found = URL(url)
        return f"{found.host}:{found.port}"
    except ValueError:
        return ""


def _micros(seconds: float) -> int:
    return round(seconds * 1_000_000)
