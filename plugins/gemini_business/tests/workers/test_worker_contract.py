"""In server mode the plugin keeps the contract too, and shows which doors are open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from worker_gateway import Site

pytestmark = pytest.mark.anyio

DOORS = {
    "/ws",
    "/pool/upload-account",
    "/admin/registrar/refresh-tasks/claim",
    "/admin/registrar/refresh-tasks/fail",
    "/admin/registrar/metrics",
}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Run a gateway."""
    async with Site(tmp_path / "home", "first") as site:
        yield site


async def test_its_doors_are_listed_as_public(site: Site) -> None:
    routes = site.server.gateway.registry.routes
    mounts = [route.mount for route in routes if route.owner == "gemini_business"]
    assert {mount.path for mount in mounts if mount.public} >= DOORS
    assert [mount.path for mount in mounts if mount.socket] == ["/ws"]


async def test_they_are_described(site: Site) -> None:
    async with site.client.get(site.url + "/openapi.json") as answer:
        paths = (await answer.json())["paths"]
    assert paths.keys() >= DOORS - {"/ws"}
    assert "post" in paths["/pool/upload-account"]


async def test_what_becomes_of_renewals_is_a_metric(site: Site) -> None:
    await site.want("first")
    async with site.worker(site.renews()):
        await site.all_fresh("first")
    shown = site.server.gateway.metrics.render().decode()
    assert 'plugway_gemini_business_worker_tasks_total{outcome="claimed"} 1.0' in shown
