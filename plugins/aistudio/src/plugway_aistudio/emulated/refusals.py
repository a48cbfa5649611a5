"""Answers of the service that are refusals: an array with a google.rpc.Status in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from plugway_aistudio.emulated.sparse import sparse

#: Type of the bodies (reference: "RPC that carries the answer").
CONTENT_TYPE = "application/json+protobuf"

#: google.rpc.Code by HTTP status.
_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 429: 8, 500: 13, 503: 14, 504: 4}

_MESSAGES = {
    400: "Request contains an invalid argument.",
    401: "Request had invalid authentication credentials.",
    403: "The caller does not have permission",
    404: "Requested entity was not found.",
    429: "Resource has been exhausted (e.g. check quota).",
    500: "Internal error encountered.",
    503: "The model is overloaded. Please try again later.",
    504: "Deadline expired before operation could complete.",
}

_SERVICE = "alkalimakersuite-pa.clients6.google.com"


class Refusal(Exception):
    """Refuses a request."""

    def __init__(self, status: int, message: str = "", details: list[Any] | None = None) -> None:
        """Refuse.

        Args:
            status: HTTP status, 400 to 599.
            message: Of the google.rpc.Status; empty: the usual one.
            details: Of the google.rpc.Status.
        """
        super().__init__(message or _MESSAGES.get(status, "Unknown error."))
        self.status = status
        self.details = details

    def response(self) -> web.Response:
        """Return it as an answer."""
        code = _CODES.get(self.status, 2)
        body = sparse([None, [code, str(self), self.details]])
        return web.Response(
            status=self.status, body=body.encode(), headers={"Content-Type": CONTENT_TYPE}
        )


def exhausted(model: str, unit: str, limit: int, window: float) -> Refusal:
    """Return the refusal of a quota that is used up (reference: "Streamed body format").

    Args:
        model: What was asked.
        unit: `minute` or `day`.
        limit: Most questions in one.
        window: When it began, seconds since 1970.
    """
    each = {"minute": ("PerMinute", "1/min/{project}"), "day": ("PerDay", "1/d/{project}")}[unit]
    began = datetime.fromtimestamp(window, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    metadata = [
        ["service", _SERVICE],
        ["quota_metric", f"{_SERVICE}/generate_content_requests"],
        ["quota_limit", f"GenerateContentRequests{each[0]}PerUserPerModel"],
        ["quota_limit_value", str(limit)],
        ["quota_unit", each[1]],
        ["quota_location", "global"],
        ["window_start_time", began],
        ["model", model],
    ]
    info = ["RATE_LIMIT_EXCEEDED", "googleapis.com", metadata]
    message = f"You have exceeded your quota for {model}: {limit} requests per {unit}."
    return Refusal(429, message, [["type.googleapis.com/google.rpc.ErrorInfo", info]])
