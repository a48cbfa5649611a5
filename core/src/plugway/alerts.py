"""Tells an operator what should be looked at."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from plugway.errors import PlugwayError, UpstreamError
from plugway.ids import new_id
from plugway.telemetry.redaction import redact
from plugway.upstream.timeouts import Timeouts
from plugway.webhooks import sign_webhook

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.settings import AlertSettings
    from plugway.telemetry.metrics import Metrics
    from plugway.upstream import Upstream

log = logging.getLogger(__name__)

#: `task_stuck`: many polls in a row told nothing; `task_expired`: a task was not over by its
#: deadline; `callback_failed`: a client was not reached; `settlement_failed`: the end of a call
#: or task could not be written to the ledger; `channel_failing`: a channel does not work;
#: `credentials_low`: a pool has fewer credentials in good order than it should;
#: `credential_quarantined`: one could not be renewed, again and again.
AlertKind = Literal[
    "task_stuck",
    "task_expired",
    "callback_failed",
    "settlement_failed",
    "channel_failing",
    "credentials_low",
    "credential_quarantined",
]

#: Alerts that wait to be sent at the most; the log has those that find no room.
WAITING = 256

#: Alerts that are remembered, so as not to repeat them.
REMEMBERED = 10_000

#: Times that one is sent, and seconds between.
TRIES, PAUSE = 3, 5.0

_TIMEOUTS = Timeouts(total=10.0, connect=5.0, headers=10.0)


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """Is what is sent.

    Attributes:
        kind: One of a few words.
        subject: What it is about.
        message: One line for people; no secret.
        at: When.
    """

    kind: AlertKind
    subject: str
    message: str
    at: datetime


class Alerts:
    """Logs and counts what an operator should look at, and sends it to an address of theirs."""

    def __init__(
        self,
        *,
        upstream: Upstream,
        clock: Clock,
        settings: Callable[[], AlertSettings],
        metrics: Metrics,
    ) -> None:
        """Take the parts; nothing is sent before `run`.

        Args:
            upstream: Sends; the address is the operator's own and may be private.
            clock: The time.
            settings: Returns the settings as they are now.
            metrics: Counts.
        """
        self._upstream = upstream
        self._clock = clock
        self._settings = settings
        self._metrics = metrics
        self._queue: asyncio.Queue[Alert] = asyncio.Queue(WAITING)
        #: When each was last sent, microseconds since 1970; the oldest first.
        self._sent: dict[tuple[str, str], int] = {}

    def tell(self, kind: AlertKind, subject: str, message: str) -> None:
        """Tell the operator something; returns at once and never raises.

        Each is logged and counted. The same kind and subject is sent once in a while only.

        Args:
            kind: What happened.
            subject: To whom or what, such as a channel's name or a task.
            message: One line; what looks like a secret in it is not passed on.
        """
        subject, message = redact(subject), redact(message)
        log.warning("%s: %s: %s", kind, subject, message, extra={"kind": kind, "subject": subject})
        self._metrics.alerted(kind)
        settings = self._settings()
        if not settings.webhook or not self._is_news(kind, subject, settings.quiet_seconds):
            return
        at = datetime.fromtimestamp(self._clock.now() // 1_000_000, UTC)
        try:
            self._queue.put_nowait(Alert(kind=kind, subject=subject, message=message, at=at))
        except asyncio.QueueFull:
            # The next one of its kind and subject is to be sent.
            del self._sent[kind, subject]
            log.warning("the alert of %s is not sent: too many wait", subject)

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            alert = await self._queue.get()
            try:
                await self._send(alert)
            except Exception as error:  # the next one may be sent
                message = error.message if isinstance(error, PlugwayError) else "see below"
                trace = not isinstance(error, PlugwayError)
                log.warning("an alert was not sent: %s", message, exc_info=trace)

    def _is_news(self, kind: str, subject: str, quiet: float) -> bool:
        now = self._clock.now()
        before = self._sent.get((kind, subject))
        if before is not None and now - before < quiet * 1_000_000:
            return False
        # Put at the end, so that the first is the oldest.
        self._sent.pop((kind, subject), None)
        self._sent[kind, subject] = now
        if len(self._sent) > REMEMBERED:
            del self._sent[next(iter(self._sent))]
        return True

    async def _send(self, alert: Alert) -> None:
        body = msgspec.json.encode(alert)
        message_id = f"alert_{new_id()}"
        for left in reversed(range(TRIES)):
            try:
                await self._try(message_id, body)
            except UpstreamError:
                if not left:
                    raise
                await self._clock.sleep(PAUSE)
            else:
                return

    async def _try(self, message_id: str, body: bytes) -> None:
        settings = self._settings()
        timestamp = self._clock.now() // 1_000_000
        headers = [
            ("Content-Type", "application/json; charset=utf-8"),
            ("User-Agent", "plugway"),
            ("webhook-id", message_id),
            ("webhook-timestamp", str(timestamp)),
        ]
        if settings.secret:
            signature = sign_webhook(settings.secret, message_id, timestamp, body)
            headers.append(("webhook-signature", signature))
        if not settings.webhook:
            return
        answer = await self._upstream.send(
            "POST", settings.webhook, headers=headers, body=body, timeouts=_TIMEOUTS
        )
        try:
            if not 200 <= answer.status < 300:
                raise UpstreamError(f"the address of alerts answered with {answer.status}")
        finally:
            await answer.close()
