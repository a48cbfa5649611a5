"""Structured logs: one JSON object a line, or text for people."""

from __future__ import annotations

import logging
import time
from contextvars import ContextVar
from typing import Any, TextIO

import msgspec

from plugway.settings import LogSettings
from plugway.telemetry.redaction import clean, redact

#: Id of the request that the running task serves; it is on every line that the task logs.
request_id: ContextVar[str] = ContextVar("plugway_request_id", default="")

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_NAMES = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical"}
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_OWN |= {"time", "level", "event", "logger", "exception"}


def configure(settings: LogSettings, stream: TextIO) -> logging.Handler:
    """Log to a stream; what an earlier call set up is replaced.

    Other packages' records are written from `warning` on: at `debug` some of them tell
    queries and headers.

    Args:
        settings: Level and form.
        stream: Where lines go; each is written at once.

    Returns:
        The handler, on the root logger.
    """
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, _Handler):
            root.removeHandler(handler)
    handler = _Handler(stream)
    handler.setFormatter(JsonLines() if settings.form == "json" else TextLines())
    handler.addFilter(_ours)
    root.addHandler(handler)
    root.setLevel(_LEVELS[settings.level])
    logging.captureWarnings(True)
    return handler


class Line(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Is a message that is structured already; it holds no secret, so it is not searched.

    `str(line)` is its text for people.
    """

    event: str


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        # A log that cannot be written must not print the record, secrets and all, to stderr.
        return


def _ours(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or record.name.startswith("plugway")


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object."""

    def __init__(self) -> None:
        super().__init__()
        self._encoder = msgspec.json.Encoder(enc_hook=str)
        self._second = (0, "")

    def format(self, record: logging.LogRecord) -> str:
        """Return the object, without a line end."""
        message = record.msg
        level = _NAMES.get(record.levelno, "info")
        head = f'{{"time":"{self._time(record.created)}","level":"{level}",'
        if isinstance(message, Line):
            return head + self._encoder.encode(message)[1:].decode()
        fields: dict[str, Any] = {"event": redact(_message(record)), "logger": record.name}
        if current := request_id.get():
            fields["request_id"] = current
        for name, value in extras(record).items():
            fields.setdefault(name, value)
        if text := _exception(self, record):
            fields["exception"] = text
        return head + self._encoder.encode(fields)[1:].decode()

    def _time(self, created: float) -> str:
        second = int(created)
        if second != self._second[0]:
            self._second = (second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)))
        return f"{self._second[1]}.{int(created % 1 * 1000):03d}Z"


class TextLines(logging.Formatter):
    """Formats a record for people: time, level, message, fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; only an exception takes more than one."""
        message = record.msg
        at = time.strftime("%H:%M:%S", time.localtime(record.created))
        head = f"{at}.{int(record.msecs):03d} {_NAMES.get(record.levelno, 'info'):<8} "
        if isinstance(message, Line):
            return head + str(message)
        line = head + _one_line(redact(_message(record)))
        fields = extras(record)
        if current := request_id.get():
            fields["request_id"] = current
        for name, value in fields.items():
            text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
            line += f" {name}={_one_line(text)}"
        if text := _exception(self, record):
            line += f"\n{text}"
        return line


def extras(record: logging.LogRecord) -> dict[str, Any]:
    """Return what the caller passed as `extra`, without secrets."""
    return {
        name: clean(value, name)
        for name, value in record.__dict__.items()
        if name not in _OWN and not name.startswith("_")
    }


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        # Arguments that do not fit their text: better the text alone than no line.
        return str(record.msg)


def _exception(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    # Not kept in `record.exc_text`, where other handlers would find it cut and redacted.
    text = formatter.formatException(record.exc_info) if record.exc_info else ""
    if record.stack_info:
        text += f"\n{record.stack_info}"
    return redact(text) if text else ""


def _one_line(text: str) -> str:
    """Keep a value from beginning a line of its own, or from driving a terminal."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
