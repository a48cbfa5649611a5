"""Takes sessions of files over, each after a look that says whose account it is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from plugway import (
    AccountMigrated,
    BadRequest,
    Conflict,
    CredentialExpired,
    PlugwayError,
    Secret,
)
from plugway_flow.accounts.accounts import Accounts
from plugway_flow.accounts.looking import Looking
from plugway_flow.accounts.session import written
from plugway_flow.accounts.session_file import session_of
from plugway_flow.provider import NAME

if TYPE_CHECKING:
    from plugway import Channel, Gateway

#: Sessions that are looked at at the same time.
_TOGETHER = 4


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """Tells what became of one session of a file.

    Attributes:
        number: Its place in the file, from 1.
        outcome: `added`; `updated`: the channel had another session of this account;
            `unchanged`: it had this one; or `refused`.
        credential_id: Its credential; null: it was refused.
        email: Whose account it is; empty: nobody knows yet.
        reason: Why it was refused, or was taken without a look at it.
    """

    number: int
    outcome: Literal["added", "updated", "unchanged", "refused"]
    credential_id: int | None = None
    email: str = ""
    reason: str = ""


class Taking:
    """Saves sessions in channels of one gateway; made by `gateway.part(Taking)`."""

    def __init__(self, gateway: Gateway) -> None:
        """Prepare.

        Args:
            gateway: The gateway.
        """
        self._gateway = gateway
        self._accounts = gateway.part(Accounts)
        self._looking = gateway.part(Looking)

    async def take(self, channel_name: str, texts: Sequence[str]) -> list[Taken]:
        """Save sessions.

        An account that the channel has gets the new session. One that has ended, or whose
        account is moved, is refused; where the upstream cannot be asked it is taken as it is.

        Args:
            channel_name: Where to.
            texts: As `plugway_flow.accounts.session_file.split` returns them.

        Raises:
            BadRequest: There is no such channel in use.
        """
        channels = self._gateway.census.channels(NAME)
        channel = next((one for one in channels if one.name == channel_name), None)
        if channel is None:
            raise BadRequest(f"no channel {channel_name} to Flow is in use", field="channel")
        slots = asyncio.Semaphore(_TOGETHER)

        async def one(number: int, text: str) -> Taken:
            async with slots:
                return await self._take(channel, number, text)

        return list(await asyncio.gather(*(one(*pair) for pair in enumerate(texts, 1))))

    async def _take(self, channel: Channel, number: int, text: str) -> Taken:
        found, reason, email = None, "", ""
        try:
            session = session_of(text)
            email = session.email
            try:
                session, found = await self._looking.look(session, channel, self._gateway.upstream)
                email = session.email
            except (CredentialExpired, AccountMigrated) as error:
                return Taken(number=number, outcome="refused", email=email, reason=error.message)
            except PlugwayError as error:
                reason = f"taken without a look at it: {error.message}"
            text = written(session)
            outcome = await self._gateway.renewals.adopt(channel, text)
        except (BadRequest, Conflict) as error:
            why = error.message.removeprefix("secret: ")
            return Taken(number=number, outcome="refused", email=email, reason=why)
        credential_id = self._looking.credential_of(Secret(text), channel)
        if credential_id is not None:
            looked = found is not None
            await self._accounts.note(credential_id, session, found, looked=looked)
        return Taken(
            number=number,
            outcome=outcome,
            credential_id=credential_id,
            email=email,
            reason=reason,
        )
