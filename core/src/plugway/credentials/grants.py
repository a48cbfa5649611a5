"""Grants, minted once and kept until shortly before they expire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from plugway.contract import Channel, Grant, Secret
from plugway.credentials import kinds

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.credentials.pool import Credential
    from plugway.upstream import Upstream

#: Seconds before its expiry that a grant is no longer handed out.
MARGIN_SECONDS = 60.0


class Grants:
    """Hands out grants; of several callers that need the same new one, one mints it."""

    def __init__(self, upstream: Callable[[], Upstream], clock: Clock) -> None:
        self._upstream = upstream
        self._clock = clock
        self._kept: dict[int, tuple[Secret, Grant]] = {}
        #: By credential and secret: who has a new secret does not want a grant of the old one.
        self._minting: dict[tuple[int, Secret], asyncio.Task[Grant]] = {}

    async def get(self, credential: Credential, channel: Channel) -> Grant:
        """Return a grant that is good for a while.

        Args:
            credential: Whose secret to use.
            channel: Its channel.

        Raises:
            UpstreamError: It could not be minted.
        """
        kept = self._kept.get(credential.id)
        secret = credential.secret
        if kept is not None and (kept[0] is secret or kept[0] == secret):
            grant = kept[1]
            if (
                grant.expires_at is None
                or grant.expires_at - MARGIN_SECONDS > self._clock.now() / 1_000_000
            ):
                return grant
        place = credential.id, secret
        task = self._minting.get(place)
        if task is None:
            task = asyncio.create_task(self._mint(credential, channel))
            self._minting[place] = task
            task.add_done_callback(lambda _: self._minting.pop(place, None))
        # One caller's departure must not take the grant from the others.
        return await asyncio.shield(task)

    def forget(self, credential: Credential) -> None:
        """Drop a grant that the upstream refused, so that the next call mints a new one."""
        self._kept.pop(credential.id, None)

    async def _mint(self, credential: Credential, channel: Channel) -> Grant:
        upstream = self._upstream().sticking_to(credential.key)
        grant = await kinds.mint(credential.kind, credential.secret, channel, upstream)
        self._kept[credential.id] = (credential.secret, grant)
        return grant
