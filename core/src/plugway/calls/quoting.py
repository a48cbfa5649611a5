"""Who may serve a call, and the most that it can cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from plugway.errors import NoChannel

if TYPE_CHECKING:
    from plugway.bindings import Binding
    from plugway.calls.parts import Parts
    from plugway.contract import Channel, Usage
    from plugway.ledger.tariff import Quote


def candidates(
    parts: Parts, provider: str, model: str, group: str | None, pin: Binding | None
) -> list[Channel]:
    """List the channels that may serve a call, best first.

    Args:
        parts: What calls go through.
        provider: The provider.
        model: The model.
        group: The caller's group.
        pin: Something that only the channel which made it knows, whatever else serves.

    Raises:
        NoChannel: There is none.
    """
    if pin is None:
        return parts.channels.candidates(provider, model, group)
    channel = parts.channels.get(pin.channel_id)
    if channel is None or not channel.enabled or channel.provider != provider:
        raise NoChannel(f"no available channel: the one that made this {pin.kind} is out of use")
    return [channel]


def dearest(
    parts: Parts, provider: str, usages: Sequence[Usage], channels: Sequence[Channel]
) -> tuple[Channel, Quote]:
    """Quote the dearest channel: which one will serve is not known yet.

    Args:
        parts: What calls go through.
        provider: The provider.
        usages: What will be used.
        channels: At least one.

    Raises:
        NoPrice: One of them has no price for it.
    """
    tariff = parts.tariff()
    found, *others = channels
    quote = tariff.quote(provider, usages, found.settings)
    for channel in others:
        other = tariff.quote(provider, usages, channel.settings)
        if other.credits > quote.credits:
            found, quote = channel, other
    return found, quote
