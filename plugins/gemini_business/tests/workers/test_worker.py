"""Real workers at a real gateway: lost ones, restarts of either side, and dead accounts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from worker_gateway import HEADERS, SECRET, Held, Relay, Site

from plugway import (
    ChallengeRequired,
    ConfigurationError,
    CredentialExpired,
    CredentialRestricted,
    NotAuthenticated,
    Secret,
    UpstreamUnreachable,
)
from plugway.testing import ManualClock
from plugway_gemini_business.account import read
from plugway_gemini_business.workers.connection import GRACE
from plugway_gemini_business.workers.worker import Worker

pytestmark = pytest.mark.anyio

NAMES = ("first", "second", "third")


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Run a gateway with three accounts."""
    async with Site(tmp_path / "home", *NAMES) as site:
        yield site


async def owner(site: Site, name: str) -> str | None:
    return (await site.row(name)).renewal_owner


async def free(site: Site, name: str) -> bool:
    return await owner(site, name) is None


async def test_what_is_due_is_renewed(site: Site) -> None:
    calls: list[str] = []
    for name in NAMES:
        site.emulator.accounts[name].state = "expired"
    await site.want(*NAMES)
    async with site.worker(site.renews(calls), threads=2, name="a machine"):
        await site.all_fresh(*NAMES)
        await site.until(lambda: renewed(site, 3))
        async with site.client.get(site.url + "/admin/registrar/metrics") as answer:
            told = await answer.json()
    assert sorted(calls) == sorted(site.email(name) for name in NAMES)
    assert told["counts"]["late"] == 0
    assert [one["name"] for one in told["clients"]] == ["a machine"]


async def renewed(site: Site, number: int) -> bool:
    async with site.client.get(site.url + "/admin/registrar/metrics") as answer:
        return bool((await answer.json())["counts"]["renewed"] == number)


async def test_the_gateway_itself_renews_nothing_in_server_mode(site: Site) -> None:
    await site.want("first")
    for _ in range(5):
        site.clock.advance(5)
        assert await site.server.gateway.renewing.round() == 0
    assert await owner(site, "first") is None


async def test_at_most_as_many_at_a_time_as_there_are_threads(site: Site) -> None:
    held = Held(site)
    await site.want(*NAMES)
    async with site.worker(held, threads=2) as running:
        await site.until(lambda: len(held.begun) == 2)
        site.clock.advance(30)
        await site.until(lambda: len(running.worker.running) == 2)
        assert len(held.begun) == 2
        held.go.set()
        await site.until(lambda: len(held.begun) == 3)
        await site.all_fresh(*NAMES)


async def test_a_worker_that_stops_gives_back_what_it_has(site: Site) -> None:
    held = Held(site)
    await site.want("first")
    running = site.worker(held)
    await running.__aenter__()
    await site.until(lambda: len(held.begun) == 1)
    assert not await free(site, "first")
    running.stop.set()
    await site.until(running.task.done, step=1)
    await running.task
    assert held.given_up == 1
    await site.until(lambda: free(site, "first"), step=0)
    row = await site.row("first")
    # At once, and nothing is held against the account.
    assert (row.renewal_at <= site.clock.now(), row.renewal_failures) == (True, 0)


async def test_a_worker_that_stops_finishes_what_is_nearly_done(site: Site) -> None:
    held = Held(site)
    await site.want("first")
    running = site.worker(held)
    await running.__aenter__()
    await site.until(lambda: len(held.begun) == 1)
    running.stop.set()
    site.clock.advance(10)
    held.go.set()
    await site.until(running.task.done, step=0.01)
    await running.task
    assert held.given_up == 0
    assert await site.is_fresh("first")


async def test_a_restart_of_the_gateway_costs_no_renewal(site: Site) -> None:
    held = Held(site)
    await site.want("first")
    async with Relay(site) as relay, site.worker(held, url=relay.url) as running:
        await site.until(lambda: len(held.begun) == 1)
        await site.stop()
        await site.until(lambda: not running.worker.is_connected)
        # Finished while there is no gateway.
        held.go.set()
        await site.until(lambda: bool(site.emulator.accounts["first"].sign_ins[1:]))
        await site.start()
        await site.until(lambda: site.is_fresh("first"))
        await site.until(lambda: not running.worker.running)
    assert held.begun == [site.email("first")]
    assert (await site.row("first")).state == "ready"


async def test_a_failure_found_while_the_gateway_is_away_is_told_later(site: Site) -> None:
    go = asyncio.Event()

    async def fail(secret: Secret) -> Secret:
        await go.wait()
        raise CredentialExpired("a person must sign in")

    await site.want("first")
    async with Relay(site) as relay, site.worker(fail, url=relay.url) as running:
        await site.until(lambda: claimed(site, "first"))
        await site.until(lambda: len(running.worker.running) == 1)
        await site.stop()
        await site.until(lambda: not running.worker.is_connected)
        go.set()
        await asyncio.sleep(0)
        await site.start()
        await site.until(lambda: failed(site, "first"))
    assert (await site.row("first")).renewal_failures == 1


async def is_later(site: Site, name: str, until: int) -> bool:
    return bool((await site.row(name)).renewal_until > until)


async def claimed(site: Site, name: str) -> bool:
    return not await free(site, name)


async def test_a_short_cut_costs_no_renewal(site: Site) -> None:
    held = Held(site)
    await site.want("first")
    async with Relay(site) as relay, site.worker(held, url=relay.url) as running:
        await site.until(lambda: len(held.begun) == 1)
        until = (await site.row("first")).renewal_until
        relay.cut()
        await site.until(lambda: not running.worker.is_connected)
        await site.until(lambda: running.worker.is_connected)
        # The gateway has heard what it still has, before the time that it had for it is over.
        await site.until(lambda: is_later(site, "first", until), step=0)
        for _ in range(60):
            site.clock.advance(3 * GRACE / 60)
            await asyncio.sleep(0.005)
        assert await owner(site, "first") == f"worker:{running.worker.id}"
        held.go.set()
        await site.until(lambda: site.is_fresh("first"))
    assert held.begun == [site.email("first")]


@pytest.mark.parametrize(
    ("error", "counted"),
    [
        (CredentialExpired("sign in"), True),
        (ChallengeRequired("a challenge"), True),
        (CredentialRestricted("not allowed"), True),
        (UpstreamUnreachable("no network"), False),
        (ConfigurationError("no browser"), False),
        (TimeoutError(), False),
        (ValueError("canary-7391"), False),
    ],
)
async def test_failures_come_with_their_kind(
    site: Site, error: Exception, counted: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(secret: Secret) -> Secret:
        raise error

    await site.want("first")
    async with site.worker(fail):
        await site.until(lambda: failed(site, "first"))
    row = await site.row("first")
    assert (row.renewal_failures, row.renewal_owner) == (int(counted), None)
    assert row.state == "ready"
    assert "canary" not in row.reason + caplog.text


async def failed(site: Site, name: str) -> bool:
    return (await site.row(name)).reason.startswith("renewal: ")


async def test_defect_k_the_dead_hold_up_nobody(tmp_path: Path) -> None:
    dead = [f"dead{number}" for number in range(5)]
    good = [f"good{number}" for number in range(5)]
    async with Site(tmp_path / "home", *dead, *good) as site:

        async def renew(secret: Secret) -> Secret:
            if read(secret).email.startswith("dead"):
                raise CredentialExpired("a person must sign in")
            return site.fresh(secret)

        # The dead are first in the line.
        await site.want(*dead)
        site.clock.advance(1)
        await site.want(*good)
        began = site.clock.now()
        async with site.worker(renew, threads=1):
            await site.all_fresh(*good)
            assert (site.clock.now() - began) / 1e6 < 60
            for name in dead:
                await site.until(partial(state, site, name, "quarantined"), step=1)
        assert len(await site.rows()) == 10


async def state(site: Site, name: str, wanted: str) -> bool:
    return (await site.row(name)).state == wanted


async def test_a_wrong_secret_ends_the_worker(site: Site) -> None:
    worker = Worker(site.url, SECRET + "x", site.renews(), clock=site.clock)
    with pytest.raises(NotAuthenticated):
        await worker.run(asyncio.Event())


async def test_it_waits_longer_and_longer_for_a_gateway_that_is_not_there(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Slow()
    worker = Worker("http://127.0.0.1:9", SECRET, nothing, clock=clock, chance=lambda: 1.0)
    stop = asyncio.Event()

    def enough() -> None:
        if len(clock.slept) >= 8:
            stop.set()

    clock.then = enough
    with caplog.at_level(logging.WARNING):
        await worker.run(stop)
    assert clock.slept[:8] == [2, 4, 8, 16, 32, 60, 60, 60]
    assert "cannot be reached" in caplog.text
    assert SECRET not in caplog.text
    # Others come back at another time.
    clock.slept.clear()
    stop.clear()
    with suppress(asyncio.CancelledError):
        await Worker("http://127.0.0.1:9", SECRET, nothing, clock=clock, chance=lambda: 0.0).run(
            stop
        )
    assert clock.slept[:3] == [1, 2, 4]


async def nothing(secret: Secret) -> Secret:
    return secret


def nobody() -> None:
    pass


class Slow(ManualClock):
    """Writes down how long somebody wants to sleep, and lets nobody wait."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []
        self.then: Callable[[], None] = nobody

    async def sleep(self, seconds: float) -> None:
        """Return soon."""
        self.slept.append(seconds)
        self.then()
        await asyncio.sleep(0)


async def test_a_gateway_that_says_nothing_is_left(site: Site) -> None:
    async with site.worker(site.renews()) as running:
        await site.until(lambda: running.worker.is_connected)
        connected = running.worker._socket  # noqa: SLF001  # to see that it is another one
        # No heartbeat comes, though the line stands.
        running.worker._heard -= 241  # noqa: SLF001  # what a stalled gateway would do
        site.clock.advance(20)
        await site.until(lambda: running.worker._socket not in (None, connected))  # noqa: SLF001


@pytest.mark.parametrize(
    ("headers", "warned"),
    [
        ({}, False),
        ({"X-Forwarded-For": "192.0.2.7"}, True),
        ({"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}, False),
    ],
)
async def test_plain_http_from_elsewhere_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, headers: dict[str, str], warned: bool
) -> None:
    proxies = {"PLUGWAY__SERVER__TRUSTED_PROXIES": '["127.0.0.1/32"]'}
    async with Site(tmp_path / "home", environ=proxies) as site:
        with caplog.at_level(logging.WARNING):
            async with site.raw(headers={**HEADERS, **headers}) as worker:
                await worker.say("query_status")
                await worker.hear("status")
    assert ("without TLS" in caplog.text) is warned
