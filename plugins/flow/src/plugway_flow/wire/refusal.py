"""What the upstream says instead of an answer, as the errors that the pool understands.

| what it says | error | the account |
|---|---|---|
| 401 | `CredentialExpired` | is renewed |
| `flow.google.com`, "migrated" | `AccountMigrated` | rests, is tried now and then |
| reCAPTCHA, unusual activity | `ChallengeRequired` | rests 5 minutes, longer each time |
| 403 about the tier | `TierTooLow` | stays in use for other models |
| any other 403 | `CredentialRestricted` | rests 5 minutes, longer each time |
| 429, too much traffic, no credits | `QuotaExhausted` | rests from this kind of work |
| safety | `SafetyBlocked` | stays |
| 400 and such | `BadRequest`, in the upstream's words | stays |
| 404 | `NotThere` | stays |
| 5xx | `UpstreamError` | stays |
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from plugway import (
    AccountMigrated,
    BadRequest,
    ChallengeRequired,
    CredentialExpired,
    CredentialRestricted,
    PlugwayError,
    QuotaExhausted,
    SafetyBlocked,
    TierTooLow,
    UpstreamError,
    UpstreamInterrupted,
    UpstreamTimeout,
)
from plugway_flow.wire.reading import at, items, text

#: Longest part of the upstream's own words that is read, and that is told.
_READ = 2_000
_WORDS = 300

#: HTTP status of each status of Google's, for errors that have no code.
_CODES = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}

#: Where migrated accounts are sent (reference §0).
_NEW_HOME = "flow.google.com"

#: Words of a refused body: a field that is not known, or not of that type.
_BODY = ("unknown name", "cannot find field", "invalid json payload", "invalid value at")

#: All that the upstream says of many a body that it does not take.
_VAGUE = "request contains an invalid argument."

#: Parts of reasons and states that speak of what was asked or made (reference §5.4, §5.6).
_UNSAFE = re.compile(
    r"(?:^|_)(?:SAFETY|UNSAFE|NSFW|PERSON|PEOPLE|MINORS?|CHILD|SEXUAL|VIOLENCE|HARMFUL|HATE"
    r"|DANGEROUS|FILTERED|PROHIBITED|CELEBRITY|PROMINENT)(?:_|$)",
    re.I,
)
_UNSAFE_WORDS = re.compile(r"\bsafety\b|violat\w+ (?:\w+ )*(?:polic|guideline)|\bnsfw\b", re.I)

_TIER = re.compile(
    r"\btier\b|paygate|\bupgrade\b|\bsubscri\w+|\bultra\b|\bmodel access denied\b", re.I
)
#: What looks like an access token, or an address that another client must not read.
_SECRET = re.compile(r"\bya29\.[\w.-]+|\beyJ[\w-]{16,}[\w.-]*|[\w.+-]+@[\w-]+\.[\w.-]+")
_CREDITS = re.compile(r"(?:insufficient|not enough|out of|no) (?:\w+ )*credits?\b", re.I)


class NotThere(UpstreamError):
    """The upstream knows no such path, project or medium.

    Attributes:
        told: The API says so, and no page of something in the way.
    """

    told: bool = False

    def may_be_project(self, *, other: bool) -> bool:
        """Say whether it may be the project that is not there.

        Args:
            other: The request names something else that may not be there.
        """
        # Of many things the API says no more than that they were not found.
        return self.told and (not other or "project" in self.message.lower())


class ShapeRefused(BadRequest):
    """The upstream does not take a body of this shape."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Is an error of the upstream's.

    Attributes:
        code: An HTTP status.
        told: The body was Google's form of an error, and no page of something in the way.
        status: Google's name of it.
        reason: Its reason, such as `PUBLIC_ERROR_UNUSUAL_ACTIVITY`; empty: it gives none.
        message: In its words.
        retry_after: Seconds that it asks to wait; None: it does not say.
    """

    code: int
    told: bool = False
    status: str = ""
    reason: str = ""
    message: str = ""
    retry_after: float | None = None

    def error(self) -> PlugwayError:
        """Return the error that it means, for whoever asked.

        Example:
            >>> type(Refusal(code=403, message="reCAPTCHA evaluation failed").error()).__name__
            'ChallengeRequired'
        """
        said, code = self._said(), self.code
        words = f"{self.reason} {self.message}".replace("_", " ")
        if _NEW_HOME in words.lower() or "migrated" in words.lower():
            return AccountMigrated(f"The account has moved to {_NEW_HOME}. {said}", acted=False)
        if code == 401:
            return CredentialExpired(said, acted=False)
        if code < 500 and (
            "captcha" in words.lower() or self.reason == "PUBLIC_ERROR_UNUSUAL_ACTIVITY"
        ):
            return ChallengeRequired(
                "The upstream demands a challenge token, which this gateway does not make. " + said,
                acted=False,
            )
        if code == 429 or (code < 500 and _CREDITS.search(words)):
            return QuotaExhausted(said, retry_after=self.retry_after, acted=False)
        if code < 500 and is_unsafe(self.reason, self.message):
            return SafetyBlocked(said)
        return self._by_code(said)

    def _by_code(self, said: str) -> PlugwayError:
        code = self.code
        if code == 403:
            gate = _TIER.search(f"{self.reason} {self.message}".replace("_", " "))
            return (TierTooLow if gate else CredentialRestricted)(said, acted=False)
        if code == 404:
            error = NotThere(said, acted=False)
            error.told = self.told
            return error
        if code in (408, 504):
            return UpstreamTimeout(said)
        if code < 500:
            return ShapeRefused(said) if self._blames_shape() else BadRequest(said)
        if code == 502 and not self.told:
            # Whoever stands before the upstream says that it did not hear its answer.
            return UpstreamInterrupted(said)
        return UpstreamError(said, retry_after=self.retry_after, acted=False)

    def _blames_shape(self) -> bool:
        message = self.message.lower().strip()
        if self.code != 400 or self.reason.startswith("PUBLIC_ERROR"):
            return False
        return message == _VAGUE or any(words in message for words in _BODY)

    def _said(self) -> str:
        message = clipped(self.message)
        names = [one for one in (self.status, self.reason) if one and one not in message]
        named = f" ({', '.join(clipped(one) for one in names)})" if names else ""
        if not message:
            return f"The upstream answered with status {self.code}{named}."
        return f"The upstream refused: {message}{named}"


def is_unsafe(reason: str, message: str) -> bool:
    """Say whether a reason or a state speaks of what was asked or made.

    Args:
        reason: Such as `PUBLIC_ERROR_UNSAFE_GENERATION`, `ERROR_NSFW`.
        message: In the upstream's words.

    Example:
        >>> is_unsafe("ERROR_PERSON", ""), is_unsafe("ERROR_UNKNOWN", "internal")
        (True, False)
    """
    named = _UNSAFE.search(reason) or _UNSAFE.search(_public(message))
    return (named or _UNSAFE_WORDS.search(message)) is not None


def of_body(body: bytes, code: int, retry_after: float | None = None) -> Refusal:
    """Read the body of an HTTP answer that refuses.

    Args:
        body: As it came; anything.
        code: Its HTTP status.
        retry_after: As its header says.
    """
    try:
        value = msgspec.json.decode(body.strip().removeprefix(b")]}'"))
    except (ValueError, RecursionError):
        value = None
    found = of_json(at(value, 0) if isinstance(value, list) else value, code)
    if retry_after is not None:
        found = msgspec.structs.replace(found, retry_after=retry_after)
    return found


def of_json(value: Any, code: int = 500) -> Refusal:
    """Read Google's form of an error, or what stands in it.

    Args:
        value: `{"error": {…}}`, or the inner object.
        code: HTTP status; the value's own one counts where it has one.
    """
    if isinstance(at(value, "error"), dict):
        value = at(value, "error")
    own, status = at(value, "code"), text(value, "status")
    message = text(value, "message")[:_READ]
    if isinstance(own, bool) or not isinstance(own, int) or not 400 <= own <= 599:
        own = _CODES.get(status, code)
    details = items(value, "details")
    reasons = (text(detail, "reason") for detail in details)
    return Refusal(
        code=own,
        told=bool(status or message),
        status=status,
        reason=next(filter(None, reasons), "") or _public(message),
        message=message,
        retry_after=next(filter(None, map(_delay, details)), None),
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


def clipped(words: str) -> str:
    """Return the upstream's words, on one line and not too many, and no secret among them.

    Example:
        >>> clipped("Token ya29.abc of\\none@flow.example is bad.")
        'Token … of … is bad.'
    """
    plain = "".join(c if c.isprintable() else " " for c in words[:_READ])
    plain = " ".join(_SECRET.sub("…", plain).split())
    return plain if len(plain) <= _WORDS else plain[:_WORDS] + "…"


def _public(message: str) -> str:
    """Return the reason that stands in a message, as it does where there are no details."""
    found = re.search(r"\bPUBLIC_ERROR_[A-Z0-9_]+", message)
    return found[0] if found else ""


def _delay(detail: Any) -> float | None:
    """Return the wait of a `google.rpc.RetryInfo`."""
    delay = text(detail, "retryDelay")
    if not re.fullmatch(r"\d{1,6}(\.\d{1,9})?s", delay, re.ASCII):
        return None
    return float(delay[:-1])
