"""Errors in the shape of Anthropic's API."""

from __future__ import annotations

from collections.abc import Mapping

from plugway.contract import ErrorBody
from plugway.errors import PlugwayError

#: Official reference: errors. 503 is not among them: officially what is too busy answers 529,
#: which nothing between here and the client knows. The official package tries again after
#: either, and says `ServiceUnavailableError`, a kind of `InternalServerError`.
_TYPES: Mapping[int, str] = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    503: "overloaded_error",
    504: "timeout_error",
}


def official(error: PlugwayError, request_id: str) -> ErrorBody:
    """Render an error as Anthropic's API does.

    Args:
        error: What went wrong.
        request_id: The request's.

    Example:
        >>> from plugway import BadRequest
        >>> official(BadRequest("model: is required"), "r1").content["error"]
        {'type': 'invalid_request_error', 'message': 'model: is required'}
    """
    content = {
        "type": "error",
        "error": {
            "type": _TYPES.get(error.status, "invalid_request_error"),
            "message": error.message,
        },
        "request_id": request_id,
    }
    # The official package tells this header as the error's `request_id`.
    return ErrorBody(error.status, content, {"request-id": request_id})
