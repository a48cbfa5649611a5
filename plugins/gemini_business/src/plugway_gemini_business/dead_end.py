"""Pages behind which a renewal does not go on, and what each means for the account."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from plugway import (
    ChallengeRequired,
    CredentialExpired,
    CredentialRestricted,
    QuotaExhausted,
    UpstreamError,
    UpstreamUnreachable,
)
from plugway_gemini_business import refusal

if TYPE_CHECKING:
    from playwright.async_api import Page

#: Hosts whose pages are all for people who sign in.
_SIGN_IN_HOSTS = ("accounts.google.com", "auth.business.gemini.google")

_SIGN_IN_PATH = re.compile(r"/(login|signin|sign-in|verify-oob-code)(/|$)")
_SIGN_IN_FIELDS = "input[type=email], input[type=password], input[autocomplete=one-time-code]"

_CHALLENGE_PATH = re.compile(r"/(challenge|challenge/recaptcha|sorry(/.*)?)$")
_CHALLENGE_FIELDS = "#recaptcha, .g-recaptcha, iframe[src*='/recaptcha/'][src*='/bframe']"

_RESTRICTED_PATH = re.compile(r"/restricted$")


def of_status(status: int, retry_after: str = "") -> UpstreamError | None:
    """Return what the status of a page means; None: go on.

    Args:
        status: Of the page itself, after all redirects.
        retry_after: The header.

    Example:
        >>> of_status(200)
        >>> of_status(502).message
        'The upstream answered the browser with status 502.'
    """
    if status == 401:
        return expired()
    if status == 403:
        return restricted()
    message = f"The upstream answered the browser with status {status}."
    if status == 429:
        seconds = refusal.retry_after([(b"retry-after", retry_after.encode())])
        return QuotaExhausted(message, retry_after=seconds, acted=False)
    # Anything else says nothing of the account.
    return UpstreamUnreachable(message, acted=False) if status >= 400 else None


async def of_page(page: Page, *, read: bool) -> UpstreamError | None:
    """Return what a page means; None: it may lead on.

    Args:
        page: As far as it has come.
        read: Its text is complete.

    Raises:
        Error: The driver's: the page has gone on meanwhile.
    """
    address = urlsplit(page.url)
    path = address.path.lower()
    if _RESTRICTED_PATH.search(path):
        return restricted()
    if _CHALLENGE_PATH.search(path) or (read and await _shown(page, _CHALLENGE_FIELDS)):
        return ChallengeRequired(
            "The upstream wants a person to prove that there is one: somebody must sign in.",
            acted=False,
        )
    if not read:
        # Sign-in pages may be passed on the way, and one that is read may be a challenge.
        return None
    if address.hostname in _SIGN_IN_HOSTS or _SIGN_IN_PATH.search(path):
        return expired()
    return expired() if await _shown(page, _SIGN_IN_FIELDS) else None


def expired() -> CredentialExpired:
    """Return the error of an account that is not signed in."""
    return CredentialExpired("The upstream wants somebody to sign in.", acted=False)


def restricted() -> CredentialRestricted:
    """Return the error of an account that may not be used."""
    return CredentialRestricted("The upstream does not let this account in.", acted=False)


async def _shown(page: Page, fields: str) -> bool:
    for one in await page.locator(fields).all():
        if await one.is_visible():
            return True
    return False
