"""Defects of earlier systems, tried on this one (reference: "Defects seen in the code").

They have letters there; those that other files show are named in `test_complaints.py`.
"""

from __future__ import annotations

import asyncio
import io
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest
from flow_system import IMAGE, VIDEO, FlowSystem
from leaks import Leaks
from loopback_proxies import Socks5Proxy

import plugway_flow
from plugway.settings import LogSettings
from plugway.storage.models import User
from plugway.telemetry.logs import configure
from plugway.testing import GatewayServer
from plugway_flow.emulator import FlowEmulator
from plugway_flow.models import families

pytestmark = [
    pytest.mark.anyio,
    # The package says when the official service ends; others keep its API.
    pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning"),
]


class Proxy(Socks5Proxy):
    """Takes every name for one place on this machine."""

    def __init__(self, port: str) -> None:
        super().__init__(("me", "a-password"))
        self.names: set[str] = set()
        self._port = port

    async def carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        destination: str,
        **said: bytes,
    ) -> None:
        """Connect to that place, and pass bytes both ways."""
        name = destination.rpartition(":")[0]
        self.names.add(name)
        await super().carry(reader, writer, f"{name}:{self._port}", **said)


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[FlowSystem]:
    """Run a gateway without a channel, and three accounts."""
    emulator = FlowEmulator(accounts=["first", "second", "third"], looks=1)
    async with FlowSystem(tmp_path / "home", emulator) as system:
        yield system


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Keep the log, as talkative as it gets."""
    stream = io.StringIO()
    level = logging.getLogger().level
    handler = configure(LogSettings(level="debug", form="json"), stream)
    yield stream
    logging.getLogger().removeHandler(handler)
    logging.getLogger().setLevel(level)
    logging.captureWarnings(False)


async def test_m_the_proxy_is_used_for_everything(system: FlowSystem) -> None:
    """The setting was read, and never used."""
    port = system.emulator.url.rpartition(":")[2]
    # Names that only the proxy can find.
    system.emulator.library.base_url = "http://media.example"
    proxy = Proxy(port)
    async with proxy:
        await system.server.channel(
            "flow",
            f"http://api.example:{port}",
            secrets=system.emulator.secrets[:1],
            settings={
                "proxy": proxy.url,
                "labs_base": f"http://localhost:{port}",
                "poll_first": 0.02,
                "poll_seconds": 0.02,
            },
            models=sorted(families()),
        )
        await system.openai.images.generate(model=IMAGE, prompt="a ship")
        video = await system.openai.videos.create_and_poll(
            model=VIDEO, prompt="a ship", poll_interval_ms=20
        )
        assert video.status == "completed", video.error
        assert proxy.names == {"api.example", "localhost", "media.example"}
        # And there is no other way.
        proxy.works = False
        for one in list(proxy.standing):
            one.cancel()
        used = len(system.emulator.seen)
        with pytest.raises(openai.InternalServerError):
            await system.openai.images.generate(model=IMAGE, prompt="a ship")
        assert len(system.emulator.seen) == used


async def test_n_o_all_tokens_are_in_one_pool_and_removed_ones_are_not_used(
    system: FlowSystem,
) -> None:
    """Tokens of the settings were outside the pool, and removed ones stayed in the client."""
    first, second, third = system.emulator.secrets
    channel = await system.server.channel(
        "flow", system.emulator.url, secrets=[first], models=sorted(families())
    )
    root = await system.server.key(await system.server.user("root", credits_=0, role="admin"))
    headers = {"authorization": f"Bearer {root}"}
    admin = f"{system.server.url}/api/admin"

    async def told(method: str, path: str, body: Any = None) -> Any:
        async with system.raw.request(
            method, f"{admin}{path}", headers=headers, json=body
        ) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json() if answer.content_type == "application/json" else None

    # One came with the channel, one by itself, one from a file.
    await told("POST", "/credentials", {"channel": "main", "secret": second})
    await told("POST", "/flow/accounts", {"channel": "main", "text": third})
    for _ in range(3):
        await system.openai.images.generate(model=IMAGE, prompt="a ship")
    uses = Counter(use.account for use in system.emulator.truth.of("image"))
    assert uses == {"first": 1, "second": 1, "third": 1}
    listed = (await told("GET", "/flow/accounts"))["items"]
    emails = {one["email"]: one["id"] for one in listed}
    assert set(emails) == {f"{name}@flow.example" for name in ("first", "second", "third")}
    assert all(row.channel_id == channel for row in await system.rows())
    await told("DELETE", f"/credentials/{emails['second@flow.example']}")
    await told("POST", f"/credentials/{emails['third@flow.example']}/disable")
    system.emulator.truth.clear()
    for _ in range(3):
        await system.openai.images.generate(model=IMAGE, prompt="a ship")
    assert {use.account for use in system.emulator.truth.of("image")} == {"first"}


async def test_q_a_stream_that_fails_says_why(system: FlowSystem) -> None:
    """In stream mode a failure was nothing but the end mark."""
    await system.channel()
    system.emulator.behaviour.fates = {"never": "FAILED", "face": "ERROR_PERSON"}
    for prompt, code, said in (
        ("never", "upstream_error", "the upstream failed"),
        ("a face", "content_policy_violation", "rules do not allow"),
    ):
        stream = await system.openai.chat.completions.create(
            model=VIDEO, messages=[{"role": "user", "content": prompt}], stream=True
        )
        with pytest.raises(openai.APIError) as failed:
            [chunk async for chunk in stream]
        assert failed.value.code == code
        assert said in failed.value.message
    assert await system.spent() == (0, 0)


async def test_r_a_refused_access_token_is_made_anew_once(system: FlowSystem) -> None:
    """An access token that was refused stayed in use until its time was over."""
    await system.server.channel(
        "flow", system.emulator.url, secrets=system.emulator.secrets[:1], models=[IMAGE]
    )
    await system.openai.images.generate(model=IMAGE, prompt="a ship")
    system.emulator.truth.clear()
    system.emulator.accounts["first"].revoke(sessions=False, tokens=True)
    await system.openai.images.generate(model=IMAGE, prompt="a ship")
    # The token that holds no more is no account's: it is refused before it is known whose it is.
    assert [use.status for use in system.emulator.truth.of("image")] == [401, 200]
    assert len(system.emulator.truth.of("session")) == 1
    # Nor is that repeated where it does not help.
    system.emulator.truth.clear()
    system.emulator.accounts["first"].state = "signed_out"
    with pytest.raises(openai.InternalServerError):
        await system.openai.images.generate(model=IMAGE, prompt="a ship")
    assert len(system.emulator.truth.of("image")) == 1
    assert [row.state for row in await system.rows()] == ["expired"]


async def test_w_nobody_is_let_in_by_default(tmp_path: Path) -> None:
    """There was an `admin` with the password `admin`, and a key that everybody knew."""
    async with (
        GatewayServer(tmp_path / "home", plugins={"flow": plugway_flow}) as server,
        aiohttp.ClientSession(server.url) as client,
    ):
        assert await server.gateway.database.run(lambda: User.all().count()) == 0
        known = ("Bearer han1234", "Bearer admin", "Basic YWRtaW46YWRtaW4=")
        for header in known:
            for path in ("/api/me", "/api/admin/users", "/v1/models", "/v1/videos"):
                async with client.get(path, headers={"authorization": header}) as answer:
                    assert answer.status == 401, (header, path)


async def test_x_no_log_has_prompts_answers_or_cookies(
    system: FlowSystem, log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    """Bodies of requests were logged, and raw answers printed."""
    emulator, leaks = system.emulator, Leaks()
    emulator.behaviour.rotation = "kept"
    emulator.behaviour.fates = {"FAIL": "FAILED"}
    await system.channel()
    prompt = leaks.new("prompt", "a ship called ")
    leaks.add("key", system.key)
    emulator.behaviour.extras = {"trace": leaks.new("answer")}
    for kind in ("truncated", "shapeless", "html"):
        emulator.mishap(kind, call="poll")
    emulator.mishap("refused", call="submit", code=400, message=leaks.new("refusal"))
    with pytest.raises(openai.BadRequestError):
        await system.openai.videos.create(model=VIDEO, prompt=prompt)
    videos = system.openai.videos
    ended = await asyncio.gather(
        *(
            videos.create_and_poll(model=VIDEO, prompt=said, poll_interval_ms=100)
            for said in (prompt, prompt, f"FAIL {prompt}")
        )
    )
    assert [one.status for one in ended] == ["completed", "completed", "failed"]
    assert not emulator.mishaps.waiting
    await system.openai.images.generate(model=IMAGE, prompt=prompt)
    async for _ in await system.openai.chat.completions.create(
        model=IMAGE, messages=[{"role": "user", "content": prompt}], stream=True
    ):
        await asyncio.sleep(0)
    for one in emulator.accounts:
        for number, given in enumerate([*one.sessions, *one.tokens]):
            leaks.add(f"{one.name} {number}", given.value)
    out = capfd.readouterr()
    text = log.getvalue()
    assert "/v1/videos" in text
    assert leaks.found(text + out.out + out.err) == set()
