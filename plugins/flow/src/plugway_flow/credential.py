"""Credentials: sessions, of which access tokens are made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from plugway import (
    AccountMigrated,
    CredentialExpired,
    CredentialKind,
    CredentialRestricted,
    Grant,
    QuotaExhausted,
    Secret,
    UpstreamError,
    UpstreamUnreachable,
)
from plugway_flow.provider import SESSION
from plugway_flow.settings import FlowSettings

if TYPE_CHECKING:
    from plugway import Channel, Gateway, Upstream

#: Seconds before its end that an access token is no longer used (reference: "Control calls").
_BEFORE = 300.0

#: Seconds before its end that the core no longer hands out a grant.
_MARGIN = 60.0


class FlowSession(CredentialKind):
    """Makes access tokens of a session, and looks at sessions that nobody uses."""

    name = SESSION
    renews = True

    def __init__(self, gateway: Gateway) -> None:
        """Take the gateway; what it has is used when something is asked.

        Args:
            gateway: The gateway.
        """
        self._gateway = gateway

    def parse(self, text: str) -> Secret:
        """Check a session.

        Args:
            text: The token, a header of cookies, an exported object or list of cookies.

        Returns:
            One line of JSON that holds the token and, where it is known, the address.

        Raises:
            BadRequest: It is none; the message says why and repeats nothing.
        """
        from plugway_flow.accounts.session import written
        from plugway_flow.accounts.session_file import session_of

        return Secret(written(session_of(text)))

    def split(self, text: str) -> Iterable[str]:
        """Take a file of many sessions apart.

        Args:
            text: One session a line, JSON lines, a list, or an object that holds one.
        """
        from plugway_flow.accounts import session_file

        return session_file.split(text)

    def label(self, secret: Secret) -> str | None:
        """Return the e-mail address; None: the upstream was not asked yet."""
        from plugway_flow.accounts.session import read

        return read(secret).email or None

    async def mint(self, secret: Secret, channel: Channel, upstream: Upstream) -> Grant:
        """Ask for an access token, and prove it by asking for credits.

        Raises:
            CredentialExpired: The session has ended.
            AccountMigrated: The account is at another service now.
            CredentialRestricted: The account may not sign in.
            QuotaExhausted: It was asked for too often.
            UpstreamError: The upstream could not be asked.
        """
        from plugway_flow.accounts.looking import Looking

        granted = await self._gateway.part(Looking).mint(secret, channel, upstream)
        lifetime = granted.expires_at - self._gateway.clock.now() / 1_000_000
        ends = granted.expires_at - min(_BEFORE, lifetime / 2) + _MARGIN
        return Grant((("Authorization", f"Bearer {granted.token}"),), expires_at=ends)

    async def renew(self, secret: Secret, channel: Channel, upstream: Upstream) -> Secret:
        """Look at a session: take the cookie that the site gives in its place, and the address.

        What the upstream does not say of the account itself is not held against it.

        Raises:
            CredentialExpired: The session has ended; a person signs in.
            AccountMigrated: The account is at another service now.
            QuotaExhausted: It was asked for too often.
            UpstreamUnreachable: Anything else.
        """
        from plugway_flow.accounts.looking import Looking
        from plugway_flow.accounts.session import written

        try:
            fresh = await self._gateway.part(Looking).renew(secret, channel, upstream)
        except (CredentialExpired, AccountMigrated, QuotaExhausted):
            raise
        except CredentialRestricted as error:
            # The session lives, or a gate on the way is shut; neither changes within minutes.
            seconds = self._gateway.settings(FlowSettings).check_seconds
            raise UpstreamUnreachable(error.message, retry_after=seconds, acted=False) from None
        except UpstreamError as error:
            raise UpstreamUnreachable(
                error.message, retry_after=error.retry_after, acted=False
            ) from None
        return Secret(written(fresh))

    async def check(self, grant: Grant, channel: Channel, upstream: Upstream) -> None:
        """Ask for credits.

        Raises:
            UpstreamError: The grant does not work; the message says why.
        """
        from plugway_flow.accounts.asking import standing

        (_, value), *_ = grant.headers
        await standing(upstream, channel, value.removeprefix("Bearer "))
