"""Errors in the forms that the API and the site give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

#: Names by HTTP status, as google.rpc.Code maps them.
STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}

#: What is said where nobody has anything more precise to say.
MESSAGES = {
    400: "Request contains an invalid argument.",
    401: "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
    "cookie or other valid authentication credential.",
    403: "The caller does not have permission",
    404: "Requested entity was not found.",
    409: "The operation was aborted.",
    429: "Resource has been exhausted (e.g. check quota).",
    499: "The operation was cancelled.",
    500: "Internal error encountered.",
    501: "Operation is not implemented, or supported, or enabled.",
    503: "The service is currently unavailable.",
    504: "Deadline expired before operation could complete.",
}

#: Reasons in `details` (reference §5.6, and what its sources quote of answers).
WRONG = "PUBLIC_ERROR_SOMETHING_WENT_WRONG"
UNUSUAL = "PUBLIC_ERROR_UNUSUAL_ACTIVITY"
TRAFFIC = "PUBLIC_ERROR_UNUSUAL_ACTIVITY_TOO_MUCH_TRAFFIC"
UNSAFE = "PUBLIC_ERROR_UNSAFE_GENERATION"

CREDITS = "PUBLIC_ERROR_USER_QUOTA_REACHED"
DENIED = "PUBLIC_ERROR_MODEL_ACCESS_DENIED"

#: Reasons of those that are refused on purpose, if none is given.
USUAL = {403: WRONG, 429: TRAFFIC}

_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_BAD = "type.googleapis.com/google.rpc.BadRequest"

#: What the site calls a status.
_TRPC = {
    400: ("BAD_REQUEST", -32600),
    401: ("UNAUTHORIZED", -32001),
    403: ("FORBIDDEN", -32003),
    404: ("NOT_FOUND", -32004),
    429: ("TOO_MANY_REQUESTS", -32029),
}


class Refusal(Exception):
    """Says that the emulated service refuses a request.

    Attributes:
        code: HTTP status, one of `STATUS`.
        message: What the answer says.
        reason: Why, as `details` have it; empty: they do not.
        field: The field that is wrong; empty: none in particular.
        retry_after: Seconds of the Retry-After header; None: there is none.
    """

    def __init__(
        self,
        code: int,
        message: str = "",
        *,
        reason: str = "",
        field: str = "",
        retry_after: int | None = None,
    ) -> None:
        """Refuse.

        Args:
            code: One of `STATUS`.
            message: More precise than the usual one.
            reason: Such as `PUBLIC_ERROR_UNUSUAL_ACTIVITY`.
            field: Path of the field that is wrong.
            retry_after: Seconds.
        """
        self.code = code
        self.message = message or MESSAGES[code]
        self.reason = reason
        self.field = field
        self.retry_after = retry_after
        super().__init__(f"{code}: {self.message}" + (f" [{reason}]" if reason else ""))

    def public(self) -> dict[str, Any]:
        """Return the body of the API's answer: `{"error": …}`."""
        told: dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "status": STATUS[self.code],
        }
        if self.reason:
            told["details"] = [{"@type": _INFO, "reason": self.reason}]
        elif self.field:
            violation = {"field": self.field, "description": self.message}
            told["details"] = [{"@type": _BAD, "fieldViolations": [violation]}]
        return {"error": told}

    def trpc(self, path: str) -> dict[str, Any]:
        """Return the body of the site's answer.

        Args:
            path: Name of the procedure.
        """
        name, number = _TRPC.get(self.code, ("INTERNAL_SERVER_ERROR", -32603))
        data = {"code": name, "httpStatus": self.code, "path": path}
        return {"error": {"json": {"message": self.message, "code": number, "data": data}}}

    def response(self, procedure: str | None = None) -> web.Response:
        """Return the answer.

        Args:
            procedure: The site's procedure that refuses; None: the API does.
        """
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        body = self.public() if procedure is None else self.trpc(procedure)
        return answered(body, status=self.code, headers=headers)


def invalid(field: str, complaint: str = "") -> Refusal:
    """Return the refusal of a field.

    Args:
        field: Its path, empty for the body itself.
        complaint: What is wrong, a whole sentence; empty: the usual, that says nothing.
    """
    return Refusal(400, complaint, field=field)


def missing(message: str = "") -> Refusal:
    """Return the refusal of what is not there, or belongs to somebody else.

    Args:
        message: What it says; empty: the usual.
    """
    return Refusal(404, message)


def answered(
    value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return an answer in JSON."""
    body = msgspec.json.format(msgspec.json.encode(value))
    head = {"Content-Type": "application/json; charset=UTF-8", **(headers or {})}
    return web.Response(status=status, body=body, headers=head)
