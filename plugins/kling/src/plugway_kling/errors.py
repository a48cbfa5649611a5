"""Errors in the official shape: a code, a message, the request's id."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from plugway import (
    AddressRefused,
    ClientError,
    Conflict,
    CredentialExpired,
    CredentialRestricted,
    ErrorBody,
    InsufficientCredits,
    MethodNotAllowed,
    NoChannel,
    NoPrice,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    PayloadTooLarge,
    PlugwayError,
    QuotaExhausted,
    RateLimited,
    TaskGone,
    Unavailable,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from plugway_kling import codes

_AUTHENTICATION = {
    "absent": (codes.ABSENT, "Authorization is empty"),
    "malformed": (codes.MALFORMED, "Authorization is invalid"),
    "early": (codes.EARLY, "Authorization is not yet valid"),
    "late": (codes.LATE, "Authorization has expired"),
    "unknown": (codes.FAILED, "Authentication failed"),
}

#: What clients call the core's fields.
_FIELDS: Mapping[str, str] = {"external_id": "external_task_id"}

#: The most specific class comes first.
_CODES: tuple[tuple[type[PlugwayError], int], ...] = (
    (InsufficientCredits, codes.USED_UP),
    (NotPermitted, codes.FORBIDDEN),
    (RateLimited, codes.TOO_FAST),
    (NoPrice, codes.NO_RESOURCE),
    (MethodNotAllowed, codes.NO_METHOD),
    (TaskGone, codes.NO_RESOURCE),
    (Conflict, codes.INVALID),
    (AddressRefused, codes.INVALID),
    (PayloadTooLarge, codes.UNREADABLE),
    (QuotaExhausted, codes.TOO_MANY),
    (Unavailable, codes.UNAVAILABLE),
    (UpstreamUnreachable, codes.UNAVAILABLE),
    (CredentialExpired, codes.UNAVAILABLE),
    (CredentialRestricted, codes.UNAVAILABLE),
    (UpstreamTimeout, codes.TIMEOUT),
)


def official(error: PlugwayError, request_id: str) -> ErrorBody:
    """Render an error as the official API does.

    Args:
        error: What went wrong.
        request_id: The request's.

    Example:
        >>> from plugway import InsufficientCredits
        >>> body = official(InsufficientCredits(), "r1")
        >>> body.status, body.content["code"], body.content["request_id"]
        (429, 1102, 'r1')
    """
    code, message = _told(error)
    content = {"code": code, "message": message, "request_id": request_id}
    return ErrorBody(codes.STATUS[code], content)


def _told(error: PlugwayError) -> tuple[int, str]:
    if isinstance(error, NotAuthenticated):
        return _AUTHENTICATION[error.reason]
    return _code(error), _message(error)


def _code(error: PlugwayError) -> int:
    for kind, find in _BY_CLASS.items():
        if isinstance(error, kind):
            return find(error)
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    if isinstance(error, ClientError):
        return codes.UNREADABLE if error.field is None else codes.INVALID
    return codes.INTERNAL


def _not_found(error: PlugwayError) -> int:
    # A path that nobody serves comes as a class of its own.
    return codes.NO_RESOURCE if type(error) is NotFound else codes.NO_METHOD


def _no_channel(error: PlugwayError) -> int:
    # No channel has this model at all: to the client it does not exist.
    return codes.NO_RESOURCE if error.field == "model" else codes.UNAVAILABLE


#: Classes whose code depends on more than the class.
_BY_CLASS: Mapping[type[PlugwayError], Callable[[PlugwayError], int]] = {
    NotFound: _not_found,
    NoChannel: _no_channel,
}


def _message(error: PlugwayError) -> str:
    if isinstance(error, MethodNotAllowed):
        return "the requested path or method is invalid"
    if isinstance(error, AddressRefused):
        return f"callback_url is invalid: {error.message}"
    field = error.field
    if field is None or not isinstance(error, ClientError):
        return error.message
    field = _FIELDS.get(field, field)
    return error.message if field in error.message else f"{field} is invalid: {error.message}"
