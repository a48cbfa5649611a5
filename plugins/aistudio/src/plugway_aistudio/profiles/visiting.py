"""Visits with a profile: whether it is signed in, and its cookies anew."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from plugway import ChallengeRequired, CredentialExpired, UpstreamTimeout
from plugway_aistudio.profiles.profile import advice
from plugway_aistudio.profiles.visit import Visit

if TYPE_CHECKING:
    from plugway import Browser, Channel, Upstream
    from plugway_aistudio.profiles.profile import Profile

#: Seconds for a visit, opening and ending of the browser included.
SECONDS = 90.0

#: Visits at a time: each has a browser of its own, of some hundred megabytes.
TOGETHER = 2


async def visited(
    browser: Browser,
    profile: Profile,
    base: str,
    *,
    now: float,
    proxy: str | None = None,
    seconds: float = SECONDS,
) -> Profile:
    """Open AI Studio with a profile in a browser of its own, and take what that has then.

    It never signs in: no password, no code and no answer to a challenge is typed. No model is
    asked anything, so it uses up no quota.

    Args:
        browser: This machine's.
        profile: As it is.
        base: The channel's base URL.
        now: Seconds since 1970.
        proxy: As `Browser.way` takes it.
        seconds: At the most, above 0.

    Returns:
        The profile with what the browser has now.

    Raises:
        CredentialExpired: It takes a person, who signs in.
        ChallengeRequired: The same, and the upstream says why.
        CredentialRestricted: The account may not use AI Studio.
        QuotaExhausted: It was visited too often.
        UpstreamTimeout: The page neither showed anybody signed in nor asked for a sign-in.
        UpstreamUnreachable: The network or something before the upstream failed.
        UnreadableAnswer: The page is not the one that is known.
        ConfigurationError: There is no browser, or none that can use the proxy.
        Unavailable: The browser failed.
    """
    try:
        async with (
            asyncio.timeout(seconds),
            browser.way(proxy) as way,
            browser.run() as running,
        ):
            context = await running.new_context(
                # The driver's type is known to checkers only.
                storage_state=profile.state(),  # type: ignore[arg-type]
                proxy=way,
                viewport={"width": 1440, "height": 900},
            )
            visit = Visit(context, base)
            await visit.begin()
            await visit.proof()
            return await visit.profile(profile.name, now)
    except TimeoutError:
        raise UpstreamTimeout(
            f"The page showed nobody signed in within {seconds:g} s.", acted=False
        ) from None
    except (CredentialExpired, ChallengeRequired) as error:
        raise type(error)(f"{error.message} {advice(profile.name)}", acted=False) from None


class Visiting:
    """Visits channels' pages with this machine's browser, few at a time."""

    def __init__(self, browser: Browser, *, seconds: float = SECONDS) -> None:
        """Prepare.

        Args:
            browser: The browser.
            seconds: For a visit, above 0.
        """
        self._browser = browser
        self._seconds = seconds
        self._places = asyncio.Semaphore(TOGETHER)

    async def visit(
        self, profile: Profile, channel: Channel, upstream: Upstream, *, now: float
    ) -> Profile:
        """Visit by the way that the channel's requests take.

        Args:
            profile: As it is.
            channel: Its channel.
            upstream: Knows the proxies.
            now: Seconds since 1970.

        Returns:
            The profile with what the browser has now.

        Raises:
            PlugwayError: As `visited`.
        """
        async with self._places:
            proxy = await upstream.proxy_url(
                channel.base_url, proxy=channel.settings.proxy, sticky=profile.name
            )
            return await visited(
                self._browser,
                profile,
                channel.base_url,
                now=now,
                proxy=self._browser.DIRECT if proxy is None else str(proxy),
                seconds=self._seconds,
            )
