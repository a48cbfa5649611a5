"""Metrics over HTTP."""

from __future__ import annotations

import pytest
from back_office import BackOffice
from plugway_shop import SECRETS
from task_desk import TaskDesk

from plugway.errors import Unavailable
from plugway.tasks import store

pytestmark = pytest.mark.anyio


async def test_operators_read_them_and_others_do_not(office: BackOffice) -> None:
    assert (await office.nobody.call("GET", "/metrics")).error[:2] == (401, "not_authenticated")
    assert (await office.user.call("GET", "/metrics")).error[:2] == (403, "not_permitted")
    for caller in (office.operator, office.admin):
        answer = await caller.call("GET", "/metrics")
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/plain")


async def test_they_tell_states_and_counts(office: BackOffice) -> None:
    await office.channel(secrets=list(SECRETS))
    await office.buy()
    text = (await office.operator.call("GET", "/metrics")).text
    for line in (
        'plugway_channel_state{channel="main",provider="shop",state="closed"} 1.0',
        'plugway_credential_state{provider="shop",state="ready"} 2.0',
        'plugway_plugin_info{name="shop",state="loaded",version=""} 1.0',
        'plugway_settle_total{result="settled"} 1.0',
        "plugway_holds_open 0.0",
        "plugway_settings_ok 1.0",
    ):
        assert line in text.splitlines(), line
    assert "alice" not in text
    assert not any(secret in text for secret in SECRETS)


async def test_they_tell_of_open_tasks(office: BackOffice) -> None:
    desk = TaskDesk(office.gateway)
    for state in ("pending", "unknown", "processing", "succeed"):
        await desk.task(state)
    lines = (await office.operator.call("GET", "/metrics")).text.splitlines()
    for state, count in (("pending", 1), ("unknown", 1), ("processing", 1), ("submitted", 0)):
        assert f'plugway_tasks_open{{state="{state}"}} {count}.0' in lines
    assert "plugway_task_lag_seconds 0.0" in lines


async def test_what_is_known_is_told_while_the_database_is_away(
    office: BackOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable

    monkeypatch.setattr(store, "counts", away)
    answer = await office.operator.call("GET", "/metrics")
    assert answer.status == 200
    assert "plugway_settings_ok 1.0" in answer.text


class TestOpen:
    """With networks that need no key."""

    @pytest.fixture
    def environ(self) -> dict[str, str]:
        """Let loopback in."""
        return {"PLUGWAY__SERVER__METRICS_NETWORKS": "127.0.0.0/8, 192.0.2.0/24"}

    async def test_a_trusted_network_needs_no_key(self, office: BackOffice) -> None:
        assert (await office.nobody.call("GET", "/metrics")).status == 200
        assert (await office.user.call("GET", "/metrics")).status == 200


class TestOpenElsewhere:
    """With a network that the caller is not in."""

    @pytest.fixture
    def environ(self) -> dict[str, str]:
        """Let another network in."""
        return {"PLUGWAY__SERVER__METRICS_NETWORKS": "192.0.2.0/24"}

    async def test_others_still_need_a_key(self, office: BackOffice) -> None:
        forged = {"x-forwarded-for": "192.0.2.1"}
        answer = await office.nobody.call("GET", "/metrics", headers=forged)
        assert answer.error[:2] == (401, "not_authenticated")
        assert (await office.user.call("GET", "/metrics")).error[:2] == (403, "not_permitted")
        assert (await office.operator.call("GET", "/metrics")).status == 200
