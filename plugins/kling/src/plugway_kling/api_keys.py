"""Credentials that the newer generation takes: API keys, and no pairs."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from plugway import NoChannel
from plugway_kling.credential import is_pair
from plugway_kling.provider import NAME

if TYPE_CHECKING:
    from plugway import Binding, Gateway, Principal

_REFUSAL = "no available channel: this API takes API keys only"


def pin_to_key(
    gateway: Gateway, principal: Principal, model: str, bound: Binding | None
) -> Binding:
    """Return a channel and a credential that can serve the newer generation.

    A pair is not even tried: the upstream's refusals would put it out of use where it works.

    Args:
        gateway: Has the channels.
        principal: Who asks.
        model: For which model.
        bound: What the request builds on was made with this; None: it builds on nothing.

    Raises:
        NoChannel: No channel of the model has an API key that can be used now.
    """
    from plugway import Binding

    now = gateway.clock.now()
    if bound is not None:
        credential = gateway.credentials.get(bound.channel_id, bound.credential_id or 0)
        if credential is None or is_pair(credential.secret):
            raise NoChannel(f"{_REFUSAL}, and what this builds on was not made with one")
        return bound
    for channel in gateway.channels.candidates(NAME, model, principal.group):
        keys = [
            one
            for one in gateway.credentials.all(channel.id)
            if one.usable(now) and not is_pair(one.secret)
        ]
        if keys:
            chosen = random.choice(keys)  # noqa: S311  # balance, not secrecy, is what is at stake
            return Binding(
                provider=NAME,
                kind="credential",
                name=str(chosen.id),
                user_id=principal.user_id,
                channel_id=channel.id,
                credential_id=chosen.id,
            )
    raise NoChannel(f"{_REFUSAL}, and no channel of {model} has one that can be used now")
