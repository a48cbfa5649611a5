"""A node that claims as fast as it can, to be run beside others on one database.

It writes a line for each use: the credential, and the microseconds when it began and ended.
`pool_load.py ROUNDS COOLDOWN CALLERS ZONE`: so many claims by so many callers at once.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time

from pool_nodes import PoolNode, channel

from plugway.clock import SystemClock
from plugway.credentials.pool import Claim
from plugway.storage.database import Database


def now() -> int:
    return time.time_ns() // 1_000


async def use(node: PoolNode, claim: Claim) -> None:
    """Use a credential for a moment."""
    assert claim.credential is not None  # all channels here have some
    began = now()
    await asyncio.sleep(random.uniform(0, 0.004))  # noqa: S311  # not for secrecy
    if random.random() < 0.9:  # noqa: S311  # the same
        node.pool.succeeded(claim.credential, node.channel)
    os.write(1, f"{claim.credential.id} {began} {now()}\n".encode())
    node.pool.free(claim)


async def main(rounds: int, cooldown: float, callers: int, zone: str) -> None:
    """Claim."""
    its = channel(use_cooldown=cooldown, wait=20, day_zone=zone)
    async with Database(os.environ["POOL_URL"]) as database:
        node = PoolNode(database, SystemClock(), its)
        await node.pool.load()
        os.write(1, b"ready\n")
        sys.stdin.readline()
        left = iter(range(rounds))

        async def caller() -> None:
            for _ in left:
                claim = await node.claim()
                if claim is not None:
                    await use(node, claim)

        await asyncio.gather(*(caller() for _ in range(callers)))
        await node.idle()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
