"""A process with a ledger, to be run beside others and to be killed.

It writes a line for each answer it has got, as a client would keep its own record.
`load.py reserve N`: N reserves of 10 on account 1 at once, then the number admitted.
`load.py ends N`: ends the tasks job0, job1, … of account 1, then the numbers ended and charged.
`load.py calls`: calls without end on accounts 1 to 4, the last being a key's quota.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys

from plugway.clock import SystemClock
from plugway.errors import InsufficientCredits
from plugway.ids import new_id
from plugway.ledger.ledger import Ledger
from plugway.ledger.operations import (
    EndState,
    Finish,
    Refund,
    Release,
    Reserve,
    Settle,
    UsageRecord,
)
from plugway.storage.url import DatabaseURL


def say(line: str) -> None:
    """Write a line at once: the process may be killed after any of them."""
    os.write(1, f"{line}\n".encode())


def reserve(account: int, amount: int, quota: int | None = None) -> Reserve:
    now = SystemClock().now()
    return Reserve(
        call_id=new_id(),
        account_id=account,
        key_account_id=quota,
        key_id=None,
        amount=amount,
        quote="{}",
        created_at=now,
        expires_at=now + 1,
    )


async def reserves(ledger: Ledger, number: int) -> None:
    say("ready")
    sys.stdin.readline()
    results = await asyncio.gather(
        *(ledger.reserve(reserve(1, 10), wait=60) for _ in range(number)), return_exceptions=True
    )
    for each in results:
        if isinstance(each, BaseException) and not isinstance(each, InsufficientCredits):
            raise each
    say(str(sum(not isinstance(each, BaseException) for each in results)))


async def ends(ledger: Ledger, number: int) -> None:
    say("ready")
    sys.stdin.readline()
    operations: list[Finish] = []
    for place in range(number):
        # Each process would have it otherwise, in another order.
        job = place if os.getpid() % 2 else number - place - 1
        state: EndState = "succeed" if (os.getpid() + job) % 3 else "failed"
        operations.append(Finish(call_id=f"job{job}", at=1, state=state))
    outcomes = await asyncio.gather(*map(ledger.submit, operations))
    first = [each for each in outcomes if not each.repeated]
    say(f"{len(first)} {sum(each.charged for each in first)}")


async def calls(ledger: Ledger, dice: random.Random) -> None:
    while True:
        operation = reserve(dice.choice((1, 2, 3)), 100, dice.choice((None, 4)))
        call = operation.call_id
        await ledger.reserve(operation, wait=60)
        say(f"open {call} 0")
        usage = UsageRecord(
            call_id=call,
            request_id=call,
            account_id=operation.account_id,
            user_id=1,
            key_id=None,
            provider="p",
            model="m",
            channel_id=None,
            credential_id=None,
            status=200,
            upstream_ms=1,
            overhead_us=1,
            ip="127.0.0.1",
            created_at=operation.created_at,
        )
        if not dice.randrange(4):
            await ledger.submit(Release(call_id=call, reason="failed", at=1, usage=usage))
            say(f"released {call} 0")
            continue
        outcome = await ledger.submit(
            Settle(call_id=call, amount=dice.randrange(150), at=1, usage=usage)
        )
        say(f"settled {call} {outcome.charged}")
        if outcome.charged and not dice.randrange(3):
            await ledger.submit(
                Refund(call_id=call, amount=1, actor="a", reason="r", idempotency_key=call, at=2)
            )
            say(f"refunded {call} 1")


async def main(what: str, number: int) -> None:
    ledger = Ledger(DatabaseURL.parse(os.environ["LOAD_URL"]), SystemClock())
    await ledger.open()
    if what == "reserve":
        await reserves(ledger, number)
    elif what == "ends":
        await ends(ledger, number)
    else:
        dice = random.Random(number)  # noqa: S311  # a test's own
        await asyncio.gather(*(calls(ledger, dice) for _ in range(24)))
    await ledger.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
