"""A grant is minted once and kept until shortly before it expires."""

from __future__ import annotations

import asyncio
from unittest.mock import Mock

import pytest

from plugway import Channel, CredentialKind, Grant, Secret, Upstream
from plugway.credentials.grants import MARGIN_SECONDS, Grants
from plugway.credentials.pool import Credential
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio

CHANNEL = Channel(id=1, provider="p", name="c", base_url="https://h", models=frozenset({"m"}))
LIFE = 1800.0


class Minting(CredentialKind):
    """Counts what it mints, when it may."""

    name = "minting"

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.minted = 0
        self.may = asyncio.Event()

    async def mint(self, secret: Secret, channel: Channel, upstream: Upstream) -> Grant:
        """Return a grant with a number."""
        self.minted += 1
        number = self.minted
        await self.may.wait()
        expires = self.clock.now() / 1_000_000 + LIFE
        return Grant((("Authorization", f"{secret.reveal()} {number}"),), expires)


async def test_minted_once_for_all_and_again_when_it_is_about_to_expire() -> None:
    clock = ManualClock()
    kind = Minting(clock)
    grants = Grants(lambda: Mock(spec=Upstream), clock)
    credential = Credential(id=7, channel_id=1, kind=kind, secret=Secret("one"))
    callers = [asyncio.create_task(grants.get(credential, CHANNEL)) for _ in range(5)]
    await asyncio.sleep(0)
    callers[0].cancel()
    await asyncio.sleep(0)
    kind.may.set()
    got = await asyncio.gather(*callers[1:])
    assert {grant.headers[0][1] for grant in got} == {"one 1"}
    assert kind.minted == 1

    clock.advance(LIFE - MARGIN_SECONDS - 1)
    assert (await grants.get(credential, CHANNEL)).headers[0][1] == "one 1"
    clock.advance(1)
    assert (await grants.get(credential, CHANNEL)).headers[0][1] == "one 2"

    # Read anew from the database it is another object with the same secret, or another secret.
    same = Credential(id=7, channel_id=1, kind=kind, secret=Secret("one"))
    assert (await grants.get(same, CHANNEL)).headers[0][1] == "one 2"
    changed = Credential(id=7, channel_id=1, kind=kind, secret=Secret("two"))
    assert (await grants.get(changed, CHANNEL)).headers[0][1] == "two 3"
    grants.forget(changed)
    assert (await grants.get(changed, CHANNEL)).headers[0][1] == "two 4"


async def test_a_new_secret_does_not_wait_for_a_grant_of_the_old_one() -> None:
    clock = ManualClock()
    kind = Minting(clock)
    grants = Grants(lambda: Mock(spec=Upstream), clock)
    old = Credential(id=7, channel_id=1, kind=kind, secret=Secret("old"))
    new = Credential(id=7, channel_id=1, kind=kind, secret=Secret("new"))
    callers = [asyncio.create_task(grants.get(one, CHANNEL)) for one in (old, new)]
    await asyncio.sleep(0)
    kind.may.set()
    got = await asyncio.gather(*callers)
    assert [grant.headers[0][1] for grant in got] == ["old 1", "new 2"]
    assert (await grants.get(new, CHANNEL)).headers[0][1] == "new 2"
