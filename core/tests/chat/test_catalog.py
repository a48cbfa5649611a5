"""Which plugin and which channels serve a model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import aiohttp
import pytest
from plain_dialect import PlainDialect
from plain_front import PlainFront
from poet import PoetPlugin

from plugway import ANY, BadRequest, Provider, hookimpl
from plugway.testing.server import GatewayServer

pytestmark = pytest.mark.anyio


class OpenPoet(PoetPlugin):
    """Has models that nobody lists in advance."""

    @hookimpl
    def register_providers(self) -> Iterable[Provider]:
        """Return the provider."""
        return [Provider(name=self.poet.provider, title="Poet", models=(ANY,), more_models=True)]


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[PlainFront]:
    """Run a gateway with two plugins that have the same models; the second one lists none."""
    plugin = PoetPlugin()
    plugins = {"poet": plugin, "rival": OpenPoet("rival"), "plain": PlainDialect()}
    async with (
        GatewayServer(tmp_path / "home", plugins=plugins) as server,
        aiohttp.ClientSession() as client,
    ):
        front = PlainFront(server, plugin, client)
        front.key = await server.key(await server.user())
        yield front


async def test_a_model_is_served_by_the_only_plugin_with_a_channel(front: PlainFront) -> None:
    await front.server.channel("poet", "http://127.0.0.1:9", models=["parrot"])
    assert (await front.lines("parrot"))[-1] == "end stop"
    assert [row.provider for row in await front.server.usage()] == ["poet"]


async def test_a_channel_can_serve_all_models_there_are(front: PlainFront) -> None:
    await front.server.channel("rival", "http://127.0.0.1:9")
    assert (await front.lines("parrot"))[-1] == "end stop"
    assert (await front.lines("poet"))[-1] == "end stop"
    assert {row.provider for row in await front.server.usage()} == {"rival"}


async def test_a_channel_with_all_models_takes_no_name_from_one_that_lists_it(
    front: PlainFront,
) -> None:
    await front.server.channel("poet", "http://127.0.0.1:9", models=["parrot"])
    await front.server.channel("rival", "http://127.0.0.1:9", name="all")
    assert (await front.lines("parrot"))[-1] == "end stop"
    assert (await front.lines("poet"))[-1] == "end stop"
    assert [row.provider for row in await front.server.usage()] == ["poet", "rival"]


async def test_one_that_lists_the_model_stands_beside_one_with_all_by_priority(
    front: PlainFront,
) -> None:
    server = front.server
    await server.channel("rival", "http://127.0.0.1:9", name="all", priority=1)
    await server.channel("rival", "http://127.0.0.1:9", name="named", models=["parrot"], priority=2)
    await server.channel("rival", "http://127.0.0.1:9", name="spare", models=["parrot"])
    found = server.gateway.channels.candidates("rival", "parrot", None)
    assert [channel.name for channel in found] == ["named", "all", "spare"]
    found = server.gateway.channels.candidates("rival", "poet", None)
    assert [channel.name for channel in found] == ["all"]


async def test_all_models_are_no_model_of_a_provider_that_names_its_own(front: PlainFront) -> None:
    with pytest.raises(BadRequest, match="name each"):
        await front.server.channel("poet", "http://127.0.0.1:9", models=[ANY])
