"""Renewal of an account's cookies: its browser visits the front page, and they come anew."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import msgspec

from plugway import Browser, ChallengeRequired, CredentialExpired, UpstreamTimeout
from plugway_gemini_business.provider import GeminiBusinessChannel, auth_base
from plugway_gemini_business.visit import Place, Visit

if TYPE_CHECKING:
    from plugway import Channel, Upstream
    from plugway_gemini_business.account import Account
    from plugway_gemini_business.settings import GeminiBusinessSettings

#: Seconds for a renewal, opening and ending of the browser included.
SECONDS = 120.0


async def renewed(
    browser: Browser,
    account: Account,
    place: Place,
    *,
    now: float,
    proxy: str | None = None,
    seconds: float = SECONDS,
) -> Account:
    """Get fresh cookies of an account whose old ones still open the page.

    It never signs in: no password, no code and no answer to a challenge is typed.

    Args:
        browser: This machine's.
        account: As it is.
        place: Where the upstream is.
        now: Seconds since 1970.
        proxy: As `Browser.open` takes it.
        seconds: At the most, above 0.

    Returns:
        The account with what the browser has now.

    Raises:
        CredentialExpired: It takes a person, who signs in.
        ChallengeRequired: The same, and the upstream says why.
        CredentialRestricted: The account may not be used.
        QuotaExhausted: It was visited too often.
        UpstreamTimeout: The page neither used a bearer nor asked for a sign-in.
        UpstreamUnreachable: The network or something before the upstream failed.
        ConfigurationError: There is no browser, or none that can use the proxy.
        Unavailable: The browser failed.
    """
    try:
        async with asyncio.timeout(seconds), browser.open(proxy=proxy) as context:
            visit = Visit(context, place)
            await visit.begin(account.cookies)
            await visit.proof()
            return await visit.account(account, now=now)
    except TimeoutError:
        raise UpstreamTimeout(
            f"The page showed nobody signed in within {seconds:g} s.", acted=False
        ) from None
    except (CredentialExpired, ChallengeRequired) as error:
        raise type(error)(f"{error.message} {_advice(account)}", acted=False) from None


class Renewing:
    """Renews the accounts of channels with this machine's browser."""

    def __init__(self, browser: Browser, *, seconds: float = SECONDS) -> None:
        """Prepare.

        Args:
            browser: The browser.
            seconds: For a renewal, above 0.
        """
        self._browser = browser
        self._seconds = seconds

    async def renew(
        self, account: Account, channel: Channel, upstream: Upstream, *, now: float
    ) -> Account:
        """Renew an account by the way that the channel's requests take.

        Args:
            account: As it is.
            channel: Its channel.
            upstream: Knows the proxies.
            now: Seconds since 1970.

        Raises:
            PlugwayError: As `renewed`.
        """
        where = place(channel)
        proxy = await upstream.proxy_url(
            where.front, proxy=channel.settings.proxy, sticky=account.label
        )
        fresh = await renewed(
            self._browser,
            account,
            where,
            now=now,
            proxy=Browser.DIRECT if proxy is None else str(proxy),
            seconds=self._seconds,
        )
        return msgspec.structs.replace(fresh, email=account.email)


def renewing(settings: GeminiBusinessSettings, browser: Browser) -> Renewing | None:
    """Return what renews in this process; None: a person does, or another machine.

    Args:
        settings: The plugin's.
        browser: This machine's.
    """
    if settings.renewal == "browser" or (settings.renewal == "auto" and browser.available):
        return Renewing(browser)
    return None


def place(channel: Channel) -> Place:
    """Return where a channel's upstream is.

    Args:
        channel: The channel.
    """
    settings = cast("GeminiBusinessChannel", channel.settings)
    return Place(front=auth_base(channel.base_url, settings), api=channel.base_url)


def _advice(account: Account) -> str:
    return f"It needs an interactive sign-in: plugway gemini-business login {account.email}".strip()
