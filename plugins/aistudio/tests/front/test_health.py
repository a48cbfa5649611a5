"""`/health`: the core's liveness, with the details of the earlier system."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest
from aistudio_front import Front, serving
from aistudio_profiles import text

from plugway import Provider, hookimpl
from plugway.channels.store import ChannelDraft, add
from plugway_aistudio import front as routes
from plugway_aistudio.front.health import HealthRoute, PagesHealth

pytestmark = pytest.mark.anyio

RUNNING = PagesHealth(installed=True, connected=True)


class Browser:
    """Is pages whose browser is as a test says."""

    def __init__(self, health: PagesHealth) -> None:
        self.told = health

    def health(self) -> PagesHealth:
        """Tell."""
        return self.told


class Other:
    """Is a plugin with another provider."""

    plugway_contract = 1

    @hookimpl
    def register_providers(self) -> Iterable[Provider]:
        """Give it."""
        return [Provider(name="other", title="Other", models=("one",))]


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Browser:
    """Give the gateway's pages, whose browser runs unless a test changes that."""
    pages = Browser(RUNNING)
    whole = routes.mounts
    monkeypatch.setattr(routes, "mounts", lambda gateway, given=None: whole(gateway, pages))
    return pages


@pytest.fixture
async def front(tmp_path: Path, browser: Browser) -> AsyncIterator[Front]:
    """Run a gateway with the plugin and another one."""
    async with serving(tmp_path / "home", {}, others={"other": Other()}) as whole:
        await whole.prepare()
        yield whole


async def channel(front: Front, **options: Any) -> None:
    """Add a channel with one profile."""
    options = {"name": "main", "secrets": [text(end=4_000_000_000)], **options}
    await front.server.channel("aistudio", "https://aistudio.google.com", models=["*"], **options)


async def health(front: Front, *, status: int = 200) -> Any:
    answer = await front.call("GET /health", role="")
    assert answer.status == status, answer.body
    assert (await front.call("HEAD /health", role="")).status == status
    assert answer.json["status"] == ("ok" if status == 200 else "error")
    return answer.json


async def test_a_gateway_without_a_channel_lives(front: Front) -> None:
    assert await health(front) == {
        "status": "ok",
        "message": "No channel of AI Studio is enabled.",
        "details": {
            "is_initializing": False,
            "is_playwright_ready": True,
            "is_browser_connected": True,
            "is_page_ready": False,
            "workerRunning": True,
            "queueLength": 0,
            "launchMode": "headless",
            "browserAndPageCritical": False,
        },
    }


async def test_a_gateway_that_can_be_asked_says_so(front: Front, browser: Browser) -> None:
    await channel(front)
    for given in (RUNNING, PagesHealth(installed=True), PagesHealth(installed=True, opening=True)):
        browser.told = given
        told = await health(front)
        assert told["message"] == "AI Studio can be asked."
        details = told["details"]
        assert (details["is_page_ready"], details["browserAndPageCritical"]) == (True, True)
        assert details["is_browser_connected"] == given.connected
        assert details["is_initializing"] == given.opening


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (PagesHealth(), "There is no browser"),
        (PagesHealth(installed=True, failing=True), "cannot be started"),
    ],
)
async def test_a_gateway_of_nothing_else_is_unwell_without_a_browser(
    front: Front, browser: Browser, given: PagesHealth, message: str
) -> None:
    await channel(front)
    await health(front)
    browser.told = given
    told = await health(front, status=503)
    assert message in told["message"]
    details = told["details"]
    assert (details["is_page_ready"], details["workerRunning"]) == (False, False)
    # It still lives: what needs no browser is answered.
    assert (await front.call("GET /api/me")).status == 200
    assert (await front.call("GET /readyz", role="")).status == 200


async def test_a_gateway_with_other_channels_is_not_restarted_for_a_browser(
    front: Front, browser: Browser
) -> None:
    await channel(front)
    browser.told = PagesHealth()
    await health(front, status=503)
    gateway = front.server.gateway
    for name, enabled, status in (("resting", False, 503), ("other", True, 200)):
        draft = ChannelDraft(name=name, base_url="https://other.example", enabled=enabled)
        provider = gateway.registry.providers["other"]
        await add(gateway.database, gateway.vault, provider, draft, gateway.clock)
        await gateway.snapshots.refresh()
        told = await health(front, status=status)
        assert told["details"]["browserAndPageCritical"] is (status == 503)


async def test_profiles_that_cannot_be_used_are_told(front: Front) -> None:
    await channel(front, secrets=[])
    assert "sign in" in (await health(front, status=503))["message"]
    body = {"channel": "main", "secret": text()}
    added = await front.call("POST /api/admin/credentials", body)
    assert added.status == 201, added.body
    await health(front)
    place = f"POST /api/admin/credentials/{added.json['id']}/disable"
    assert (await front.call(place, {})).status == 200
    assert "sign in" in (await health(front, status=503))["message"]
    changed = await front.call("PATCH /api/admin/channels/main", {"enabled": False})
    assert changed.status == 200, changed.body
    assert (await health(front))["message"] == "No channel of AI Studio is enabled."


async def test_without_pages_it_says_what_the_machine_has(front: Front) -> None:
    await channel(front)
    gateway = front.server.gateway
    route = HealthRoute(gateway, None)
    answer = await route.show(None)  # type: ignore[arg-type]  # it does not look at the request
    told = json.loads(answer.body)  # type: ignore[attr-defined]  # a response of Starlette's
    assert told["details"]["is_playwright_ready"] is gateway.browser.available
    assert told["details"]["is_browser_connected"] is False
