"""Fixtures for tests of plugins; pytest finds this module by its entry point.

Every pytest run in an environment with plugway imports it, so nothing heavy is imported
before a fixture is used.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from plugway.testing.server import GatewayServer

# Its assertions should tell what they compared, as those of any test do.
pytest.register_assert_rewrite("plugway.testing.contract")


class GatewayFactory(Protocol):
    """Makes gateways; annotates what `plugway_gateway` gives."""

    def __call__(
        self, plugins: Mapping[str, object] | None = None, **options: Any
    ) -> GatewayServer:
        """Make a gateway; see `GatewayServer`."""


@pytest.fixture
def plugway_gateway(tmp_path: Path) -> GatewayFactory:
    """Give a maker of gateways, each with a home of its own under the test's folder.

    Only the plugins named are in it, whatever is installed.

    Example:
        ```python
        import aiohttp
        import plugway_echo
        import pytest


        @pytest.mark.anyio
        async def test_ping(plugway_gateway):
            async with plugway_gateway({"echo": plugway_echo}) as server:
                async with aiohttp.request("GET", server.url + "/echo/ping") as answer:
                    assert answer.status == 200
        ```
    """
    numbers = count(1)

    def make(plugins: Mapping[str, object] | None = None, **options: Any) -> GatewayServer:
        from plugway.testing.server import GatewayServer

        home = tmp_path / f"plugway-{next(numbers)}"
        return GatewayServer(home, plugins={} if plugins is None else plugins, **options)

    return make
