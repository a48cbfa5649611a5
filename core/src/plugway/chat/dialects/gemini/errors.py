"""Errors as Google's servers tell them."""

from __future__ import annotations

from typing import Any

from plugway.contract import ErrorBody
from plugway.errors import InsufficientCredits, NoPrice, PlugwayError

_TYPES = "type.googleapis.com/google.rpc."

#: Canonical names; Google knows fewer statuses than HTTP, so some share one.
_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def render(error: PlugwayError, request_id: str) -> ErrorBody:
    """Render an error.

    Two statuses are not the gateway's own. A missing balance is 429 RESOURCE_EXHAUSTED, as
    prepaid credits that are used up officially are; a model without a price is 400
    FAILED_PRECONDITION. A key that is not known stays 401 UNAUTHENTICATED: officially it is
    400, which clients cannot tell from a bad request.

    Args:
        error: What went wrong.
        request_id: The request's id.

    Example:
        >>> from plugway.errors import BadRequest
        >>> render(BadRequest("topK: must be 1", field="topK"), "r1").content["error"]["status"]
        'INVALID_ARGUMENT'
    """
    status = 429 if isinstance(error, InsufficientCredits) else error.status
    return ErrorBody(status, content(error, request_id))


def content(error: PlugwayError, request_id: str) -> dict[str, Any]:
    """Return the object that tells an error, in a body of its own or in a stream.

    Args:
        error: What went wrong.
        request_id: The request's id.
    """
    code = 429 if isinstance(error, InsufficientCredits) else error.status
    name = _NAMES.get(code) or ("INTERNAL" if code >= 500 else "INVALID_ARGUMENT")
    if isinstance(error, NoPrice):
        name = "FAILED_PRECONDITION"
    details: list[dict[str, Any]] = []
    if error.field is not None:
        violation = {"field": error.field, "description": error.message}
        details.append({"@type": f"{_TYPES}BadRequest", "fieldViolations": [violation]})
    details.append(
        {
            "@type": f"{_TYPES}ErrorInfo",
            "reason": error.code.upper(),
            "domain": "plugway",
            "metadata": {"requestId": request_id},
        }
    )
    if error.retry_after is not None:
        wait = f"{max(1, round(error.retry_after))}s"
        details.append({"@type": f"{_TYPES}RetryInfo", "retryDelay": wait})
    body = {"code": code, "message": error.message, "status": name, "details": details}
    return {"error": body}
