"""Endpoints without a choice of models: any channel serves them, whatever models it lists."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from plugway import NoChannel
from plugway_kling.provider import NAME

if TYPE_CHECKING:
    from plugway import Binding, Channel, Gateway, Principal
    from plugway_kling.requests import Checked


def pin_to_any(gateway: Gateway, principal: Principal, checked: Checked) -> Binding | None:
    """Return a channel for a request whose model only stands for its endpoint.

    Operators list the upstream's models with a channel, and not such names of ours. Where they
    do, only those channels serve the endpoint.

    Args:
        gateway: Has the channels.
        principal: Who asks.
        checked: The request.

    Returns:
        None: channels are found by the model, as always.

    Raises:
        NoChannel: The caller has no channel at all.
    """
    from plugway import Binding

    if checked.named or _is_listed(gateway, principal, checked.model):
        return None
    channels = open_to(gateway, principal)
    if not channels:
        raise NoChannel(f"no available channel for {checked.model}", field="model")
    first = _rank(gateway, channels[0])
    best = [one for one in channels if _rank(gateway, one) == first]
    weights = [one.weight for one in best]
    (chosen,) = random.choices(best, weights)  # noqa: S311  # balance, not secrecy, is at stake
    return Binding(
        provider=NAME,
        kind="channel",
        name=str(chosen.id),
        user_id=principal.user_id,
        channel_id=chosen.id,
        credential_id=None,
    )


def open_to(gateway: Gateway, principal: Principal) -> list[Channel]:
    """Return the channels that a caller may use, those that rest last, else by priority.

    Args:
        gateway: Has the channels.
        principal: Who asks.
    """
    channels = (
        one
        for one in gateway.channels.all()
        if one.provider == NAME and one.enabled and one.group in (None, principal.group)
    )
    return sorted(channels, key=lambda one: (*_rank(gateway, one), one.id))


def _rank(gateway: Gateway, channel: Channel) -> tuple[bool, int]:
    now = gateway.clock.now()
    rests = not any(one.usable(now) for one in gateway.credentials.all(channel.id))
    return rests, -channel.priority


def _is_listed(gateway: Gateway, principal: Principal, model: str) -> bool:
    try:
        gateway.channels.candidates(NAME, model, principal.group)
    except NoChannel:
        return False
    return True
