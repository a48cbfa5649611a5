"""What every call needs of its gateway, and no call's state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from plugway.patience import Patience

if TYPE_CHECKING:
    from plugway.alerts import AlertKind
    from plugway.calls.queue import Queue
    from plugway.channels.channels import Channels
    from plugway.clock import Clock
    from plugway.contract import CallSettled, Provider
    from plugway.credentials.grants import Grants
    from plugway.credentials.pool import CredentialPool
    from plugway.identity.identity import Identity
    from plugway.ledger.ledger import Ledger
    from plugway.ledger.tariff import Tariff
    from plugway.settings import Settings
    from plugway.telemetry.metrics import Metrics
    from plugway.upstream import Upstream

#: Seconds that an answer's last byte waits for a settlement that the database delays.
#: Past it the client's answer is cut, so that it does not see complete what is not charged.
SETTLE_WAIT = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Holds the parts of a gateway that calls go through, from the top down.

    Attributes:
        settings: Returns the settings in force.
        clock: The time.
        identity: Says what a caller may.
        tariff: Returns the tariff in force.
        channels: Says which channels serve.
        credentials: Chooses secrets.
        queue: Shows the calls that wait for pooled ones, or use them.
        grants: Makes authorizations of them.
        providers: By name.
        ledger: Holds, settles and releases.
        upstream: Sends.
        metrics: Counts.
        alert: Told of what an operator should look at: the kind, what it is about, what happened.
        settled: Told of each call that has ended; None: nobody listens.
        patience: Waits for the ledger.
    """

    settings: Callable[[], Settings]
    clock: Clock
    identity: Identity
    tariff: Callable[[], Tariff]
    channels: Channels
    credentials: CredentialPool
    queue: Queue
    grants: Grants
    providers: Mapping[str, Provider]
    ledger: Ledger
    upstream: Upstream
    metrics: Metrics
    alert: Callable[[AlertKind, str, str], None]
    settled: Callable[[CallSettled], None] | None = None
    patience: Patience = field(default_factory=lambda: Patience(SETTLE_WAIT))
