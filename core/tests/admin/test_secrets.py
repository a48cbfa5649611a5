"""A canary in every secret: no list, error, log, metric or audit may show it."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from back_office import BackOffice

from plugway.admin.roles import ROLES
from plugway.settings import LogSettings
from plugway.telemetry.logs import configure

pytestmark = pytest.mark.anyio

CANARY = "canary-0123456789-canary"


@pytest.fixture
def environ() -> dict[str, str]:
    """Put it into the settings."""
    return {
        "PLUGWAY__SERVER__SESSION_SECRET": CANARY,
        "PLUGWAY__ALERTS__WEBHOOK": f"https://example.com/{CANARY}",
        "PLUGWAY__PLUGINS__SHOP__TOKEN": CANARY,
    }


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Write the log as a gateway does that is told to write everything."""
    root, stream = logging.getLogger(), io.StringIO()
    level = root.level
    handler = configure(LogSettings(level="debug"), stream)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(False)


async def test_no_answer_and_no_log_shows_a_secret(office: BackOffice, log: io.StringIO) -> None:
    secrets = [CANARY]
    await office.channel(
        secrets=[CANARY],
        settings={"pin": CANARY, "proxy": f"http://{CANARY}:{CANARY}@127.0.0.1:1"},
    )
    for name, pair in (("one", False), ("two", True)):
        body = {"user": "alice", "name": name, "pair": pair}
        made = (await office.admin.post("/keys", body)).json
        secrets += [made[name] for name in ("key", "access_key", "secret_key") if name in made]
    bodies: list[dict[str, Any]] = [
        {"channel": "main", "secret": CANARY},
        {"channel": "main", "secret": f"{CANARY}\n"},
        {"channel": "none", "secret": CANARY},
        {"channel": "main", "secret": CANARY, "more": CANARY},
        {"channel": "main", "secret": [CANARY]},
    ]
    texts = [(await office.admin.post("/credentials", body)).text for body in bodies]
    texts.append((await office.admin.post("/channels/main/test")).text)
    texts.append((await office.admin.post("/credentials/1/test")).text)
    texts.append((await office.buy()).text)
    sent_back = {"settings": {"pin": CANARY, "fee": CANARY}}
    texts.append((await office.admin.patch("/channels/main", sent_back)).text)
    for place in (*ROLES, "GET /metrics", "GET /readyz", "GET /openapi.json"):
        method, _, path = place.partition(" ")
        if method == "GET":
            path = path.replace("{id}", "1")
            path = path.replace("{name}", "main" if "channels" in path else "alice")
            answer = await office.admin.call("GET", path)
            assert answer.status in (200, 404), place
            texts.append(answer.text)
    assert "/api/admin/channels" in log.getvalue()
    texts.append(log.getvalue())
    for secret in secrets:
        assert not [text for text in texts if secret in text]
        assert secret[8:-4] not in "".join(texts)
