"""`plugway channels`, `credentials`, `prices` and `plugins`, with a real upstream."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import plugway_shop
import pytest
from command_line import Shell


@pytest.fixture
def upstream() -> Iterator[str]:
    """Run the shop's emulator in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    emulator = plugway_shop.ShopEmulator()
    yield asyncio.run_coroutine_threadsafe(emulator.start(), loop).result(10)
    asyncio.run_coroutine_threadsafe(emulator.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def channel(shell: Shell, upstream: str) -> str:
    """Add a channel and return its name."""
    shell(
        *("channels", "add", "--provider", "shop", "--name", "main", "--base-url", upstream),
        *("--secret", plugway_shop.SECRETS[0], "--model", "tea", "--set", "fee=9"),
    )
    return "main"


def test_a_channel_is_added_shown_and_listed(shell: Shell, channel: str, upstream: str) -> None:
    (listed,) = shell("channels", "list", "--json").json
    assert (listed["name"], listed["base_url"], listed["models"]) == (channel, upstream, ["tea"])
    assert listed["settings"]["fee"] == 9
    assert shell("channels", "show", channel, "--json").json == listed
    assert shell("channels", "list", "--provider", "none", "--json").json == []
    assert "ready=1" in shell("channels", "list").out
    for ran in (shell("channels", "list"), shell("channels", "list", "--json")):
        assert plugway_shop.SECRETS[0] not in ran.out


def test_a_channel_is_changed(shell: Shell, channel: str) -> None:
    shell("groups", "add", "gold")
    shell(
        *("channels", "set", channel, "--name", "first", "--priority", "5", "--weight", "2"),
        *("--group", "gold", "--set", "total_timeout=12", "--set", "fee=3", "--model", "parcel"),
    )
    found = shell("channels", "show", "first", "--json").json
    assert (found["priority"], found["weight"], found["group"]) == (5, 2, "gold")
    assert (found["settings"]["fee"], found["settings"]["total_timeout"]) == (3, 12)
    assert found["models"] == ["parcel"]
    shell("channels", "set", "first", "--no-group")
    shell("channels", "disable", "first")
    found = shell("channels", "show", "first", "--json").json
    assert (found["group"], found["enabled"]) == (None, False)
    shell("channels", "enable", "first")
    shell("channels", "remove", "first", "--yes")
    assert shell("channels", "list", "--json").json == []


def test_a_wrong_channel_says_why(shell: Shell) -> None:
    good = ("channels", "add", "--provider", "shop", "--name", "a", "--base-url")
    ran = shell(*good, "https://api.example.com/", check=False)
    assert ran.code == 1
    assert "https://api.example.com" in ran.err
    ran = shell(*good, "https://api.example.com", "--set", "fee", check=False)
    assert ran.code == 2
    ran = shell(*good, "https://api.example.com", "--set", "fee=much", check=False)
    assert (ran.code, "settings.fee" in ran.err) == (1, True)
    assert shell("channels", "list", "--json").json == []


def test_a_secret_comes_from_stdin(shell: Shell, channel: str) -> None:
    secret = plugway_shop.SECRETS[1]
    shell("credentials", "add", "--channel", channel, "--secret", "-", stdin=f"{secret}\n")
    masked = [one["masked"] for one in shell("credentials", "list", "--json").json]
    assert masked == ["shop…0001", "shop…0002"]
    assert shell("channels", "test", channel).code == 0


def test_a_test_tells_which_credential_works(shell: Shell, channel: str) -> None:
    ran = shell("channels", "test", channel)
    assert " ok" in ran.out
    shell("credentials", "add", "--channel", channel, "--secret", "not-a-shop-secret")
    ran = shell("channels", "test", check=False)
    assert ran.code == 1
    assert "401" in ran.out
    assert "not-a-shop-secret" not in ran.out
    (tested,) = shell("channels", "test", "--json", check=False).json
    assert [one["ok"] for one in tested["results"]] == [True, False]
    numbers = [str(one["id"]) for one in shell("credentials", "list", "--json").json]
    assert shell("credentials", "test", numbers[0]).code == 0
    assert shell("credentials", "test", numbers[1], check=False).code == 1


def test_a_credentials_state_is_changed(shell: Shell, channel: str) -> None:
    (found,) = shell("credentials", "list", "--channel", channel, "--json").json
    number = str(found["id"])
    for word, state in (("disable", "disabled"), ("enable", "ready"), ("clear", "ready")):
        shell("credentials", word, number)
        assert shell("credentials", "list", "--json").json[0]["state"] == state
    shell("credentials", "remove", number, "--yes")
    assert shell("credentials", "list", "--json").json == []
    ran = shell("channels", "test", channel, check=False)
    assert (ran.code, "no credential" in ran.out) == (1, True)


def test_prices_are_set_and_taken_back(shell: Shell) -> None:
    shell("prices", "set", "tea", "--credits", "25", "--dimension", "size=large")
    found = shell("prices", "list", "--key", "tea", "--json").json
    assert [(row["credits"], row["edited"]) for row in found] == [("10", False), ("25", True)]
    assert "25 credits" in shell("prices", "list").out
    assert "the channel's fee" in shell("prices", "list").out
    shell("prices", "set", "cake", "--provider", "shop", "--price", "0.5", "--unit", "slice")
    assert shell("prices", "set", "none", "--credits", "1", check=False).code == 2
    assert shell("prices", "set", "tea", check=False).code == 1
    shell("prices", "unset", "cake", "--unit", "slice")
    shell("prices", "unset", "tea", "--dimension", "size=large")
    assert not any(row["edited"] for row in shell("prices", "list", "--json").json)
    assert shell("prices", "unset", "tea", check=False).code == 1


def test_plugins_are_listed_with_what_they_registered(shell: Shell) -> None:
    found = {one["name"]: one for one in shell("plugins", "--json").json}
    shop = found["shop"]
    assert (shop["distribution"], shop["version"], shop["state"]) == (
        "plugway-shop",
        "1.0.0",
        "loaded",
    )
    assert shop["registered"]["providers"] == ["shop"]
    text = shell("plugins", "--strict").out
    assert "shop  plugway-shop 1.0.0  loaded" in text
    assert "    providers: shop" in text
