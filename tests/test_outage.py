"""The database refuses in the middle of calls: nothing is sent unpaid, and no charge is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from outages import LockedFile, Outage, outage
from small import PRICE, SmallGateway, SmallPlugin

from plugway import Departure
from plugway.calls import parts
from plugway.storage.url import Dialect
from plugway.testing.databases import DIALECTS, Databases, available, cut
from plugway.testing.scripted import ScriptedUpstream, Seen, answer
from plugway.testing.server import GatewayServer

pytestmark = pytest.mark.anyio

PATIENCE = 20.0


class Broken:
    """Is a gateway whose database can be taken away, and an upstream that answers when told."""

    def __init__(self, small: SmallGateway, outage: Outage) -> None:
        self.small = small
        self.outage = outage
        self.asked = asyncio.Event()
        self.go = asyncio.Event()

    async def script(
        self, seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer when told."""
        self.asked.set()
        await self.go.wait()
        await answer("200 OK", b"the answer")(seen, reader, writer)

    async def tried(self) -> None:
        """Wait until the ledger has tried in vain."""
        before = self._tries()
        async with asyncio.timeout(PATIENCE):
            while self._tries() == before:
                await asyncio.sleep(0.01)

    def _tries(self) -> str:
        text = self.small.server.gateway.metrics.render().decode()
        return next(line for line in text.splitlines() if line.startswith("plugway_ledger_retry"))

    async def recovered(self) -> None:
        """Wait until a free call, and so the whole, works again."""
        async with asyncio.timeout(PATIENCE):
            while (await self.small.call("/small/x"))[0] != 200:
                await asyncio.sleep(0.02)


@pytest.fixture(scope="module", params=DIALECTS)
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Make databases of each kind."""
    dialect: Dialect = request.param
    if reason := available(dialect):
        pytest.skip(reason)
    with Databases(dialect) as databases:
        yield databases


@pytest.fixture
def wait() -> float:
    """Say how long a call waits for the ledger; tests override it."""
    return 10.0


@pytest.fixture
async def broken(tmp_path: Path, databases: Databases, wait: float) -> AsyncIterator[Broken]:
    """Run it."""
    plugin = SmallPlugin(Departure(seconds=PATIENCE))
    async with outage(databases.dialect, databases) as taken:
        environ = {
            "PLUGWAY__DATABASE__URL": taken.url,
            "PLUGWAY__LEDGER__RESERVE_WAIT": str(wait),
        }
        home = tmp_path / "home"
        async with GatewayServer(home, plugins={"small": plugin}, environ=environ) as server:
            small = SmallGateway(server, ScriptedUpstream(), plugin)
            await small.prepare()
            yield Broken(small, taken)
            await small.close()


class TestImpatient:
    """Calls that do not wait long for the ledger."""

    @pytest.fixture
    def wait(self) -> float:
        """Wait a moment."""
        return 0.3

    async def test_a_call_that_cannot_be_held_is_refused_and_never_sent(
        self, broken: Broken
    ) -> None:
        small = broken.small
        await broken.outage.begin()
        for _ in range(2):
            status, body, _ = await small.call()
            assert status == 503
            assert b'"ledger_unavailable"' in body
        refused = await asyncio.gather(*(small.call() for _ in range(5)))
        assert {status for status, *_ in refused} == {503}
        assert small.upstream.seen == []
        await broken.outage.end()
        await broken.recovered()
        assert len(small.upstream.seen) == 1
        # What was given up is not held either.
        await small.until_charged(PRICE)


async def test_a_call_waits_for_a_database_that_is_soon_back(broken: Broken) -> None:
    small = broken.small
    await broken.outage.begin()
    call = asyncio.create_task(small.call())
    await broken.tried()
    assert small.upstream.seen == []
    assert not call.done()
    await broken.outage.end()
    assert (await asyncio.wait_for(call, PATIENCE))[0] == 200
    await small.until_charged(PRICE)


async def test_a_settlement_waits_and_the_answer_with_it(broken: Broken) -> None:
    small = broken.small
    small.upstream.scripts = [broken.script]
    call = asyncio.create_task(small.call())
    await asyncio.wait_for(broken.asked.wait(), PATIENCE)
    await broken.outage.begin()
    broken.go.set()
    await broken.tried()
    assert not call.done(), "the client saw complete what was not charged"
    await broken.outage.end()
    status, body, _ = await asyncio.wait_for(call, PATIENCE)
    assert (status, body) == (200, b"the answer")
    await small.until_charged(PRICE)
    assert len(small.upstream.seen) == 1


class TestHurried:
    """Settlements that are not waited for long."""

    @pytest.fixture(autouse=True)
    def _hurry(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parts, "SETTLE_WAIT", 0.2)

    async def test_an_answer_that_is_not_settled_in_time_is_withheld_and_charged_once(
        self, broken: Broken
    ) -> None:
        small = broken.small
        small.upstream.scripts = [broken.script]
        call = asyncio.create_task(small.call())
        await asyncio.wait_for(broken.asked.wait(), PATIENCE)
        await broken.outage.begin()
        broken.go.set()
        status, body, _ = await asyncio.wait_for(call, PATIENCE)
        assert (status, b"did not confirm the settlement in time" in body) == (503, True)
        assert b"the answer" not in body
        await broken.outage.end()
        await small.until_charged(PRICE)


async def test_a_settlement_outlives_the_client_and_the_outage(broken: Broken) -> None:
    small = broken.small
    small.upstream.scripts = [broken.script]
    call = asyncio.create_task(small.call())
    await asyncio.wait_for(broken.asked.wait(), PATIENCE)
    await broken.outage.begin()
    call.cancel()
    await small.departed()
    broken.go.set()
    await broken.tried()
    await broken.outage.end()
    await small.until_charged(PRICE)
    (row,) = await small.server.usage()
    assert (row.status, row.credits) == (499, PRICE)


async def test_a_release_is_not_lost_either(broken: Broken) -> None:
    small = broken.small
    small.upstream.scripts = [broken.script]
    call = asyncio.create_task(small.call())
    await asyncio.wait_for(broken.asked.wait(), PATIENCE)
    await broken.outage.begin()
    await small.upstream.stop()
    await broken.tried()
    await broken.outage.end()
    assert (await asyncio.wait_for(call, PATIENCE))[0] == 502
    await small.until_charged(0)


async def test_keys_that_are_known_still_let_in(broken: Broken) -> None:
    """What needs no ledger is served from memory; what needs the database says so."""
    small = broken.small
    small.upstream.scripts = [answer("200 OK", b"{}")]
    # A file that is being written to can still be read.
    away = 200 if isinstance(broken.outage, LockedFile) else 503

    async def until_ready(status: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while (await small.call("/readyz", "GET"))[0] != status:
                await asyncio.sleep(0.02)

    await broken.outage.begin()
    await until_ready(away)
    assert (await small.call("/health", "GET"))[0] == 200
    assert (await small.call("/small/x", headers={"authorization": "Bearer wrong-key"}))[0] == 401
    status, body, _ = await small.call("/api/me", "GET")
    assert (status, b'"unavailable"' in body) == (away, away == 503)
    free = asyncio.create_task(small.call("/free/x"))
    await broken.tried()
    assert not free.done()
    await broken.outage.end()
    assert (await asyncio.wait_for(free, PATIENCE))[0] == 200
    await until_ready(200)
    await small.until_charged(0)


async def test_cuts_under_load_charge_exactly_what_was_answered(broken: Broken) -> None:
    small, calls = broken.small, 80
    await small.server.credit(small.user, calls * PRICE)
    small.upstream.scripts = [answer("200 OK", b"{}")]
    left = iter(range(calls))
    statuses: list[int] = []

    async def client() -> None:
        for _ in left:
            status, *_ = await small.call()
            statuses.append(status)

    clients = [asyncio.create_task(client()) for _ in range(8)]
    for part in (20, 40, 60):
        async with asyncio.timeout(PATIENCE):
            while len(statuses) < part:
                await asyncio.sleep(0.001)
        if part == 40:
            await broken.outage.begin()
            await broken.tried()
            await broken.outage.end()
        elif not isinstance(broken.outage, LockedFile):
            assert cut(small.server.gateway.url.reveal()) > 0
    await asyncio.wait_for(asyncio.gather(*clients), PATIENCE)
    assert set(statuses) <= {200, 503}
    answered = statuses.count(200)
    assert answered > calls / 2
    await small.server.gateway.ledger.flush()
    charged, held = await small.charged()
    assert (charged + calls * PRICE, held) == (answered * PRICE, 0)
    report = await small.server.verify()
    assert report.ok, report.problems
    assert len(small.upstream.seen) == answered
