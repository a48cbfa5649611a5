"""Looks at sessions, in use or not: whose they are, and whether they still work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

import msgspec

from plugway import (
    AccountMigrated,
    CredentialExpired,
    CredentialRestricted,
    NotFound,
    PlugwayError,
    UpstreamError,
)
from plugway_flow.accounts.accounts import Accounts
from plugway_flow.accounts.asking import standing
from plugway_flow.accounts.exchange import Exchange
from plugway_flow.accounts.session import read, written
from plugway_flow.provider import NAME

if TYPE_CHECKING:
    from plugway import Channel, Gateway, Secret, Upstream
    from plugway_flow.account import Account
    from plugway_flow.accounts.asking import Granted, Standing
    from plugway_flow.accounts.session import Session


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """Tells how a look at one account ended.

    Attributes:
        credential_id: Its credential.
        ok: Whether it works.
        code: What is wrong, as errors of calls name it; empty: nothing.
        reason: The same for people.
        account: What is known of it; null: nothing.
    """

    credential_id: int
    ok: bool
    code: str = ""
    reason: str = ""
    account: Account | None = None


class Looking:
    """Looks at sessions of one gateway; made by `gateway.part(Looking)`."""

    def __init__(self, gateway: Gateway) -> None:
        """Prepare.

        Args:
            gateway: The gateway.
        """
        self._gateway = gateway
        self._accounts = gateway.part(Accounts)
        self._exchange = gateway.part(Exchange)

    async def look(
        self, session: Session, channel: Channel, upstream: Upstream
    ) -> tuple[Session, Standing]:
        """Ask for a token, and what its account has.

        Args:
            session: The session.
            channel: The channel.
            upstream: Asks.

        Returns:
            The session as it is now, and what its account has.

        Raises:
            CredentialExpired: Nobody is signed in with it any more.
            AccountMigrated: The account is at another service now.
            UpstreamError: Anything else.
        """
        grant, found = await self._exchange.granted(session, channel, upstream)
        if found is None:
            # It was not asked, or failed at it: then it fails again, and says why.
            found = await standing(upstream, channel, grant.token)
        return grant.session, found

    async def mint(self, secret: Secret, channel: Channel, upstream: Upstream) -> Granted:
        """Get a token for calls, and keep what came with it.

        Args:
            secret: Its credential's.
            channel: The channel.
            upstream: Asks.

        Raises:
            CredentialExpired: The session has ended.
            UpstreamError: As `Exchange.granted`.
        """
        session = read(secret)
        grant, found = await self._exchange.granted(session, channel, upstream)
        credential_id = self.credential_of(secret, channel)
        if credential_id is not None:
            await self._save(credential_id, secret, grant.session)
            await self._accounts.note(credential_id, grant.session, found, looked=False)
        return grant

    async def renew(self, secret: Secret, channel: Channel, upstream: Upstream) -> Session:
        """Look at a session for a renewal; one that was exchanged a moment ago needs no look.

        Args:
            secret: Its credential's.
            channel: The channel.
            upstream: Asks.

        Raises:
            CredentialExpired: The session has ended; it is out of use from now on.
            AccountMigrated: The account is at another service now; the same.
            UpstreamError: Anything else.
        """
        session = read(secret)
        fresh = self._exchange.newest(session)
        found = None
        if fresh is session:
            try:
                fresh, found = await self.look(session, channel, upstream)
            except (CredentialExpired, AccountMigrated) as error:
                self._blame(secret, channel, error)
                raise
        credential_id = self.credential_of(secret, channel)
        if credential_id is not None:
            await self._accounts.note(credential_id, fresh, found, looked=True)
        return fresh

    async def check(self, credential_id: int) -> Checked:
        """Look at a credential's account now; what comes of it counts as a call's word does.

        Args:
            credential_id: Which.

        Raises:
            NotFound: No channel in use has such a credential.
        """
        gateway = self._gateway
        for channel in gateway.census.channels(NAME):
            if (credential := gateway.credentials.get(channel.id, credential_id)) is not None:
                break
        else:
            raise NotFound(f"no channel in use has the credential {credential_id}", field="id")
        secret, known = credential.secret, self._accounts.known
        upstream = gateway.upstream.sticking_to(credential.key)
        try:
            fresh, found = await self.look(read(secret), channel, upstream)
        except PlugwayError as error:
            if isinstance(error, CredentialExpired | AccountMigrated):
                self._blame(secret, channel, error)
            return Checked(
                credential_id=credential_id,
                ok=False,
                code=error.code,
                reason=error.message,
                account=known(credential_id),
            )
        await self._save(credential_id, secret, fresh)
        await self._accounts.note(credential_id, fresh, found, looked=True)
        if fresh.email != read(secret).email:
            # Whose it is goes into the list by a renewal, which also finds out that it is there.
            await gateway.renewals.wanted(credential_id)
        # Nothing was drawn, so nothing is counted.
        gateway.credentials.succeeded(credential, channel, ())
        return Checked(credential_id=credential_id, ok=True, account=known(credential_id))

    def credential_of(self, secret: Secret, channel: Channel) -> int | None:
        """Return which credential of a channel has a secret; None: none that is known here.

        Args:
            secret: The secret.
            channel: The channel.
        """
        its = self._gateway.credentials.all(channel.id)
        return next((one.id for one in its if one.secret == secret), None)

    def _blame(self, secret: Secret, channel: Channel, error: UpstreamError) -> None:
        """Take an account out of use, before a call finds out."""
        pool = self._gateway.credentials
        state = "restricted" if isinstance(error, CredentialRestricted) else "expired"
        for credential in pool.all(channel.id):
            if credential.secret == secret and credential.state in ("ready", "cooling"):
                refused = cast("Literal['restricted', 'expired']", state)
                pool.refused(credential, channel, error.message, refused)

    async def _save(self, credential_id: int, secret: Secret, fresh: Session) -> None:
        """Save the cookie that came in another one's place, at once: that one may be void."""
        before = read(secret)
        if fresh.st == before.st:
            return
        session = msgspec.structs.replace(fresh, email=before.email)
        try:
            await self._gateway.renewals.refresh(credential_id, secret, written(session))
        except PlugwayError as error:
            self._gateway.log.warning(
                "the new session of credential %s is not kept: %s", credential_id, error.message
            )
