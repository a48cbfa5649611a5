"""`plugway usage`, `ledger` and `vault`, after real calls through `plugway serve`."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable

import aiohttp
import plugway_shop
import pytest
from command_line import Shell


@pytest.fixture
def calls(shell: Shell, serving: Callable[..., str]) -> int:
    """Let the user alice make three calls, one of which is refused."""
    shell("users", "add", "alice")
    shell("credit", "alice", "1000", "--reason", "paid")
    key = shell("keys", "add", "alice", "--name", "k").out.strip()

    async def call(url: str) -> list[int]:
        emulator = plugway_shop.ShopEmulator()
        base_url = await emulator.start()
        add = ("channels", "add", "--provider", "shop", "--name", "main", "--base-url", base_url)
        await asyncio.to_thread(lambda: shell.apart(*add, "--secret", plugway_shop.SECRETS[0]))
        headers = {"authorization": f"Bearer {key}"}
        found = []
        async with aiohttp.ClientSession(url, headers=headers) as client:
            async with asyncio.timeout(60):
                while True:
                    # Another process made the channel: it is seen within a second.
                    async with client.post("/shop/tea", json={}) as answer:
                        if answer.status != 503:
                            found.append(answer.status)
                            break
                    await asyncio.sleep(0.05)
            for path in ("/shop/tea/missing", "/shop/parcel"):
                async with client.post(path, json={}) as answer:
                    found.append(answer.status)
        await emulator.stop()
        return found

    assert asyncio.run(call(serving())) == [200, 404, 200]
    limit = time.monotonic() + 60
    # An answer does not wait for ever for a ledger that a busy machine delays.
    while any(hold["state"] == "open" for hold in shell("ledger", "holds", "--json").json):
        assert time.monotonic() < limit
    return 3


def test_usage_is_listed_and_summed_up(shell: Shell, calls: int) -> None:
    rows = [row for row in shell("usage", "--json").json if row["error"] != "no_available_channel"]
    assert [(row["model"], row["credits"], row["status"]) for row in rows] == [
        ("parcel", 7, 200),
        ("tea", 0, 404),
        ("tea", 10, 200),
    ]
    assert len(shell("usage", "--limit", "2", "--json").json) == 2
    only = shell("usage", "--user", "alice", "--key", "k", "--model", "parcel", "--json").json
    assert [row["credits"] for row in only] == [7]
    assert shell("usage", "--from", "2100-01-01", "--json").json == []
    assert len(shell("usage", "--from", "1h", "--model", "parcel", "--json").json) == 1
    lines = shell("usage", "--by", "user", "--json").json
    assert [(line["name"], line["credits"]) for line in lines] == [("alice", 17)]
    assert "parcel" in shell("usage").out
    assert "alice" in shell("usage", "--by", "user").out
    (line,) = shell("usage", "addresses", "--json", "--provider", "shop").json
    assert (line["ip"], line["models"]["tea"]) == ("127.0.0.1", line["calls"] - 1)
    assert "127.0.0.1" in shell("usage", "addresses", "--hours", "1").out
    assert shell("usage", "addresses", "--provider", "none", "--json").json == []
    assert shell("usage", "addresses", "--hours", "0", check=False).code == 2
    assert shell("usage", "--by", "weather", check=False).code == 2


def test_the_ledger_is_listed_verified_and_refunded(shell: Shell, calls: int) -> None:
    entries = shell("ledger", "entries", "--user", "alice", "--json").json
    assert (entries[0]["balance"], entries[-1]["kind"]) == (983, "credit")
    holds = shell("ledger", "holds", "--user", "alice", "--json").json
    assert [hold["state"] for hold in holds] == ["settled", "released", "settled"]
    call_id = holds[0]["call_id"]
    refunded = shell("ledger", "refund", call_id, "7", "--reason", "late", "--json").json
    assert refunded["balance"] == 990
    assert shell("ledger", "refund", call_id, "1", "--reason", "late", check=False).code == 1
    assert len(shell("ledger", "entries", "--call", call_id, "--json").json) == 3
    assert "refund" in shell("ledger", "entries", "--limit", "5").out
    assert call_id in shell("ledger", "holds").out
    ran = shell("ledger", "verify")
    assert ran.out.startswith("ok: ")
    assert shell("ledger", "verify", "--json").json["ok"] is True


def test_verify_prints_what_does_not_add_up(shell: Shell) -> None:
    shell("users", "add", "alice")
    shell("credit", "alice", "1000", "--reason", "paid")
    with sqlite3.connect(shell.home / "plugway.db") as database:
        database.execute("UPDATE plugway_account SET balance = balance + 1")
    database.close()
    ran = shell("ledger", "verify", check=False)
    assert ran.code == 1
    assert "WRONG" in ran.out.splitlines()[-1]
    report = shell("ledger", "verify", "--json", check=False).json
    assert report["ok"] is False
    assert len(report["problems"]) == len(ran.out.splitlines()) - 1 >= 1


def test_the_vaults_key_is_rotated(shell: Shell) -> None:
    shell("keys", "add", "admin", "--name", "jwt", "--pair")
    before = (shell.home / "vault.key").read_text()
    rotated = shell("vault", "rotate", "--json").json
    assert (rotated["resealed"], rotated["retired"]) == (1, 0)
    assert before.strip() in (shell.home / "vault.key").read_text()
    retired = shell("vault", "rotate", "--retire", "--yes", "--json").json
    assert (retired["resealed"], retired["retired"]) == (1, 2)
    assert before.strip() not in (shell.home / "vault.key").read_text()
    assert shell("doctor", check=False).out.count("fail") == 0
