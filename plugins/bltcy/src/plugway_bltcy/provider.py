"""The upstream as operators configure it, and what its calls cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec

from plugway import ChannelSettings, Departure, Provider, TariffRow
from plugway_bltcy.settings import BltcySettings

#: Name of the provider and of its kind of credential.
NAME = "bltcy"

#: Dimension of a usage that only asks how a job is doing.
POLL = {"access": "poll"}

Quota = Annotated[int, msgspec.Meta(ge=0, le=10**15)]


class BltcyChannel(ChannelSettings, frozen=True, kw_only=True):
    """Sets one channel.

    Attributes:
        passthrough_quota: Credits for one request.
        poll_quota: Credits for one request that only reads, as polling does.
    """

    passthrough_quota: Quota = 1000
    poll_quota: Quota = 0


def provider(settings: BltcySettings) -> Provider:
    """Describe the upstream.

    Args:
        settings: The plugin's.
    """
    return Provider(
        name=NAME,
        title="Bltcy pass-through",
        credential=NAME,
        models=tuple(dict.fromkeys(settings.models().values())),
        settings=BltcyChannel,
        base_url="origin",
        # A job that was submitted is done and paid for, whoever is still there to hear of it:
        # as long as an exchange may take, its answer is waited for.
        departure=Departure(seconds=300),
    )


def tariff(settings: BltcySettings) -> Iterator[TariffRow]:
    """Yield the prices: a request's and, more specific, a polling read's.

    Args:
        settings: The plugin's.
    """
    for model in dict.fromkeys(settings.models().values()):
        yield TariffRow(key=model, setting="passthrough_quota")
        yield TariffRow(key=model, setting="poll_quota", dimensions=POLL)
