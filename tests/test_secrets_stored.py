"""The database's password is nowhere, and files are their owner's alone."""

from __future__ import annotations

import asyncio
import os
from base64 import b64encode
from contextlib import AsyncExitStack
from pathlib import Path
from secrets import token_bytes, token_hex

import nodes
import pytest
from leaks import Leaks
from msgspec.structs import replace
from nodes import Node, own_login

from plugway.storage.url import DatabaseURL, Dialect
from plugway.testing.databases import available, cut, execute, server
from plugway.testing.process import GatewayProcess
from plugway.testing.scripted import ScriptedUpstream

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("dialect", ["postgres", "mysql"])
async def test_the_database_password_is_nowhere(tmp_path: Path, dialect: Dialect) -> None:
    if reason := available(dialect):
        pytest.skip(reason)
    leaks = Leaks()
    said: list[str] = []
    password = leaks.new("database password")
    environ = {
        "SESSION_SECRET": leaks.new("session secret"),
        "PLUGWAY_VAULT_KEY": leaks.add("vault key", b64encode(token_bytes(32)).decode()),
        "PLUGWAY__LOG__LEVEL": "debug",
        "PLUGWAY__LEDGER__RESERVE_WAIT": "0.5",
    }
    user = f"plugway_test_{token_hex(4)}"
    upstream = ScriptedUpstream()
    async with AsyncExitStack() as stack:
        url = stack.enter_context(own_login(dialect, user, password))
        client = await stack.enter_async_context(nodes.client())
        node = Node(tmp_path / "home", {**environ, "SQL_DSN": url})
        stack.callback(node.close)
        admin_key = await asyncio.to_thread(node.init)
        await node.start(client, leaks.add("admin key", admin_key))
        stack.push_async_callback(upstream.stop)
        secrets = [leaks.new("credential")]
        alice = await node.furnish(await upstream.start(), credits_=10_000, secrets=secrets)
        leaks.add("client key", alice.key or "")
        assert (await alice.call("POST", "/runway/x")).status == 200
        login = leaks.new("proxy password")
        change = {"settings": {"proxy": f"http://me:{login}@127.0.0.1:1"}}
        assert (await node.admin.patch("/channels/main", change)).status == 200
        assert (await alice.call("POST", "/runway/x")).status == 502
        for table in ("user", "key", "channel", "credential", "hold", "entry", "usage", "audit"):
            rows = execute(DatabaseURL.parse(url), f"SELECT * FROM plugway_{table}")  # noqa: S608  # our own names
            assert rows, table
            said.append(repr(rows))

        # It lets nobody in any more, then it has gone.
        execute(server(dialect), *_shut_out(dialect, user))
        cut(replace(DatabaseURL.parse(url), user="", password="").reveal())
        await nodes.until(lambda: _is_away(node, said))
        refused = await alice.call("POST", "/runway/x")
        assert (refused.status, refused.json["code"]) == (503, "ledger_unavailable")
        said += [refused.text, (await node.admin.get("/settings")).text]
        for place in ("/users", "/keys", "/channels", "/audit"):
            answer = await node.admin.get(place)
            assert (answer.status, answer.json["error"]["code"]) == (503, "unavailable")
            said.append(answer.text)
        said.append((await node.admin.call("GET", "/metrics")).text)
        await node.stop()

        done = await asyncio.to_thread(node.process.plugway, "doctor", check=False)
        assert f"{user}:***@" in done.stdout
        said += [done.stdout, done.stderr]
        for wrong in (f"{url}_missing", url.replace("127.0.0.1", "database.invalid")):
            cli = GatewayProcess(tmp_path / "home", {**environ, "SQL_DSN": wrong})
            done = await asyncio.to_thread(cli.plugway, "serve", check=False)
            assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
            said += [done.stdout, done.stderr]
    assert "trying again" in node.said()
    assert not leaks.found(node.said())
    for text in said:
        assert not leaks.found(text), text


def _shut_out(dialect: Dialect, user: str) -> list[str]:
    if dialect == "postgres":
        return [f"ALTER ROLE {user} NOLOGIN"]
    return [f"ALTER USER {user} ACCOUNT LOCK"]


async def _is_away(node: Node, said: list[str]) -> bool:
    answer = await node.admin.call("GET", "/readyz")
    said.append(answer.text)
    return answer.status == 503


def test_files_are_their_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    home = tmp_path / "home"
    process = GatewayProcess(home, {"PLUGWAY__PLUGINS__STRICT": "true"})
    before = os.umask(0)
    try:
        process.plugway("init")
        process.start("--workers", "2")
        modes = {path: path.stat().st_mode & 0o777 for path in (home, *home.rglob("*"))}
        process.stop()
        for path in (home, *home.rglob("*")):
            modes[path] = path.stat().st_mode & 0o777
    finally:
        os.umask(before)
    assert {"plugway.db", "plugway.toml", "vault.key"} <= {path.name for path in modes}
    # What workers count is in a directory that nobody else gets into.
    counted = {path for path in modes if path.parent.parent == home / "run"}
    assert counted
    assert [path for path, mode in modes.items() if mode & 0o077 and path not in counted] == []
