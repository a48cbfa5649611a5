"""What an operator is told, where, and how often."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, get_args

import pytest

from plugway import alerts as module
from plugway.alerts import PAUSE, AlertKind, Alerts
from plugway.errors import ConfigurationError
from plugway.settings import AlertSettings, RelaySettings
from plugway.telemetry.metrics import Metrics
from plugway.testing.clock import ManualClock
from plugway.testing.scripted import ScriptedUpstream, Seen, answer
from plugway.upstream import Timeouts, Upstream
from plugway.webhooks import verify_webhook

pytestmark = pytest.mark.anyio

SECRET = "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
OK = answer("204 No Content", b"")


class Desk:
    """Is an operator's receiver on loopback, and what tells it."""

    def __init__(self, upstream: Upstream) -> None:
        self.receiver = ScriptedUpstream()
        self.receiver.scripts = [OK]
        self.clock = ManualClock()
        self.metrics = Metrics()
        self.settings = AlertSettings()
        self.alerts = Alerts(
            upstream=upstream,
            clock=self.clock,
            settings=lambda: self.settings,
            metrics=self.metrics,
        )

    async def heard(self, count: int) -> list[Any]:
        """Wait until so many have come, let the clock go on meanwhile, and return them."""
        async with asyncio.timeout(10):
            while len(self.receiver.seen) < count:
                self.clock.advance(PAUSE)
                await asyncio.sleep(0.01)
        return [json.loads(seen.body) for seen in self.receiver.seen]

    def counted(self, kind: str) -> float:
        """Return how many alerts of a kind were counted."""
        labels = {"kind": kind}
        return self.metrics.registry.get_sample_value("plugway_alerts_total", labels) or 0.0


@asynccontextmanager
async def running(desk: Desk) -> AsyncIterator[None]:
    loop = asyncio.create_task(desk.alerts.run())
    yield
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """Give one whose receiver is set."""
    upstream = Upstream(RelaySettings(), environ={})
    await upstream.open()
    made = Desk(upstream)
    url = await made.receiver.start()
    # A private address: it is the operator's own.
    made.settings = AlertSettings(webhook=f"{url}/hook?team=1")
    yield made
    await made.receiver.stop()
    await upstream.close()


async def test_an_alert_is_sent_logged_and_counted(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.alerts.tell("channel_failing", "main", "no call has succeeded for 5 minutes")
    async with running(desk):
        (told,) = await desk.heard(1)
    assert told == {
        "kind": "channel_failing",
        "subject": "main",
        "message": "no call has succeeded for 5 minutes",
        "at": "2027-01-15T08:00:00Z",
    }
    (seen,) = desk.receiver.seen
    assert seen.line == "POST /hook?team=1 HTTP/1.1"
    assert seen.header("content-type") == "application/json; charset=utf-8"
    assert seen.header("webhook-signature") is None
    assert desk.counted("channel_failing") == 1
    (line,) = [one for one in caplog.records if one.name == "plugway.alerts"]
    assert line.levelno == logging.WARNING
    assert line.getMessage() == "channel_failing: main: no call has succeeded for 5 minutes"


async def test_a_secret_signs_it(desk: Desk) -> None:
    desk.settings = AlertSettings(webhook=desk.settings.webhook, secret=SECRET)
    desk.alerts.tell("task_stuck", "t", "m")
    async with running(desk):
        await desk.heard(1)
    (seen,) = desk.receiver.seen
    now = desk.clock.now() // 1_000_000
    assert verify_webhook([SECRET], dict(seen.headers), seen.body, now)


async def test_without_an_address_it_is_logged_and_counted(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.settings = AlertSettings()
    for kind in get_args(AlertKind):
        desk.alerts.tell(kind, "s", "m")
        assert desk.counted(kind) == 1
    assert len(caplog.records) == len(get_args(AlertKind))
    async with running(desk):
        await asyncio.sleep(0.05)
    assert desk.receiver.seen == []


async def test_the_same_is_not_sent_again_for_a_while(desk: Desk) -> None:
    for _ in range(3):
        desk.alerts.tell("task_stuck", "one", "m")
    desk.alerts.tell("task_stuck", "two", "m")
    desk.alerts.tell("task_expired", "one", "m")
    desk.clock.advance(3599)
    desk.alerts.tell("task_stuck", "one", "m")
    desk.clock.advance(1)
    desk.alerts.tell("task_stuck", "one", "again")
    async with running(desk):
        told = await desk.heard(4)
        await asyncio.sleep(0.05)
    assert [(one["kind"], one["subject"]) for one in told] == [
        ("task_stuck", "one"),
        ("task_stuck", "two"),
        ("task_expired", "one"),
        ("task_stuck", "one"),
    ]
    assert told[-1]["message"] == "again"
    assert len(desk.receiver.seen) == 4
    assert desk.counted("task_stuck") == 6


async def test_what_looks_like_a_secret_is_not_passed_on(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    canary = "sk-canary0123456789"
    desk.alerts.tell("settlement_failed", f"x?key={canary}", f"Authorization: Bearer {canary}")
    async with running(desk):
        await desk.heard(1)
    assert b"canary" not in desk.receiver.seen[0].body
    assert "canary" not in caplog.text


async def test_a_receiver_that_fails_is_tried_again_with_the_same_id(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.receiver.scripts = [answer("500 x"), answer("302 x", b"", "location: /other"), OK]
    desk.alerts.tell("task_stuck", "one", "m")
    async with running(desk):
        await desk.heard(3)
    assert len({seen.header("webhook-id") for seen in desk.receiver.seen}) == 1
    assert "was not sent" not in caplog.text


async def test_one_that_cannot_be_sent_does_not_stop_the_others(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.receiver.scripts = [*[answer("500 x")] * module.TRIES, OK]
    desk.alerts.tell("task_stuck", "one", "m")
    desk.alerts.tell("task_stuck", "two", "m")
    async with running(desk):
        told = await desk.heard(module.TRIES + 1)
    assert [one["subject"] for one in told] == ["one"] * module.TRIES + ["two"]
    assert "an alert was not sent: the address of alerts answered with 500" in caplog.text


async def test_as_many_wait_as_there_is_room_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(module.WAITING + 5):
        desk.alerts.tell("task_stuck", str(number), "m")
    assert caplog.text.count("too many wait") == 5
    async with running(desk):
        await desk.heard(module.WAITING)
        # It has not been told, so that it still is news.
        desk.alerts.tell("task_stuck", str(module.WAITING), "m")
        told = await desk.heard(module.WAITING + 1)
    assert told[-1]["subject"] == str(module.WAITING)


async def test_no_more_are_remembered_than_so_many(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 3)
    for subject in ("a", "b", "c", "d", "a", "d"):
        desk.alerts.tell("task_stuck", subject, "m")
    async with running(desk):
        told = await desk.heard(5)
        await asyncio.sleep(0.05)
    assert [one["subject"] for one in told] == ["a", "b", "c", "d", "a"]
    assert len(desk.receiver.seen) == 5


async def test_a_receiver_that_is_silent_is_left(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def say_nothing(seen: Seen, reader: asyncio.StreamReader, writer: Any) -> None:
        await reader.read()

    monkeypatch.setattr(module, "_TIMEOUTS", Timeouts(total=0.1, connect=0.1, headers=0.1))
    desk.receiver.scripts = [say_nothing, OK]
    desk.alerts.tell("task_stuck", "one", "m")
    async with running(desk):
        assert len(await desk.heard(2)) == 2


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"webhook": "example.com"}, "webhook"),
        ({"webhook": "ftp://example.com"}, "webhook"),
        ({"webhook": "https://user:pass@example.com"}, "webhook"),
        ({"webhook": "https://exa mple.com"}, "webhook"),
        ({"secret": "plain canary"}, "secret"),
    ],
)
def test_settings_that_cannot_work_are_refused(values: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        AlertSettings(**values)
    assert caught.value.field == field
    assert "canary" not in caught.value.message


@pytest.mark.parametrize(
    "url", ["https://example.com/", "http://10.0.0.1:9/a/b?token=c", "http://[::1]/x"]
)
def test_settings_that_work(url: str) -> None:
    settings = AlertSettings(webhook=url, secret=SECRET)
    assert url not in repr(settings)
    assert SECRET not in repr(settings)
