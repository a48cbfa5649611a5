"""Rounds: each session is looked at now and then, so that no customer finds a dead one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugway_flow.accounts.accounts import Accounts
from plugway_flow.accounts.session import digest, read
from plugway_flow.provider import NAME
from plugway_flow.settings import FlowSettings

if TYPE_CHECKING:
    from plugway import Gateway, Secret
    from plugway_flow.accounts.store import Look

#: Seconds between two rounds.
INTERVAL = 15.0

#: Seconds from one look at a session to the next at the least, even if it was exchanged.
_CALM = 60.0

#: States of accounts that calls are given; the others wait for a renewal or a person already.
_USED = ("ready", "cooling")


class Rounds:
    """Has sessions looked at whose time has come; the core's renewals do it.

    They are claimed by lease, a few run at a time, and what fails for the account's fault is
    counted there: a network that is out is not.
    """

    def __init__(self, gateway: Gateway) -> None:
        """Have what is known of accounts read, which calls ask for without waiting.

        Args:
            gateway: The gateway.
        """
        self._gateway = gateway
        self._accounts = gateway.part(Accounts)

    async def round(self) -> None:
        """Do one round.

        Raises:
            Unavailable: The database is away.
        """
        gateway = self._gateway
        seconds = gateway.settings(FlowSettings).check_seconds
        looks = await self._accounts.store.looks()
        for channel in gateway.census.channels(NAME):
            for credential in gateway.credentials.all(channel.id):
                look = looks.get(credential.id)
                if credential.state in _USED and self._is_due(look, credential.secret, seconds):
                    await gateway.renewals.wanted(credential.id)

    def _is_due(self, look: Look | None, secret: Secret, seconds: float) -> bool:
        if look is None:
            return True
        age = (self._gateway.clock.now() - look.at) / 1_000_000
        return age >= seconds or (age >= _CALM and look.digest != digest(read(secret)))
