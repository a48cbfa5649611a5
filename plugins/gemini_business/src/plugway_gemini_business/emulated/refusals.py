"""Errors in the form that Google's APIs give them."""

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

#: What getoxsrf says when cookies do not hold any longer (reference §1.3).
SIGNED_OUT = {"message": "Session has expired.", "status": "EXPIRED_SIGN_IN"}


class Refusal(Exception):
    """Says that the emulated service refuses a request.

    Attributes:
        code: HTTP status, one of `STATUS`.
        message: What the answer says.
        details: More of it.
        retry_after: Seconds of the Retry-After header; None: there is none.
    """

    def __init__(
        self,
        code: int,
        message: str = "",
        *,
        details: tuple[Mapping[str, Any], ...] = (),
        retry_after: int | None = None,
    ) -> None:
        """Refuse.

        Args:
            code: One of `STATUS`.
            message: More precise than the usual one.
            details: Objects with `@type`.
            retry_after: Seconds.
        """
        self.code = code
        self.message = message or MESSAGES[code]
        self.details = details
        self.retry_after = retry_after
        super().__init__(f"{code}: {self.message}")

    def public(self) -> dict[str, Any]:
        """Return the body of the answer: `{"error": …}`."""
        told: dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "status": STATUS[self.code],
        }
        if self.details:
            told["details"] = [dict(each) for each in self.details]
        return {"error": told}

    def response(self, *, listed: bool = False) -> web.Response:
        """Return the answer.

        Args:
            listed: As the only element of an array, as streaming methods give it.
        """
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        body = [self.public()] if listed else self.public()
        return answered(body, status=self.code, headers=headers)


def invalid(field: str, complaint: str) -> Refusal:
    """Return the refusal of a field.

    Args:
        field: Its path, empty for the body itself.
        complaint: What is wrong, a whole sentence.
    """
    violation = {"field": field, "description": complaint}
    kind = "type.googleapis.com/google.rpc.BadRequest"
    return Refusal(400, complaint, details=({"@type": kind, "fieldViolations": [violation]},))


def unauthenticated(why: str) -> Refusal:
    """Return the refusal of a bearer.

    Args:
        why: For whoever debugs the client; the real service does not tell.
    """
    detail = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_TYPE_UNSUPPORTED" if "no bearer" in why else "CREDENTIALS_INVALID",
        "domain": "googleapis.com",
        "metadata": {"why": why},
    }
    return Refusal(401, details=(detail,))


def answered(
    value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return an answer in JSON."""
    body = msgspec.json.format(msgspec.json.encode(value))
    head = {"Content-Type": "application/json; charset=UTF-8", **(headers or {})}
    return web.Response(status=status, body=body, headers=head)
