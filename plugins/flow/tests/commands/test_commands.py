"""`plugway flow accounts`, `plugway flow check`, `plugway import flow`, and their routes."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import Shell

from plugway_flow.accounts.session import COOKIE
from plugway_flow.commands.old_deployment import old_deployment
from plugway_flow.emulator import FlowEmulator

ACCOUNTS = ("first", "second", "third", "dead", "off")


@pytest.fixture
def upstream() -> Iterator[FlowEmulator]:
    """Run the emulator in a thread of its own: commands have a loop of theirs."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    emulator = FlowEmulator(accounts=ACCOUNTS)
    asyncio.run_coroutine_threadsafe(emulator.start(), loop).result(10)
    yield emulator
    asyncio.run_coroutine_threadsafe(emulator.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Give a command line with a new home."""
    shell = Shell(tmp_path / "home")
    shell.environ = {"PLUGWAY_HOME": str(shell.home), "PLUGWAY__PLUGINS__ALLOW": "flow"}
    shell("init")
    return shell


@pytest.fixture
def old(tmp_path: Path, upstream: FlowEmulator) -> Path:
    """Write the folder of an old deployment, with what gathers there."""
    folder = tmp_path / "old"
    (folder / "data" / "at").mkdir(parents=True)
    first, second, third, dead, off = upstream.secrets
    upstream.accounts["dead"].revoke()

    def write(name: str, content: Any) -> None:
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / "data" / "at" / name).write_text(text)

    write("0123456789abcdef.txt", first)
    write("cookies.txt", f"a=b; {COOKIE}={second}; c=d\n")
    write("dead.txt", dead)
    write("short.txt", "x" * 100)
    write("export.json", [{"session_token": off, "email": "Off@flow.example", "is_active": False}])
    write(".hidden", third)
    write("notes.md", third)
    flow = {"proxy": "direct", "tokens": [third], "poll_interval": 5, "max_poll_attempts": 77}
    (folder / "config.json").write_text(json.dumps({"api_keys": ["x"], "flow": flow}))
    return folder


def test_an_old_folder_is_read_as_it_is(old: Path) -> None:
    found = old_deployment(old)
    assert found.settings == {"proxy": "direct", "poll_seconds": 5, "poll_attempts": 77}
    assert [(one.place, one.fault, one.disabled) for one in found.sessions] == [
        ("0123456789abcdef.txt", "", False),
        ("cookies.txt", "", False),
        ("dead.txt", "", False),
        ("export.json", "", True),
        ("short.txt", "a token by itself has more than 100 characters", False),
        ("config.json, token 1", "", False),
    ]
    assert "eyJ" not in repr(found)


def test_accounts_are_taken_over_listed_and_looked_at(
    shell: Shell, old: Path, upstream: FlowEmulator
) -> None:
    dry = shell("import", "flow", str(old), "--dry-run", check=False)
    assert "5 would be taken" in dry.out
    assert shell("channels", "list", "--json").json == []
    ran = shell("import", "flow", str(old), "--base-url", upstream.url, check=False)
    # What cannot be used is named, and stops nothing.
    assert ran.code == 1
    assert "dead.txt: refused: The session has ended" in ran.out
    assert "short.txt: refused: a token by itself" in ran.out
    assert "2 refused, 4 added" in ran.out
    assert not [one for one in upstream.secrets if one in ran.out + ran.err]
    (channel,) = shell("channels", "list", "--json").json
    assert (channel["name"], channel["settings"]["poll_attempts"]) == ("flow", 77)

    # Again: accounts are updated or stay, and are never there twice.
    fresh = upstream.sign_in("first").value
    (old / "data" / "at" / "0123456789abcdef.txt").write_text(fresh)
    again = shell("import", "flow", str(old), "--json", check=False).json
    outcomes = {row["place"]: row["outcome"] for row in again["items"]}
    assert outcomes == {
        "0123456789abcdef.txt": "updated",
        "cookies.txt": "unchanged",
        "dead.txt": "refused",
        "export.json": "unchanged",
        "short.txt": "refused",
        "config.json, token 1": "unchanged",
    }

    upstream.accounts["second"].state = "signed_out"
    upstream.accounts["third"].state = "migrated"
    ran = shell("flow", "check", check=False)
    assert ran.code == 1
    lines = {line.split()[1]: line for line in ran.out.splitlines()}
    assert lines["first@flow.example:"].endswith("good, pro, 1000 credits")
    assert "credential_expired: The session has ended" in lines["second@flow.example:"]
    assert "account_migrated: The upstream has moved" in lines["third@flow.example:"]
    assert lines["off@flow.example:"].endswith("1000 credits, disabled")

    found = shell("flow", "accounts", "--json").json
    shown = {one["email"].partition("@")[0]: one for one in found}
    assert {name: one["state"] for name, one in shown.items()} == {
        "first": "ready",
        "second": "expired",
        "third": "restricted",
        "off": "disabled",
    }
    assert (shown["first"]["tier"], shown["first"]["credits"]) == ("pro", 1_000)
    assert shown["first"]["checked_at"] is not None
    assert "has ended" in shown["second"]["reason"]
    table = shell("flow", "accounts", "--channel", "flow").out
    assert "EMAIL" in table
    assert "third@flow.example" in table

    # Row 25: what works again is ready again, whatever was held against it.
    upstream.accounts["second"].state = upstream.accounts["third"].state = "good"
    assert all(one["ok"] for one in shell("flow", "check", "--json").json)
    states = {one["state"] for one in shell("flow", "accounts", "--json").json}
    assert states == {"ready", "disabled"}
    assert shell("flow", "accounts", "--channel", "nowhere", check=False).code == 2


def test_where_the_upstream_cannot_be_asked_sessions_are_taken_as_they_are(
    shell: Shell, old: Path, upstream: FlowEmulator
) -> None:
    upstream.mishap("lost", call="session", times=99)
    file = old / "data" / "at" / "cookies.txt"
    ran = shell("import", "flow", str(file), "--base-url", upstream.url)
    assert "added: taken without a look at it" in ran.out
    ran = shell("flow", "check", check=False)
    assert (ran.code, "of nobody known: upstream_" in ran.out) == (1, True)
    (one,) = shell("flow", "accounts", "--json").json
    assert (one["state"], one["email"], one["tier"]) == ("ready", None, None)


def test_what_is_not_there_is_said(shell: Shell, tmp_path: Path) -> None:
    assert shell("import", "flow", str(tmp_path / "nowhere"), check=False).code == 2
    (tmp_path / "empty").mkdir()
    assert "there is no session" in shell("import", "flow", str(tmp_path / "empty")).err
    assert "there is no account" in shell("flow", "check").err
