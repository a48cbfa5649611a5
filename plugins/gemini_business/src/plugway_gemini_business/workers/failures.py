"""Why a renewal failed on another machine, and what that means for the account."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from plugway import (
    ChallengeRequired,
    CredentialExpired,
    CredentialRestricted,
    PlugwayError,
    QuotaExhausted,
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnreachable,
)

#: `expired`: a person must sign in; `challenge`: a person must prove to be one; `restricted`:
#: the account may not be used; `upstream`: it answered with something else; `limited`: it was
#: asked too often; `network`: it could not be asked; `worker`: something is missing there, such
#: as a browser; `given_back`: the worker stops.
Kind = Literal[
    "expired", "challenge", "restricted", "upstream", "limited", "network", "worker", "given_back"
]

#: Kinds that are held against the account; of the others it knows nothing.
COUNTED: Mapping[str, str] = {
    "expired": "a person must sign in",
    "challenge": "a person must prove to be one",
    "restricted": "the account may not be used",
    "upstream": "the upstream did not renew it",
}

#: Kinds that are not.
EXCUSED: Mapping[str, str] = {
    "limited": "the upstream was asked too often",
    "network": "the worker did not reach the upstream",
    "worker": "the worker could not try",
    "given_back": "the worker stops",
}

#: Words in errors of workers that do not say the kind: nothing was learned of the account.
_NETWORK = re.compile(
    r"net::ERR_|time[d ]?-?out|deadline exceeded|connection (refused|reset|closed)|dial tcp"
    r"|no such host|i/o timeout|proxy|network|unreachable|EOF",
    re.IGNORECASE,
)


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Says why a renewal failed.

    Attributes:
        kind: One of `Kind`.
        message: For people, without a secret.
        retry_after: Seconds until another try makes sense; 0: not known.
    """

    kind: str
    message: str = ""
    retry_after: float = 0.0

    @property
    def counted(self) -> bool:
        """Return whether it is held against the account."""
        return self.kind not in EXCUSED

    @property
    def reason(self) -> str:
        """Return what lists show."""
        known = COUNTED.get(self.kind) or EXCUSED.get(self.kind) or "it failed"
        return f"{known}: {self.message}" if self.message else known


def of_error(error: Exception) -> Failure:
    """Return what an error of a renewal means.

    Args:
        error: What was raised; the text of one that nobody foresaw is not repeated, since it
            may hold a secret.

    Example:
        >>> of_error(ChallengeRequired()).kind, of_error(UpstreamUnreachable()).counted
        ('challenge', False)
        >>> of_error(ValueError("a secret")).message
        'ValueError'
    """
    if isinstance(error, TimeoutError):
        return Failure(kind="network", message="it took too long")
    if not isinstance(error, PlugwayError):
        return Failure(kind="worker", message=type(error).__name__)
    kinds: tuple[tuple[type[PlugwayError], Kind], ...] = (
        (ChallengeRequired, "challenge"),
        (CredentialRestricted, "restricted"),
        (CredentialExpired, "expired"),
        (QuotaExhausted, "limited"),
        (UpstreamUnreachable, "network"),
        (UpstreamTimeout, "network"),
        (UpstreamError, "upstream"),
    )
    kind = next((kind for type_, kind in kinds if isinstance(error, type_)), "worker")
    return Failure(kind=kind, message=error.message, retry_after=error.retry_after or 0.0)


def of_words(error: str, kind: str = "", retry_after: float = 0.0) -> Failure:
    """Return what a worker's own words mean.

    Args:
        error: What it says.
        kind: The kind it names; workers of earlier systems name none.
        retry_after: Seconds it asks for.

    Example:
        >>> of_words("page.goto: net::ERR_PROXY_CONNECTION_FAILED").counted
        False
        >>> of_words("login page shown").kind
        'upstream'
    """
    if kind not in COUNTED and kind not in EXCUSED:
        kind = "network" if _NETWORK.search(error) else "upstream"
    shown = "".join([one if one.isprintable() else " " for one in error])
    after = retry_after if 0 < retry_after <= 3_600 else 0.0
    return Failure(kind=kind, message=shown[:300], retry_after=after)
