"""The door to metered calls, handed to plugins as `gateway.calls`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from plugway.calls.call import Call
from plugway.calls.patience import Patience
from plugway.contract import CallSettled, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from plugway.channels.channels import Channels
    from plugway.clock import Clock
    from plugway.contract import Provider
    from plugway.credentials.grants import Grants
    from plugway.credentials.pool import CredentialPool
    from plugway.identity.identity import Identity
    from plugway.ledger.ledger import Ledger
    from plugway.ledger.tariff import Tariff
    from plugway.request import Request
    from plugway.settings import Settings
    from plugway.telemetry.metrics import Metrics
    from plugway.upstream import Upstream


#: Seconds that an answer's last byte waits for a settlement that the database delays.
#: Past it the client's answer is cut, so that it does not see complete what is not charged.
SETTLE_WAIT = 30.0


class Calls:
    """Opens calls. One per gateway; it holds what every call needs and no call's state."""

    def __init__(
        self,
        *,
        settings: Callable[[], Settings],
        clock: Clock,
        identity: Identity,
        tariff: Callable[[], Tariff],
        channels: Channels,
        credentials: CredentialPool,
        grants: Grants,
        providers: Mapping[str, Provider],
        ledger: Ledger,
        upstream: Upstream,
        metrics: Metrics,
        settled: Callable[[CallSettled], None] | None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.identity = identity
        self.tariff = tariff
        self.channels = channels
        self.credentials = credentials
        self.grants = grants
        self.providers = providers
        self.ledger = ledger
        self.upstream = upstream
        self.metrics = metrics
        self.settled = settled
        self.patience = Patience(SETTLE_WAIT)

    def open(
        self,
        request: Request,
        *,
        provider: str,
        model: str,
        usage: Usage | Sequence[Usage],
    ) -> Call:
        """Open a metered call, as `async with gateway.calls.open(…) as call:`.

        On entering, the caller's rights are checked, channels looked up and the credits
        held; on leaving, a call that nothing settled is released.

        Args:
            request: The client's request.
            provider: Which provider serves it.
            model: Which model; the key and a channel must have it.
            usage: The most it may use; `call.observe` replaces it by what it did use.

        Returns:
            The call, to be entered.

        Raises:
            NotPermitted: The key or the group may not use the model, or not from here.
            RateLimited: Too many calls.
            NoChannel: No channel serves the model.
            NoPrice: The tariff has no row for the usage.
            InsufficientCredits: The balance or the key's quota does not cover it.
            LedgerUnavailable: The hold could not be made durable.
        """
        usages = (usage,) if isinstance(usage, Usage) else tuple(usage)
        return Call(self, request, self.providers[provider], model, usages)
