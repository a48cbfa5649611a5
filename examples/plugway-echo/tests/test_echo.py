"""Tests of the echo plugin, over HTTP, through a whole gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import aiohttp
import pytest

import plugway_echo
from plugway.testing import GatewayServer, PluginContract
from plugway_echo.emulator import EchoEmulator

if TYPE_CHECKING:
    from plugway.testing.fixtures import GatewayFactory

pytestmark = pytest.mark.anyio


class TestContract(PluginContract):
    name = "echo"
    plugin = plugway_echo


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def emulator() -> AsyncIterator[EchoEmulator]:
    emulator = EchoEmulator()
    yield emulator
    await emulator.stop()


@pytest.fixture
async def server(
    plugway_gateway: GatewayFactory, emulator: EchoEmulator
) -> AsyncIterator[GatewayServer]:
    async with plugway_gateway({"echo": plugway_echo}) as server:
        await server.emulated(emulator)
        yield server


async def say(server: GatewayServer, key: str, text: str = '{"say": "hello"}') -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    async with aiohttp.request(
        "POST", f"{server.url}/echo?x=1", data=text, headers=headers
    ) as answer:
        return answer.status, await answer.text()


async def test_it_says_the_same_again_and_charges_once(
    server: GatewayServer, emulator: EchoEmulator
) -> None:
    user = await server.user(credits_=25)
    key = await server.key(user)
    assert await say(server, key) == (200, '{"say": "hello"}')
    assert await server.balance(user) == (15, 0)
    (seen,) = emulator.seen
    assert seen.target == "/echo?x=1"
    assert seen.header("authorization") == f"Bearer {emulator.secret}"
    assert key not in str(seen.headers)


async def test_who_has_no_key_is_refused(server: GatewayServer, emulator: EchoEmulator) -> None:
    assert (await say(server, "sk-wrong"))[0] == 401
    assert list(emulator.seen) == []


async def test_who_has_not_enough_credits_is_refused(
    server: GatewayServer, emulator: EchoEmulator
) -> None:
    user = await server.user(credits_=9)
    assert (await say(server, await server.key(user)))[0] == 402
    assert await server.balance(user) == (9, 0)
    assert list(emulator.seen) == []


async def test_an_upstream_that_does_not_answer_costs_nothing(
    server: GatewayServer, emulator: EchoEmulator
) -> None:
    user = await server.user(credits_=25)
    key = await server.key(user)
    await emulator.refuse()
    assert (await say(server, key))[0] == 502
    assert await server.balance(user) == (25, 0)
    await emulator.resume()
    assert (await server.verify()).ok
