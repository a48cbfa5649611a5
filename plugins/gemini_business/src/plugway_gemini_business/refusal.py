"""What the upstream says instead of an answer, as the errors that the pool understands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from plugway import (
    BadRequest,
    CredentialExpired,
    CredentialRestricted,
    PlugwayError,
    QuotaExhausted,
    UpstreamError,
    UpstreamTimeout,
)

if TYPE_CHECKING:
    from plugway import Quota

#: Longest part of the upstream's own words that is told.
_WORDS = 300

#: HTTP status of each status of Google's, for errors that have no code.
_CODES = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}

#: Said of cookies that have ended (reference: "Minting the bearer").
SIGNED_OUT = "EXPIRED_SIGN_IN"


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Is an error of the upstream's.

    Attributes:
        code: An HTTP status.
        status: Google's name of it.
        message: In its words.
        retry_after: Seconds that it asks to wait; None: it does not say.
    """

    code: int
    status: str = ""
    message: str = ""
    retry_after: float | None = None

    def error(self) -> PlugwayError:
        """Return the error that it means, for whoever asked."""
        said = _clipped(self.message)
        told = f"The upstream refused: {said}" if said else f"The upstream said {self.code}."
        code = _CODES.get(self.status, self.code)
        if code == 401 or self.status == SIGNED_OUT:
            return CredentialExpired(told, acted=False)
        if code == 403:
            return CredentialRestricted(told, acted=False)
        if code == 429:
            return QuotaExhausted(
                told, retry_after=self.retry_after, acted=False, quota=_kind(self.message)
            )
        if code in (400, 413):
            return BadRequest(told)
        if code == 504:
            return UpstreamTimeout(told)
        # What does not exist, does not exist for this account; what broke, broke before an
        # answer: somebody else may have more luck.
        return UpstreamError(told, retry_after=self.retry_after, acted=False)


def _kind(message: str) -> Quota | None:
    """Return the kind of quota that is used up; None: the words do not tell."""
    words = message.lower()
    if "video" in words:
        return "videos"
    return "images" if "image" in words else None


def of_body(body: bytes, code: int, retry_after: float | None = None) -> Refusal:
    """Read the body of an HTTP answer that refuses.

    Args:
        body: As it came; anything.
        code: Its HTTP status.
        retry_after: As its header says.
    """
    try:
        decoded = msgspec.json.decode(body.strip().removeprefix(b")]}'"))
    except (ValueError, RecursionError):
        decoded = None
    if isinstance(decoded, list) and decoded:
        decoded = decoded[0]
    found = of_json(decoded, code)
    if retry_after is not None:
        found = msgspec.structs.replace(found, retry_after=retry_after)
    return found


def of_json(value: Any, code: int = 500) -> Refusal:
    """Read Google's form of an error, or the one of the sign-in pages.

    Args:
        value: `{"error": {…}}`, or what stands in it.
        code: HTTP status; the value's own one counts where it has one.
    """
    if isinstance(value, dict) and isinstance(value.get("error"), dict):
        value = value["error"]
    if not isinstance(value, dict):
        return Refusal(code=code)
    own, status, message = value.get("code"), value.get("status"), value.get("message")
    status = status if isinstance(status, str) else ""
    if not isinstance(own, int) or not 400 <= own <= 599:
        own = _CODES.get(status, code)
    return Refusal(
        code=own,
        status=status,
        message=message if isinstance(message, str) else "",
        retry_after=_delay(value.get("details")),
    )


def retry_after(headers: Iterable[tuple[bytes, bytes]]) -> float | None:
    """Return the seconds that an answer asks to wait; None: it does not say.

    Args:
        headers: As they came.
    """
    for name, value in headers:
        if name.lower() == b"retry-after" and value.strip().isdigit() and len(value) < 8:
            return float(value)
    return None


def _delay(details: Any) -> float | None:
    """Return the wait of a `google.rpc.RetryInfo`."""
    for detail in details if isinstance(details, list) else ():
        text = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(text, str) and text.endswith("s"):
            try:
                seconds = float(text[:-1])
            except ValueError:
                continue
            if 0 <= seconds < 1e6:
                return seconds
    return None


def _clipped(text: str) -> str:
    plain = " ".join("".join(c if c.isprintable() else " " for c in text[:2_000]).split())
    return plain if len(plain) <= _WORDS else plain[:_WORDS] + "…"
