"""`POST /admin/register`: one person signs in one account, at the machine that serves."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated

import msgspec

from plugway import AdminRoute, BadRequest, Browser, ConfigurationError, Conflict, PlugwayError
from plugway_gemini_business.account import written
from plugway_gemini_business.admin.pool import stamp
from plugway_gemini_business.provider import NAME
from plugway_gemini_business.renewing import place
from plugway_gemini_business.settings import GeminiBusinessSettings
from plugway_gemini_business.signing_in import sign_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import Page

    from plugway import AdminAsk, Channel, Gateway

log = logging.getLogger(__name__)

_HOW = "sign in at a desktop instead: plugway gemini-business login, with --url from elsewhere"


class NewAccounts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Says what is wanted.

    Attributes:
        count: How many accounts: 1.
        channel: Where it goes to; not given: `upload_channel`, or the only channel there is.
    """

    count: int = 1
    channel: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None


class Registering(msgspec.Struct, frozen=True, kw_only=True):
    """Tells that somebody may sign in now.

    Attributes:
        message: For people.
        count: How many accounts: 1.
    """

    message: str
    count: int = 1


class RegisterStats(msgspec.Struct, frozen=True, kw_only=True):
    """Tells how sign-ins went, in one process.

    Attributes:
        total: Those that have ended.
        success: Those that brought an account.
        failed: Others.
        last_error: Why the last of those did not.
        updated_at: When the last one ended; null: none has.
    """

    total: int = 0
    success: int = 0
    failed: int = 0
    last_error: str = ""
    updated_at: str | None = None


class Registration:
    """Lets a person sign in, one at a time.

    Attributes:
        running: Somebody may sign in now.
        stats: How it went.
    """

    def __init__(
        self,
        gateway: Gateway,
        *,
        visible: bool = True,
        person: Callable[[Page], Awaitable[None]] | None = None,
    ) -> None:
        """Take the gateway; nothing opens yet.

        Args:
            gateway: Gets the account.
            visible: Off only where nobody needs to see anything, as in tests.
            person: Does in tests what a person would.
        """
        self.running = False
        self.stats = RegisterStats()
        self._gateway = gateway
        self._visible = visible
        self._person = person

    def routes(self) -> list[AdminRoute]:
        """Return the routes."""
        return [
            AdminRoute(
                "POST /admin/register",
                self.register,
                "Let a person sign in at this machine",
                NewAccounts,
                Registering,
                202,
                role="admin",
            )
        ]

    async def register(self, ask: AdminAsk, new: NewAccounts) -> Registering:
        """Open a window for one sign-in.

        Raises:
            BadRequest: More than one is asked for.
            Conflict: There is no browser or no display, or somebody signs in already.
        """
        if new.count != 1:
            raise BadRequest(
                "accounts are not made in bulk: count is 1, for one that you sign in yourself",
                field="count",
            )
        channel = self._channel(new.channel)
        self.check()
        # With nothing awaited in between, so that nobody else's window opens meanwhile.
        self.start(channel)
        await ask.record("gemini_business.register", channel.name)
        return Registering(message="sign in, in the window that opens on the gateway's machine")

    def check(self) -> None:
        """Check that somebody can sign in now.

        Raises:
            Conflict: There is no browser or no display, or somebody does already.
        """
        if self.running:
            raise Conflict("somebody signs in already")
        try:
            self._gateway.browser.check(visible=self._visible)
        except ConfigurationError as error:
            raise Conflict(f"nobody can sign in at this machine: {error.message}; {_HOW}") from None

    def start(self, channel: Channel) -> None:
        """Open a window, for as long as it takes.

        Args:
            channel: Where the account goes to.
        """
        self.running = True
        self._gateway.background.keep(self._run(channel), "gemini_business sign-in")

    async def _run(self, channel: Channel) -> None:
        error = "it was broken off"
        try:
            error = await self._sign_in(channel)
        except PlugwayError as failure:
            error = failure.message
        except Exception:
            error = "it failed; the log says why"
            log.exception("a sign-in failed")
        finally:
            self._ended(error)

    async def _sign_in(self, channel: Channel) -> str:
        """Return why no account was saved; empty: one was."""
        gateway, where = self._gateway, place(channel)
        proxy = await gateway.upstream.proxy_url(where.front, proxy=channel.settings.proxy)
        account = await sign_in(
            gateway.browser,
            where,
            now=lambda: gateway.clock.now() / 1_000_000,
            proxy=Browser.DIRECT if proxy is None else str(proxy),
            visible=self._visible,
            person=self._person,
        )
        if account is None:
            return "the window was closed"
        outcome = await gateway.renewals.adopt(channel, written(account))
        log.info("an account was signed in: %s", outcome)
        return ""

    def _ended(self, error: str) -> None:
        before, self.running = self.stats, False
        self.stats = RegisterStats(
            total=before.total + 1,
            success=before.success + (not error),
            failed=before.failed + bool(error),
            last_error=error or before.last_error,
            updated_at=stamp(self._gateway.clock.now()),
        )

    def _channel(self, name: str | None) -> Channel:
        wanted = name or self._gateway.settings(GeminiBusinessSettings).upload_channel
        found = [one for one in self._gateway.census.channels(NAME) if wanted in ("", one.name)]
        if len(found) == 1:
            return found[0]
        if found:
            raise Conflict("there are several channels: say which one", field="channel")
        raise Conflict("there is no such channel that takes calls", field="channel")
