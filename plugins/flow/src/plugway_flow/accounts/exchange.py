"""Exchanges sessions for access tokens, of each session one at a time.

The site may give another cookie with each answer, and may take the one before no more. So who
asks with a cookie that was exchanged a moment ago gets what came in its place.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from plugway import CredentialExpired, UpstreamError
from plugway_flow.accounts.asking import granted, standing
from plugway_flow.accounts.session import digest

if TYPE_CHECKING:
    from plugway import Channel, Gateway, Upstream
    from plugway_flow.accounts.asking import Granted, Standing
    from plugway_flow.accounts.session import Session

#: Cookies that are remembered with what came in their place.
_MOST = 4_096

#: Seconds that a token which is handed on must hold yet.
_LEFT = 300.0


class Exchange:
    """Asks for access tokens; made by `gateway.part(Exchange)`."""

    def __init__(self, gateway: Gateway) -> None:
        """Begin with nothing exchanged.

        Args:
            gateway: Has the time.
        """
        self._gateway = gateway
        self._newer: dict[str, Session] = {}
        self._handed: dict[str, Granted] = {}
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def newest(self, session: Session) -> Session:
        """Return what a session was exchanged for in this process, or itself.

        Args:
            session: The session.
        """
        while (newer := self._newer.get(digest(session))) is not None:
            session = newer
        return session

    async def granted(
        self, session: Session, channel: Channel, upstream: Upstream
    ) -> tuple[Granted, Standing | None]:
        """Return an access token, proven by the question for credits.

        The site goes on handing out the last token after a session has ended, so one that is
        new is believed when the API has taken it. An API that cannot be asked refutes nothing.

        Args:
            session: The session.
            channel: The channel.
            upstream: Asks.

        Returns:
            The token, with the session as it is now; and what the account has, where the
            token was proven now.

        Raises:
            CredentialExpired: The session has ended.
            AccountMigrated: The account is at another service now.
            UpstreamError: The site could not be asked.
        """
        while True:
            session = self.newest(session)
            lock = self._asking.setdefault(digest(session), asyncio.Lock())
            async with lock:
                if self.newest(session) is session:
                    return await self._granted(session, channel, upstream)

    async def _granted(
        self, session: Session, channel: Channel, upstream: Upstream
    ) -> tuple[Granted, Standing | None]:
        now = self._gateway.clock.now() / 1_000_000
        handed = self._handed.pop(digest(session), None)
        if handed is not None and handed.expires_at - now > _LEFT:
            return handed, None
        grant = await granted(upstream, channel, session, now=now)
        if grant.session.st != session.st:
            self._remember(session, grant)
        try:
            return grant, await standing(upstream, channel, grant.token)
        except CredentialExpired:
            self._handed.pop(digest(grant.session), None)
            raise
        except UpstreamError as error:
            self._gateway.log.info("an access token of Flow is not proven: %s", error.message)
            return grant, None

    def _remember(self, session: Session, grant: Granted) -> None:
        """Keep what came in a session's place; its first user need not ask for a token again."""
        before, after = digest(session), digest(grant.session)
        # One that comes again is no circle: nothing came in its place since.
        self._newer.pop(after, None)
        self._newer[before] = grant.session
        self._handed[after] = grant
        while len(self._newer) > _MOST:
            gone = self._newer.pop(next(iter(self._newer)))
            self._handed.pop(digest(gone), None)
