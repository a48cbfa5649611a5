"""Answers that lead elsewhere, and what that says of the account (reference §0)."""

from __future__ import annotations

from urllib.parse import urlsplit

from plugway import AccountMigrated, CredentialExpired, UpstreamError

#: Where accounts go that are moved.
_MOVED = "flow.google.com"

#: Hosts and paths where a person signs in.
_SIGN_IN = ("accounts.google.com", "accounts.youtube.com")
_SIGN_IN_PATHS = ("/signin", "/login", "/auth/error")

MIGRATED = (
    "The upstream has moved this account to flow.google.com, one-way: this gateway cannot use it"
    " any more; take another account."
)
ENDED = "The session has ended: sign in to Flow in a browser, and import the new session."


def of_redirect(location: str) -> UpstreamError:
    """Return the error of an answer that leads elsewhere.

    Only host and path count: what a query names is not where one is led to.

    Args:
        location: As its header says.

    Example:
        >>> type(of_redirect("https://flow.google.com/")).__name__
        'AccountMigrated'
        >>> type(of_redirect("https://wifi.example/?to=flow.google.com")).__name__
        'UpstreamError'
    """
    try:
        parts = urlsplit(location)
        host, path = (parts.hostname or "").lower(), parts.path.lower()
    except ValueError:
        host = path = ""
    if host == _MOVED or host.endswith(f".{_MOVED}"):
        return AccountMigrated(MIGRATED, acted=False)
    own = not host or f".{host}".endswith(".labs.google")
    if host in _SIGN_IN or (own and any(one in path for one in _SIGN_IN_PATHS)):
        return CredentialExpired(ENDED, acted=False)
    return UpstreamError("The upstream redirects to a strange place.", acted=False)
