"""Asks upstreams whether credentials work, at no cost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from plugway.contract import Grant
from plugway.credentials import kinds, store
from plugway.errors import PlugwayError

if TYPE_CHECKING:
    from plugway.contract import Channel
    from plugway.credentials.pool import Credential
    from plugway.gateway import Gateway

#: Seconds for one check, and how many run at a time.
SECONDS = 30.0
TOGETHER = 8


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """Tells whether a credential works.

    Attributes:
        credential: Its id; null: the channel needs none.
        masked: Both ends of the secret.
        ok: Whether it works.
        ms: Milliseconds that it took to find out.
        reason: Why it does not.
    """

    credential: int | None
    masked: str
    ok: bool
    ms: int
    reason: str | None = None


async def check_channel(gateway: Gateway, channel: Channel) -> list[Check]:
    """Check every credential of a channel.

    Args:
        gateway: The gateway.
        channel: The channel.

    Returns:
        One result a credential; of a channel that needs none, one.
    """
    if gateway.registry.providers[channel.provider].credential is None:
        return [await _check(gateway, channel, None)]
    slots = asyncio.Semaphore(TOGETHER)

    async def one(credential: Credential) -> Check:
        async with slots:
            return await check_credential(gateway, channel, credential)

    return list(await asyncio.gather(*map(one, gateway.credentials.all(channel.id))))


async def check_credential(gateway: Gateway, channel: Channel, credential: Credential) -> Check:
    """Check one credential; one that works is forgiven all and ready, unless it is disabled.

    Args:
        gateway: The gateway.
        channel: Its channel.
        credential: The credential.
    """
    result = await _check(gateway, channel, credential)
    if result.ok and credential.state != "disabled":
        gateway.credentials.succeeded(credential, channel)
        await store.verified(gateway.database, credential.id, credential.secret, gateway.clock)
    return result


async def _check(gateway: Gateway, channel: Channel, credential: Credential | None) -> Check:
    clock, upstream = gateway.clock, gateway.upstream
    started = clock.monotonic()
    reason: str | None = None
    try:
        async with asyncio.timeout(SECONDS):
            if credential is None:
                await upstream.probe(channel, Grant(()))
            else:
                # Minted anew: a kept grant may outlive the secret it came from.
                upstream = upstream.sticking_to(credential.key)
                grant = await kinds.mint(credential.kind, credential.secret, channel, upstream)
                await kinds.check(credential.kind, grant, channel, upstream)
    except TimeoutError:
        reason = f"no answer in {SECONDS:g} s"
    except PlugwayError as error:
        reason = error.message
    return Check(
        credential=None if credential is None else credential.id,
        masked="" if credential is None else credential.secret.masked(),
        ok=reason is None,
        ms=round((clock.monotonic() - started) * 1000),
        reason=reason,
    )
