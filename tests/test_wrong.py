"""What clients and operators get wrong, at a gateway that runs: each a clear answer, no charge.

One serving process with the installed plugins, three of them broken, is driven by the command
line and over HTTP.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import nodes
import pytest
from back_office import Answer, Caller
from nodes import Node

from plugway.testing.scripted import ScriptedUpstream

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[1]
BROKEN = ("import_error", "raising", "misspelt")
PACKAGES = [ROOT / "core/tests/packages" / name for name in BROKEN] + [
    ROOT / "tests/packages/unpriced"
]
CREDITS = 10_000


class Desk:
    """Is a running gateway, its upstream, and a user with credits."""

    def __init__(self, node: Node, upstream: ScriptedUpstream, alice: Caller) -> None:
        self.node = node
        self.upstream = upstream
        self.alice = alice

    async def key(self, user: str, **options: Any) -> Caller:
        """Make a key, and the user if there is none."""
        await self.node.admin.post("/users", {"name": user})
        body = {"user": user, "name": os.urandom(4).hex(), **options}
        answer = await self.node.admin.post("/keys", body)
        assert answer.status == 201, answer.text
        return self.node.caller(answer.json["key"])

    async def refused(self, answer: Answer, status: int, code: str, message: str) -> None:
        """Check an answer on a route of Bltcy, and that nothing went up or was charged."""
        assert answer.status == status, answer.text
        assert set(answer.json) == {"code", "message"}
        assert answer.json["code"] == code
        assert message in answer.json["message"]
        assert answer.headers["x-request-id"]
        assert not self.upstream.seen
        assert await self.balance() == (CREDITS, 0)

    async def balance(self, user: str = "alice") -> tuple[int, int]:
        """Return what a user has, and what is held of it."""
        told = (await self.node.admin.get(f"/users/{user}")).json
        return told["balance"], told["held"]

    async def run(self, *words: str) -> tuple[int, str, str]:
        """Run a command for the gateway's address; return exit code, stdout, stderr."""
        process, admin = self.node.process, self.node.admin.key or ""
        done = await asyncio.to_thread(
            process.plugway, "--url", process.url, "--admin-key", admin, *words, check=False
        )
        return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """Run it, once for all tests here."""
    path = os.pathsep.join([*map(str, PACKAGES), os.environ.get("PYTHONPATH", "")])
    environ = {
        "PYTHONPATH": path.strip(os.pathsep),
        "PLUGWAY__PLUGINS__ALLOW": "bltcy, unpriced, importerror, raising, misspelt",
    }
    node = Node(tmp_path_factory.mktemp("wrong") / "home", environ)
    upstream = ScriptedUpstream()
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(nodes.client())
        stack.callback(node.close)
        await node.start(client, await asyncio.to_thread(node.init))
        base_url = await upstream.start()
        stack.push_async_callback(upstream.stop)
        alice = await node.furnish(base_url, credits_=CREDITS)
        yield Desk(node, upstream, alice)
        assert await node.stop() == 0
        verified = await asyncio.to_thread(node.process.plugway, "ledger", "verify")
        assert verified.returncode == 0


@pytest.fixture(autouse=True)
def _nothing_seen(desk: Desk) -> None:
    desk.upstream.seen.clear()


async def test_a_wrong_key(desk: Desk) -> None:
    for key in ("sk-" + "x" * 43, "short", ""):
        answer = await desk.node.caller(key).call("POST", "/runway/x")
        await desk.refused(answer, 401, "not_authenticated", "No valid key")
    answer = await desk.node.caller(None).call("POST", "/suno/submit")
    await desk.refused(answer, 401, "not_authenticated", "No valid key")
    done = await asyncio.to_thread(
        desk.node.process.plugway,
        *("--url", desk.node.process.url, "--admin-key", "sk-" + "x" * 43, "users", "list"),
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "plugway: No valid key was presented.\n"


async def test_a_key_that_is_disabled_or_has_expired(desk: Desk) -> None:
    caller = await desk.key("bob")
    (found,) = (await desk.node.admin.get("/keys", user="bob")).json["items"]
    await desk.node.admin.patch(f"/keys/{found['id']}", {"enabled": False})
    answer = await caller.call("POST", "/runway/x")
    await desk.refused(answer, 401, "not_authenticated", "No valid key")
    caller = await desk.key("bob")
    await desk.node.admin.patch("/users/bob", {"enabled": False})
    answer = await caller.call("POST", "/runway/x")
    await desk.refused(answer, 401, "not_authenticated", "No valid key")


async def test_a_model_that_the_key_has_not(desk: Desk) -> None:
    caller = await desk.key("alice", models=["suno"])
    for path in ("/runway/x", "/runwayml/x"):
        answer = await caller.call("POST", path)
        await desk.refused(answer, 403, "not_permitted", "no available channel for 'runway'")


async def test_a_model_that_no_channel_has(desk: Desk) -> None:
    for prefix in ("pika", "kling", "jimeng", "suno"):
        answer = await desk.alice.call("POST", f"/{prefix}/x")
        message = f"no available channel for model {prefix}"
        await desk.refused(answer, 503, "no_available_channel", message)


async def test_a_channel_that_is_disabled(desk: Desk) -> None:
    assert (await desk.run("channels", "disable", "main"))[0] == 0
    try:
        answer = await desk.alice.call("POST", "/runway/x")
        await desk.refused(answer, 503, "no_available_channel", "no available channel")
    finally:
        assert (await desk.run("channels", "enable", "main"))[0] == 0


async def test_no_credits(desk: Desk) -> None:
    poor = await desk.key("poor")
    answer = await poor.call("POST", "/runway/x")
    await desk.refused(answer, 402, "insufficient_credits", "balance")
    assert (await desk.run("credit", "poor", "999", "--reason", "not enough"))[0] == 0
    answer = await poor.call("POST", "/runway/x")
    await desk.refused(answer, 402, "insufficient_credits", "balance")
    assert await desk.balance("poor") == (999, 0)
    limited = await desk.key("alice", quota=999)
    answer = await limited.call("POST", "/runway/x")
    await desk.refused(answer, 402, "insufficient_credits", "")
    code, _, said = await desk.run("credit", "poor", "-1000", "--reason", "too much")
    assert (code, len(said.splitlines())) == (1, 1)


async def test_no_price_until_there_is_one(desk: Desk) -> None:
    base_url = f"http://127.0.0.1:{desk.upstream.port}"
    words = ("--provider", "unpriced", "--name", "tea", "--base-url", base_url, "--secret", "s")
    assert (await desk.run("channels", "add", *words))[0] == 0
    answer = await desk.alice.call("POST", "/unpriced/x")
    assert answer.error == (400, "no_price", None)
    assert not desk.upstream.seen
    price = ("prices", "set", "tea", "--provider", "unpriced")
    for wrong in ("-1", "nan", "1e400", "free"):
        code, _, said = await desk.run(*price, "--credits", wrong)
        assert (code, len(said.splitlines())) == (1, 1), said
    assert (await desk.run(*price, "--credits", "7"))[0] == 0
    try:
        assert (await desk.alice.call("POST", "/unpriced/x")).status == 200
        assert await desk.balance() == (CREDITS - 7, 0)
    finally:
        await desk.run("credit", "alice", "7", "--reason", "test")


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("https://api.example.com/", "https://api.example.com"),
        ("https://api.example.com/v1", "https://api.example.com"),
        ("https://api.example.com:8443/v1?x=1#y", "https://api.example.com:8443"),
        ("https://me:pass@api.example.com", "https://api.example.com"),
        ("api.example.com", "https://host"),
        ("ftp://api.example.com", "https://host"),
        ("https://", "https://host"),
        ("https://[::1", "https://host"),
        ("https://api.example.com:99999", "https://host"),
        ("https://api.example.com\\@evil", "https://host"),
        ("https://api.ex ample.com", "https://host"),
        ("", "https://host"),
    ],
)
async def test_a_base_url_that_is_none(desk: Desk, typed: str, right: str) -> None:
    body = {"provider": "bltcy", "name": "wrong", "base_url": typed, "secrets": ["s"]}
    answer = await desk.node.admin.post("/channels", body)
    assert answer.error == (400, "bad_request", "base_url")
    assert answer.json["error"]["message"].endswith(f"the right form is {right}")
    assert "pass" not in answer.text.replace("passthrough", "")


async def test_channels_that_cannot_be(desk: Desk) -> None:
    add = ("channels", "add", "--name", "wrong", "--secret", "s", "--provider")
    good = ("--base-url", "https://api.example.com")
    for words, said in (
        (("bltcy", "--base-url", "https://api.example.com/v1"), "https://api.example.com"),
        (("nobody", *good), "there are: bltcy, unpriced"),
        (("raising", *good), "no plugin serves"),
        (("bltcy", *good, "--model", "runway-gen4"), "it has runway, pika"),
        (("bltcy", *good, "--set", "passthrough_quota=-1"), "settings.passthrough_quota"),
        (("bltcy", *good, "--set", "qouta=1"), "settings.qouta: unknown"),
        (("bltcy", *good, "--set", "proxy=proxy:1"), "the right form is http://host:port"),
        (("bltcy", *good, "--weight", "0"), "weight"),
        (("bltcy", *good, "--group", "nobody"), "no group named nobody"),
        (("bltcy", *good, "--secret", ""), "secret"),
    ):
        code, out, error = await desk.run(*add, *words)
        assert (code, out, len(error.splitlines())) == (1, "", 1), (words, error)
        assert said in error
    names = [channel["name"] for channel in (await desk.node.admin.get("/channels")).json["items"]]
    assert "wrong" not in names


async def test_plugins_that_are_broken_are_named_and_the_rest_serves(desk: Desk) -> None:
    _, listed, _ = await desk.run("plugins")
    rows = {line.split()[0]: line for line in listed.splitlines() if line[:1] != " "}
    for name, parts in (
        ("bltcy", ("plugway-bltcy", "loaded")),
        ("importerror", ("plugway-importerror", "0.3.0", "failed", "import failed")),
        ("raising", ("plugway-raising", "0.1.0", "failed", "no such thing")),
        ("misspelt", ("plugway-misspelt", "failed", "register_route")),
    ):
        assert all(part in rows[name] for part in parts), rows[name]
    details = (await desk.node.admin.call("GET", "/readyz")).json["details"]
    assert set(details["plugins"]) == {"importerror", "raising", "misspelt"}
    assert "plugin raising (plugway-raising 0.1.0) is left out" in desk.node.said()


async def test_a_settings_file_that_is_wrong_changes_nothing_and_says_why(desk: Desk) -> None:
    file = desk.node.process.home / "plugway.toml"
    poor = await desk.key("nobody")

    async def problem() -> str | None:
        details = (await desk.node.admin.call("GET", "/readyz")).json["details"]
        found: str | None = details["settings"]
        return found

    async def is_refused() -> bool:
        return (await poor.call("POST", "/runway/x", content=b"x" * 11)).status == 413

    async def is_well() -> bool:
        return await problem() is None

    def save(text: str) -> None:
        file.write_text(text)
        # It would look by itself within a second.
        desk.node.process.process.send_signal(signal.SIGHUP)

    good = "[server]\nmax_body_bytes = 10\n"
    file.write_text(good)
    await nodes.until(is_refused)
    for text, reason in (
        ("[server]\nmax_body_bytes = 0\n", "server.max_body_bytes: expected an integer of 1"),
        ("[server]\nmax_body_byte = 99\n", "did you mean server.max_body_bytes?"),
        ("[server]\nmax_body_bytes = 99\n[relay]\ntries = 'x'\n", "relay.tries"),
        ("[server\n", "plugway.toml"),
        ("[plugins.bltcy]\nprefixes = { '/x' = 'x' }\n", "plugins.bltcy.prefixes"),
        ("[plugins.nobody]\nx = 1\n", "plugins.nobody"),
    ):
        save(text)
        found = await nodes.until(problem)
        assert reason in found, found
        assert await is_refused()
        assert f"settings are kept as they were: {found}" in desk.node.said().replace('\\"', '"')
        save(good)
        await nodes.until(is_well)
    file.unlink()
    assert "the file has gone" in await nodes.until(problem)
    assert await is_refused()
    save("[database]\npool = 9\n")
    await nodes.until(is_well)
    details = (await desk.node.admin.call("GET", "/readyz")).json["details"]
    assert details["restart"] == ["database.pool"]
    assert not await is_refused()
