"""A channel's secrets: sealed where they are stored, whole where they are used."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import pytest

from plugway import SECRET, BadRequest, ChannelSettings, Provider
from plugway.channels import store
from plugway.channels.channels import Channels
from plugway.channels.settings import opened_settings
from plugway.channels.store import ChannelDraft
from plugway.credentials.rotation import reseal, retire
from plugway.credentials.vault import Vault, VaultError
from plugway.storage.database import Database
from plugway.storage.models import ChannelRow
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio

PROXY = "http://me:pass-word@proxy.example:3128"
SHOWN = "http://…@proxy.example:3128"


class Settings(ChannelSettings, frozen=True, kw_only=True):
    """Has a secret of its own."""

    pin: Annotated[str, SECRET] = ""
    fee: int = 1


PROVIDER = Provider(name="shop", title="Shop", models=("tea",), settings=Settings)


class Keeper:
    """Saves channels."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self.database = database
        self.vault = vault
        self.clock = ManualClock()

    async def add(self, name: str = "main", **settings: Any) -> ChannelRow:
        draft = ChannelDraft(name=name, base_url="http://shop.example", settings=settings)
        return await store.add(self.database, self.vault, PROVIDER, draft, self.clock)

    async def change(self, name: str = "main", **settings: Any) -> ChannelRow:
        providers = {"shop": PROVIDER}
        draft = ChannelDraft(settings=settings)
        return await store.change(self.database, self.vault, providers, name, draft, self.clock)

    async def row(self, name: str = "main") -> ChannelRow:
        return await self.database.run(lambda: store.find(name))

    async def settings(self, name: str = "main") -> dict[str, Any]:
        return opened_settings(self.vault, await self.row(name))

    async def channels(self, vault: Vault) -> Channels:
        channels = Channels(self.database, vault, {"shop": PROVIDER}, self.clock)
        await channels.load()
        return channels


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """Make a vault that can be rotated."""
    return Vault.create(tmp_path)


@pytest.fixture
def keeper(database: Database, vault: Vault) -> Keeper:
    """Save on each database in turn."""
    return Keeper(database, vault)


async def test_a_row_shows_no_secret_and_calls_get_it_whole(keeper: Keeper) -> None:
    await keeper.add(pin="pin-1234", proxy=PROXY, fee=3)
    row = await keeper.row()
    assert (row.settings["pin"], row.settings["proxy"], row.settings["fee"]) == ("…", SHOWN, 3)
    assert "pin-1234" not in f"{row.settings} {row.sealed}"
    assert "pass-word" not in f"{row.settings} {row.sealed}"
    (channel,) = (await keeper.channels(keeper.vault)).all()
    assert channel.settings == Settings(pin="pin-1234", proxy=PROXY, fee=3)
    assert "pin-1234" not in repr(channel)
    assert "pass-word" not in repr(channel)


async def test_nothing_is_sealed_where_nothing_is_secret(keeper: Keeper) -> None:
    row = await keeper.add(proxy="http://proxy.example:3128")
    assert not row.sealed
    assert row.settings["proxy"] == "http://proxy.example:3128"


async def test_what_is_given_back_as_shown_stays(keeper: Keeper) -> None:
    row = await keeper.add(pin="pin-1234", proxy=PROXY)
    await keeper.change(**{**row.settings, "fee": "6"})
    found = await keeper.settings()
    assert (found["pin"], found["proxy"], found["fee"]) == ("pin-1234", PROXY, 6)
    await keeper.change(pin="other")
    assert (await keeper.settings())["pin"] == "other"
    row = await keeper.change(pin="", proxy="direct")
    assert not row.sealed
    assert (row.settings["pin"], row.settings["proxy"]) == ("", "direct")


async def test_other_changes_leave_the_secrets_alone(keeper: Keeper) -> None:
    before = (await keeper.add(pin="pin-1234")).sealed
    draft = ChannelDraft(name="renamed", weight=5)
    await store.change(
        keeper.database, keeper.vault, {"shop": PROVIDER}, "main", draft, keeper.clock
    )
    row = await keeper.row("renamed")
    assert (row.sealed, row.weight) == (before, 5)
    assert (await keeper.settings("renamed"))["pin"] == "pin-1234"


async def test_secrets_open_in_their_own_row_only(keeper: Keeper) -> None:
    one, two = await keeper.add("one", pin="a"), await keeper.add("two", pin="b")

    async def move() -> None:
        await ChannelRow.filter(id=two.id).update(sealed=one.sealed)

    await keeper.database.transact(move)
    channels = await keeper.channels(keeper.vault)
    assert [channel.name for channel in channels.all()] == ["one"]
    assert "cannot be opened" in channels.faulty()["two"]


async def test_another_key_fails_closed_until_the_secrets_are_given_anew(
    keeper: Keeper, tmp_path: Path
) -> None:
    await keeper.add(pin="pin-1234", proxy=PROXY, fee=4)
    keeper.vault = other = Vault.create(tmp_path / "other")
    channels = await keeper.channels(other)
    assert not channels.all()
    assert "cannot be opened" in channels.faulty()["main"]
    with pytest.raises(VaultError):
        await keeper.change(pin="anew")
    await keeper.change(pin="anew", proxy="")
    (channel,) = (await keeper.channels(other)).all()
    assert channel.settings == Settings(pin="anew", fee=4)


async def test_rotation_seals_them_anew(keeper: Keeper, vault: Vault) -> None:
    await keeper.add("plain")
    await keeper.add("main", pin="pin-1234", proxy=PROXY)
    vault.rotate()
    assert await reseal(keeper.database, vault) == 1
    assert await retire(keeper.database, vault) == 1
    assert (await keeper.settings())["proxy"] == PROXY


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"proxy": "proxy.example:3128"}, "settings.proxy"),
        ({"proxy": "ftp://me:pass-word@proxy.example"}, "settings.proxy"),
        ({"proxy": "http://me:pass-word@proxy.example:port"}, "settings.proxy"),
        ({"fee": "pass-word"}, "settings.fee"),
        ({"feee": "1"}, "settings.feee"),
    ],
)
async def test_settings_that_cannot_be_used_are_refused_and_not_repeated(
    keeper: Keeper, settings: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        await keeper.add(**settings)
    assert caught.value.field == field
    assert "pass-word" not in caught.value.message


async def test_a_proxy_that_needs_what_is_not_installed_is_refused(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keeper.add("socks", proxy="socks5://proxy.example")
    monkeypatch.setitem(sys.modules, "aiohttp_socks", None)
    with pytest.raises(BadRequest, match=r"pip install 'plugway\[socks\]'"):
        await keeper.add("more", proxy="socks5://proxy.example")
