"""Errors in OpenAI's shape, with its types and codes."""

from __future__ import annotations

from typing import Any

from plugway.contract import ErrorBody
from plugway.errors import (
    ClientError,
    InsufficientCredits,
    MethodNotAllowed,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    PlugwayError,
    QuotaExhausted,
    RateLimited,
    SafetyBlocked,
)

_INVALID = "invalid_request_error"
_LIMITED = "rate_limit_error"

#: Type and code by class; the most specific class comes first.
_KINDS: tuple[tuple[type[PlugwayError], str, str], ...] = (
    (InsufficientCredits, "insufficient_quota", "insufficient_quota"),
    (NotPermitted, "permission_error", "permission_denied"),
    (MethodNotAllowed, _INVALID, "method_not_supported"),
    (RateLimited, _LIMITED, "rate_limit_exceeded"),
    # Not the client's own quota: waiting helps, paying does not.
    (QuotaExhausted, _LIMITED, "rate_limit_exceeded"),
    (SafetyBlocked, _INVALID, "content_policy_violation"),
)


def official(error: PlugwayError, request_id: str) -> ErrorBody:
    """Render an error as the official API does.

    A balance that does not cover the call is 429 with the code `insufficient_quota`, not 402:
    so the official API says it, so the official packages raise `RateLimitError`, and so tools
    tell it from a limit that waiting lifts. `x-should-retry`, which those packages obey, keeps
    them from asking again.

    Args:
        error: What went wrong.
        request_id: The request's; clients read it from the header `x-request-id`.

    Example:
        >>> from plugway import NotFound
        >>> body = official(NotFound("the model 'm' does not exist", field="model"), "r1")
        >>> body.status, body.content["error"]["code"]
        (404, 'model_not_found')
    """
    headers = {}
    status = error.status
    if isinstance(error, InsufficientCredits):
        status, headers = 429, {"x-should-retry": "false"}
    return ErrorBody(status, {"error": described(error)}, headers)


def described(error: PlugwayError) -> dict[str, Any]:
    """Return what stands under `error`, in answers and in streams that broke off.

    Args:
        error: What went wrong.
    """
    kind, code = _kind(error)
    return {"message": error.message, "type": kind, "param": error.field, "code": code}


def _kind(error: PlugwayError) -> tuple[str, str | None]:
    if isinstance(error, NotAuthenticated):
        # The official API gives no code where there is no key at all.
        return _INVALID, None if error.reason == "absent" else "invalid_api_key"
    if isinstance(error, NotFound):
        # What is not there is a model, something else that the client named, or a path.
        named = "not_found" if error.field else "unknown_url"
        return _INVALID, "model_not_found" if error.field == "model" else named
    for kind, type_, code in _KINDS:
        if isinstance(error, kind):
            return type_, code
    if isinstance(error, ClientError) or error.status < 500:
        return _INVALID, None if error.code == "bad_request" else error.code
    return "server_error", error.code
