"""One line and a few counts for each request."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import msgspec

from plugway.telemetry.logs import Line
from plugway.telemetry.redaction import redact

if TYPE_CHECKING:
    from starlette.types import Scope

    from plugway.telemetry.metrics import Metrics

#: Where a call leaves its facts in the ASGI scope, for the request's line.
FACTS = "plugway.call"

#: Header that tells a client the gateway's own part of a call, in milliseconds.
OVERHEAD = b"x-plugway-overhead-ms"

#: Probes and scrapes come all day; their lines are for debugging.
QUIET = frozenset({"/health", "/readyz", "/metrics"})


class CallFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Tells what a request's line says of its call.

    Attributes:
        call_id: The call.
        user: The user's name.
        provider: The provider.
        model: The model.
        channel: The channel that was asked last.
        outcome: `settled`, `released` or `free`.
        overhead: Seconds of the gateway's own work.
    """

    call_id: str
    user: str
    provider: str
    model: str
    channel: str | None
    outcome: str
    overhead: float


class Access(Line, kw_only=True):
    """Is the line of one request: no query, no body, no header."""

    # A factory, because what equals a default is not written.
    event: str = msgspec.field(default_factory=lambda: "request")
    request_id: str
    method: str
    route: str
    status: int
    ms: float
    bytes: int
    plugin: str
    ip: str
    path: str | None = None
    error: str | None = None
    call_id: str | None = None
    user: str | None = None
    provider: str | None = None
    model: str | None = None
    channel: str | None = None
    outcome: str | None = None
    overhead_ms: float | None = None

    def __str__(self) -> str:
        text = f"{self.method} {self.route or self.path} {self.status} {self.ms:.1f} ms"
        for name in ("channel", "outcome", "error", "user", "ip", "request_id"):
            value = getattr(self, name)
            if value is not None:
                text += f" {name}={value}"
        return text


#: What the standard record looks up for each line, and an access line has not.
_NO_CALLER: dict[str, object] = {
    "args": None,
    "exc_info": None,
    "exc_text": None,
    "filename": "",
    "funcName": "",
    "lineno": 0,
    "module": "",
    "pathname": "",
    "process": None,
    "processName": None,
    "relativeCreated": 0.0,
    "stack_info": None,
    "taskName": None,
    "thread": None,
    "threadName": None,
}


class _Record(logging.LogRecord):
    """Is a record that costs little, for there is one for every request."""

    def __init__(self, name: str, level: int, line: Access) -> None:
        now = time.time()
        self.__dict__.update(
            _NO_CALLER,
            name=name,
            levelno=level,
            levelname=logging.getLevelName(level),
            msg=line,
            created=now,
            msecs=now % 1 * 1000,
        )


class AccessLog:
    """Writes the line of each request and counts it."""

    def __init__(self, metrics: Metrics) -> None:
        """Keep what counts.

        Args:
            metrics: The gateway's.
        """
        self._metrics = metrics
        self._log = logging.getLogger("plugway.access")

    def note(
        self,
        scope: Scope,
        *,
        plugin: str,
        route: str,
        status: int,
        seconds: float,
        sent: int,
        request_id: str,
        ip: str,
        error: str | None = None,
    ) -> None:
        """Note a request that has ended.

        Args:
            scope: Its ASGI scope; `CallFacts` are under `FACTS`, if it was a call.
            plugin: Who served it.
            route: The mount's path, never the request's own; empty: there is none.
            status: HTTP status; 499: the client had left.
            seconds: From its arrival to its end.
            sent: Bytes of the answer's body.
            request_id: What the client sees in `x-request-id`.
            ip: The client's address.
            error: Code of the error that it got.
        """
        facts: CallFacts | None = scope.get(FACTS)
        overhead = facts.overhead if facts is not None else None
        self._metrics.request(plugin, route, status, seconds, overhead)
        level = logging.WARNING if status >= 500 else logging.INFO
        if route in QUIET and status < 500:
            level = logging.DEBUG
        log = self._log
        if not log.isEnabledFor(level):
            return
        line = Access(
            request_id=request_id,
            method=scope["method"],
            route=route,
            status=status,
            ms=round(seconds * 1000, 3),
            bytes=sent,
            plugin=plugin,
            ip=ip,
            error=error,
        )
        if not route:
            line.path = redact(scope["path"][:200])
        if facts is not None:
            line.call_id, line.user = facts.call_id, facts.user
            line.provider, line.model = facts.provider, facts.model
            line.channel, line.outcome = facts.channel, facts.outcome
            line.overhead_ms = round(facts.overhead * 1000, 3)
        # Made here rather than by `log.log`, which looks for the caller's file and line first.
        log.handle(_Record(log.name, level, line))
