"""What the API's errors mean (source: the Gemini API's `google.rpc.Status`)."""

from __future__ import annotations

from plugway import CredentialRestricted, PlugwayError, UpstreamError
from plugway_aistudio.wire.refusal import of_status
from plugway_aistudio.wire.status import status_of_body

#: Characters that are read of an answer that is an error.
MOST = 256 * 1024

#: Stands in a refusal with status 400 that is not about the request.
_NO_KEY = "API_KEY_INVALID"


def refusal(status: int, after: str, body: str, *, model: str, now: float) -> PlugwayError:
    """Return the error of an answer that is one.

    Args:
        status: 400 or above.
        after: Its `Retry-After`; empty: it has none.
        body: What it says.
        model: What was asked.
        now: Seconds since 1970.

    Example:
        >>> refusal(429, "7", '{"error":{"message":"Slow down."}}', model="m", now=0).retry_after
        7.0
    """
    if _NO_KEY in body:
        return CredentialRestricted(
            "AI Studio did not let the applet's request through to the API.",
            acted=False,
            charged=False,
        )
    error = of_status(status_of_body(status, body.encode()), model=model, now=now)
    if isinstance(error, UpstreamError) and error.retry_after is None and _is_seconds(after):
        error.retry_after = float(after)
    return error


def _is_seconds(after: str) -> bool:
    return after.isascii() and after.isdigit() and len(after) < 9
