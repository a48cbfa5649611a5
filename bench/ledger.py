"""Reserve-settle pairs a second: a closed loop of callers on one ledger.

`python bench/ledger.py` prints one JSON object a line. Servers that are not there are
left out. A pair is two operations, each durable before its caller goes on, with both a
user's account and, for every second caller, a key's quota; the usage row is written too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from statistics import quantiles

from plugway.clock import SystemClock
from plugway.ids import new_id
from plugway.ledger.ledger import Ledger
from plugway.ledger.operations import Adjust, Reserve, Settle, UsageRecord
from plugway.ledger.verify import verify
from plugway.storage.database import Database
from plugway.storage.models import Account
from plugway.storage.url import DatabaseURL
from plugway.testing.databases import DIALECTS, available, fresh_database

ACCOUNTS = 200
QUOTE = json.dumps({"credits": 700, "lines": [{"usage": {"key": "gpt-4o"}, "credits": "700"}]})


async def accounts(url: DatabaseURL, clock: SystemClock) -> None:
    """Make accounts with credits; the second half stands for keys' quotas."""

    async def work() -> None:
        await Account.bulk_create(
            Account(id=n, owner=f"user:{n}", balance=0, held=0, overdraft=0)
            for n in range(1, 2 * ACCOUNTS + 1)
        )

    async with Database(url) as database:
        await database.transact(work)
    ledger = Ledger(url, clock)
    await ledger.open()
    await asyncio.gather(
        *(
            ledger.submit(
                Adjust(
                    account_id=n,
                    kind="credit",
                    amount=10**12,
                    actor="bench",
                    reason="bench",
                    idempotency_key=f"bench-{n}",
                    at=clock.now(),
                )
            )
            for n in range(1, 2 * ACCOUNTS + 1)
        )
    )
    await ledger.close()


async def pairs(url: DatabaseURL, callers: int, seconds: float, keys: bool) -> dict[str, float]:
    """Run the loop and measure."""
    clock = SystemClock()
    ledger = Ledger(url, clock)
    await ledger.open()
    times: list[float] = []
    stop = time.perf_counter() + seconds

    async def call(number: int) -> None:
        while (began := time.perf_counter()) < stop:
            account = number % ACCOUNTS + 1
            number += callers
            call_id, now = new_id(), clock.now()
            await ledger.reserve(
                Reserve(
                    call_id=call_id,
                    account_id=account,
                    key_account_id=account + ACCOUNTS if keys else None,
                    key_id=account,
                    amount=1000,
                    quote=QUOTE,
                    created_at=now,
                    expires_at=now + 600_000_000,
                ),
                wait=30.0,
            )
            usage = UsageRecord(
                call_id=call_id,
                request_id=call_id,
                account_id=account,
                user_id=account,
                key_id=account,
                provider="bench",
                model="gpt-4o-mini",
                channel_id=1,
                credential_id=1,
                status=200,
                upstream_ms=120,
                overhead_us=900,
                ip="127.0.0.1",
                created_at=now,
                input_tokens=512,
                output_tokens=128,
            )
            await ledger.submit(Settle(call_id=call_id, amount=700, at=clock.now(), usage=usage))
            times.append(time.perf_counter() - began)

    began, busy = time.perf_counter(), time.process_time()
    await asyncio.gather(*(call(number) for number in range(callers)))
    took, busy = time.perf_counter() - began, time.process_time() - busy
    await ledger.close()
    cuts = quantiles(times, n=100)
    return {
        "pairs_per_second": len(times) / took,
        "pair_p50_ms": cuts[49] * 1000,
        "pair_p99_ms": cuts[98] * 1000,
        "cpu_us_per_pair": busy / len(times) * 1e6,
    }


UNITS = {
    "pairs_per_second": "pairs/s",
    "pair_p50_ms": "ms",
    "pair_p99_ms": "ms",
    "cpu_us_per_pair": "us",
}


def main() -> int:
    """Measure each database at each number of callers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dialect", action="append", choices=DIALECTS)
    parser.add_argument("--callers", type=int, action="append")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each figure, at most 30")
    parser.add_argument("--keys", action="store_true", help="every call draws on a key's quota too")
    options, _ = parser.parse_known_args()
    failed = False
    for dialect in options.dialect or DIALECTS:
        if (reason := available(dialect)) is not None:
            print(reason, file=sys.stderr)
            continue
        for callers in options.callers or (1, 16, 64, 256):
            with fresh_database(dialect) as text:
                url = DatabaseURL.parse(text)
                asyncio.run(accounts(url, SystemClock()))
                figures = asyncio.run(pairs(url, callers, min(options.seconds, 30.0), options.keys))
                report = asyncio.run(verify(url))
            failed = failed or not report.ok
            conditions = {
                "database": dialect,
                "callers": callers,
                "accounts": ACCOUNTS,
                "key_quota": options.keys,
                "seconds": options.seconds,
                "processes": 1,
                "cpus": os.cpu_count(),
                "verified": report.ok,
            }
            for name, value in figures.items():
                line = {
                    "name": f"ledger.{name}",
                    "value": round(value, 3),
                    "unit": UNITS[name],
                    "conditions": conditions,
                }
                print(json.dumps(line), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
