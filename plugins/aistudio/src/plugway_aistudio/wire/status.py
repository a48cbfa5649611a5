"""What Google's services say of a call that failed, in their three forms."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from plugway import UnreadableAnswer
from plugway_aistudio.wire.sparse import GUARD, decode

#: Most bytes of a body that are read; longer ones are pages for people.
_BODY = 256 * 1024

#: The codes of gRPC by name; the number is the place.
_NAMES = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)

#: The HTTP status that each of them is sent with.
_HTTP = (200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401)

_ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"
_SECONDS = re.compile(r"(\d{1,8}(?:\.\d{1,9})?)s")


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Is a `google.rpc.Status`.

    Attributes:
        code: Of gRPC; 0: success, or not told.
        http: HTTP status.
        message: In the upstream's words.
        metadata: Of its `ErrorInfo`.
        retry_after: Seconds of its `RetryInfo`; None: it has none.
    """

    code: int = 0
    http: int = 0
    message: str = ""
    metadata: dict[str, str] = {}
    retry_after: float | None = None


def status_of_body(http: int, body: bytes) -> Status:
    """Read the body of an HTTP answer that refuses, whatever it is.

    Args:
        http: Its status.
        body: As it came: such an array, an array of frames that has one, a JSON object, HTML.

    Example:
        >>> status_of_body(403, b'[,[7,"The caller does not have permission"]]').code
        7
    """
    plain = body.strip().removeprefix(GUARD)
    found = None
    if len(plain) <= _BODY:
        try:
            found = status_of(decode(plain))
        except UnreadableAnswer:
            found = None
    return msgspec.structs.replace(found or Status(), http=http)


def status_of(root: Any) -> Status | None:
    """Find a status in what an answer ends with.

    Args:
        root: `[frames, status]`, a status that stands alone, or `{"error": {…}}`.
    """
    if isinstance(root, dict):
        return _of_object(root)
    if not isinstance(root, list) or len(root) < 2:
        # Some errors are objects in an array.
        return _of_object(root[0]) if isinstance(root, list) and root else None
    inner = root[1] if isinstance(root[1], list) else root
    code = inner[0] if inner else None
    if code is None:
        code = 0
    message = inner[1] if len(inner) > 1 else None
    if isinstance(code, bool) or not isinstance(code, int) or not 0 <= code < len(_HTTP):
        return None
    if inner is root and not isinstance(message, str):
        return None
    metadata, wait = _details(inner[2] if len(inner) > 2 else None)
    return Status(
        code=code,
        http=_HTTP[code],
        message=message if isinstance(message, str) else "",
        metadata=metadata,
        retry_after=wait,
    )


def _of_object(root: Any) -> Status | None:
    error = root.get("error") if isinstance(root, dict) else None
    if not isinstance(error, dict):
        return None
    name, message = error.get("status"), error.get("message")
    code = _NAMES.index(name) if isinstance(name, str) and name in _NAMES else 0
    metadata: dict[str, str] = {}
    wait: float | None = None
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict):
            if isinstance(pairs := detail.get("metadata"), dict):
                metadata.update(
                    {str(key): value for key, value in pairs.items() if isinstance(value, str)}
                )
            metadata.update(_violated(detail.get("violations")))
            if isinstance(delay := detail.get("retryDelay"), str):
                found = _SECONDS.fullmatch(delay)
                wait = float(found[1]) if found else wait
    return Status(
        code=code,
        http=_HTTP[code] if code else 500,
        message=message if isinstance(message, str) else "",
        metadata=metadata,
        retry_after=wait,
    )


def _violated(violations: Any) -> dict[str, str]:
    """Return what a `QuotaFailure` tells, by the names of an `ErrorInfo`.

    (official documentation, "QuotaFailure.Violation")
    """
    found: dict[str, str] = {}
    for one in violations if isinstance(violations, list) else ():
        if not isinstance(one, dict):
            continue
        for theirs, ours in (("quotaMetric", "quota_metric"), ("quotaId", "quota_limit")):
            if isinstance(text := one.get(theirs), str):
                found[ours] = f"{found.get(ours, '')} {text}".strip()
    return found


def _details(details: Any) -> tuple[dict[str, str], float | None]:
    """Return the metadata and the wait of `[[type, message], …]`."""
    metadata: dict[str, str] = {}
    wait: float | None = None
    for detail in details if isinstance(details, list) else ():
        match detail:
            case [str(kind), [_, _, list(pairs), *_], *_] if kind == _ERROR_INFO:
                for pair in pairs:
                    match pair:
                        case [str(key), str(value), *_]:
                            metadata[key] = value
            case [str(kind), [[int() | str() as seconds, *_], *_], *_] if kind == _RETRY_INFO:
                found = _SECONDS.fullmatch(f"{seconds}s")
                wait = float(found[1]) if found else wait
    return metadata, wait
