"""Where the page has ended up, and what that means for the profile."""

from __future__ import annotations

from urllib.parse import urlsplit

from plugway import (
    ChallengeRequired,
    CredentialExpired,
    CredentialRestricted,
    UpstreamError,
    UpstreamUnreachable,
)

#: Beginnings of paths at which people sign in, wherever that is.
_SIGN_IN = ("/servicelogin", "/v3/signin", "/signin")

#: Parts of paths at which the upstream wants to see that there is a person, and the end of one
#: that only wants the password.
_CHALLENGE, _PASSWORD = ("/challenge/", "/sorry/", "/recaptcha"), "/pwd"

#: Parts of paths that say that this account, or this place, may not.
_RESTRICTED = ("/restricted", "/disabled", "/available-regions", "/unavailable", "/deniedsignin")


def meaning(url: str, base: str) -> UpstreamError | None:
    """Return what a page's address means.

    Args:
        url: Where it is, after all redirects.
        base: Scheme and host of AI Studio.

    Returns:
        None: it is AI Studio.

    Example:
        >>> meaning("https://aistudio.google.com/prompts/1", "https://aistudio.google.com")
        >>> type(meaning("https://accounts.google.com/v3/signin", "https://x.example")).__name__
        'CredentialExpired'
    """
    found, wanted = urlsplit(url), urlsplit(base)
    path = found.path.lower()
    at_home = (found.scheme, found.netloc) == (wanted.scheme, wanted.netloc)
    if any(part in path for part in _CHALLENGE) and not path.endswith(_PASSWORD):
        return ChallengeRequired(
            "The upstream wants a person to prove that there is one: somebody must sign in.",
            acted=False,
        )
    if any(part in path for part in _RESTRICTED):
        return CredentialRestricted("The upstream does not let this account in.", acted=False)
    if not at_home or path.startswith(_SIGN_IN):
        return CredentialExpired("The upstream wants somebody to sign in.", acted=False)
    return None


def astray(url: str) -> UpstreamError | None:
    """Return what it means that a page of AI Studio's host has no prompt.

    Args:
        url: Where it is.

    Returns:
        None: it should have one.

    Example:
        >>> astray("https://aistudio.google.com/moved").message
        'AI Studio leads this account to another page: /moved.'
    """
    path = urlsplit(url).path
    if "/prompts" in path:
        return None
    return CredentialRestricted(
        f"AI Studio leads this account to another page: {path[:100]}.", acted=False
    )


def of_status(status: int) -> UpstreamError | None:
    """Return what the HTTP status of a page means.

    Args:
        status: Of the page itself, after all redirects.

    Returns:
        None: it is good.

    Example:
        >>> of_status(503).message
        'The upstream answered the browser with status 503.'
    """
    if status == 401:
        return CredentialExpired("The upstream wants somebody to sign in.", acted=False)
    if status == 403:
        return CredentialRestricted("The upstream does not let this account in.", acted=False)
    if status < 400:
        return None
    return UpstreamUnreachable(
        f"The upstream answered the browser with status {status}.", acted=False
    )
