"""What the upstream says instead of an answer, as the errors that the pool understands."""

from __future__ import annotations

from plugway import (
    BadRequest,
    ChallengeRequired,
    CredentialExpired,
    CredentialRestricted,
    NotFound,
    PlugwayError,
    QuotaExhausted,
    SafetyBlocked,
    UpstreamError,
    UpstreamInterrupted,
    UpstreamTimeout,
)
from plugway_aistudio.wire.quota import quota_of, seconds_left
from plugway_aistudio.wire.status import Status, status_of_body
from plugway_aistudio.wire.told import told

#: Said with the code of a request that is wrong, though the place is.
_PLACE = ("location is not supported", "not available in your")

#: Seconds that a rate of requests rests, where the words do not say.
_RATE_SECONDS = 60.0

#: Words of the page by what they mean; the first that is found counts.
_QUOTA = ("exceeded quota", "quota exceeded", "current quota", "free generations", "quota")
_RATE = ("rate limit", "too many requests", "resource has been exhausted", "resource exhausted")
_PERSON = ("unusual traffic", "not a robot", "captcha", "verify it's you", "verify that it's you")
_SIGNED_OUT = ("sign in", "signed out", "session has expired", "session expired", "unauthenticated")
_DENIED = (*_PLACE, "permission", "access denied", "not authorized", "terms of service")
_SAFETY = ("content blocked", "content not permitted", "prohibited", "safety", "policy violation")
_LONG = (
    "too long",
    "too many tokens",
    "token limit",
    "maximum number of tokens",
    "invalid argument",
)
_BROKEN = ("internal error", "overloaded", "unavailable", "try again", "something went wrong")


def refusal(status: int, body: bytes, *, model: str, now: float) -> PlugwayError:
    """Return the error that an HTTP answer means.

    Args:
        status: 400 or more.
        body: As it came; anything.
        model: Id of the model that was asked.
        now: Seconds since 1970.

    Example:
        >>> type(refusal(403, b'[,[7,"No permission"]]', model="m", now=0.0)).__name__
        'CredentialRestricted'
    """
    return of_status(status_of_body(status, body), model=model, now=now)


def of_status(status: Status, *, model: str, now: float) -> PlugwayError:
    """Return the error that a status means, for whoever asked.

    Args:
        status: Not a success. The code of gRPC counts; the HTTP status does where it has none.
        model: Id of the model that was asked.
        now: Seconds since 1970.
    """
    code = status.code or _CODES.get(status.http, 0)
    if status.message.strip():
        said = f"The upstream refused{told(status.message)}"
    elif status.http:
        said = f"The upstream said {status.http}."
    else:
        said = f"The upstream said code {code}."
    if code == 16:
        return CredentialExpired(said, acted=False, charged=False)
    if code == 7 or _has(status.message.lower(), _PLACE):
        return CredentialRestricted(said, acted=False, charged=False)
    if code == 8:
        left = seconds_left(status.metadata, status.message, now)
        return QuotaExhausted(
            said,
            retry_after=status.retry_after if left is None else left,
            acted=False,
            charged=False,
            quota=quota_of(status.metadata, status.message, model),
        )
    if code == 5:
        return NotFound(f"The upstream has no model {model!r}{told(status.message)}", field="model")
    if code in (3, 9, 11):
        return BadRequest(said)
    if code == 4:
        return UpstreamTimeout(said, charged=False)
    if code == 1:
        return UpstreamInterrupted(said, charged=False)
    # What broke, broke before an answer: another try may have more luck.
    return UpstreamError(said, retry_after=status.retry_after, acted=False, charged=False)


def of_text(text: str, *, model: str, now: float) -> PlugwayError:
    """Return the error that a callout or a toast of the page means.

    Args:
        text: What people read (reference: "Selectors", errors).
        model: Id of the model that was asked.
        now: Seconds since 1970.

    Example:
        >>> error = of_text("Failed: user has exceeded quota", model="m", now=0.0)
        >>> type(error).__name__, error.quota
        ('QuotaExhausted', 'm')
    """
    words = " ".join(text.split())[:2_000].lower().replace("’", "'")
    said = f"The page says{told(text)}" if text.strip() else "The page shows an error."
    if _has(words, _RATE) or _has(words, _QUOTA):
        # A rate is the account's; what is called a quota is the model's.
        rate = not _has(words, _QUOTA)
        left = seconds_left({}, words, now)
        return QuotaExhausted(
            said,
            retry_after=_RATE_SECONDS if left is None and rate else left,
            acted=False,
            charged=False,
            quota="text" if rate or not model else model,
        )
    if _has(words, _PERSON):
        return ChallengeRequired(said, acted=False, charged=False)
    if _has(words, _SIGNED_OUT):
        return CredentialExpired(said, acted=False, charged=False)
    if _has(words, _DENIED):
        return CredentialRestricted(said, acted=False, charged=False)
    if _has(words, _SAFETY):
        return SafetyBlocked(said, charged=False)
    if _has(words, _LONG):
        return BadRequest(said)
    return UpstreamError(said, acted=not _has(words, _BROKEN), charged=False)


#: Codes of gRPC of HTTP statuses.
_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 408: 4, 413: 3, 429: 8, 499: 1, 504: 4}


def _has(words: str, any_of: tuple[str, ...]) -> bool:
    return any(one in words for one in any_of)
