"""Where proxies come from: settings, files, subscriptions."""

from __future__ import annotations

import base64
import logging
import stat
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from plugway.errors import ConfigurationError
from plugway.settings import ProxySettings, RelaySettings
from plugway.testing import ManualClock
from plugway.upstream import Upstream
from plugway.upstream.proxies import Proxy
from plugway.upstream.proxies.pool import Proxies

pytestmark = pytest.mark.anyio

TOKEN = "token-canary"


class Home:
    """Is a home directory, its settings, and the pool that follows them."""

    def __init__(self, path: Path, clock: ManualClock) -> None:
        self.path, self.clock = path, clock
        self.settings = ProxySettings()
        self.pool: Proxies

    async def read(self, **settings: Any) -> list[str]:
        if settings:
            self.settings = ProxySettings(**settings)
        await self.pool.load()
        return self.written

    @property
    def written(self) -> list[str]:
        return [member.proxy.written for member in self.pool.all()]

    @property
    def faults(self) -> dict[str, str | None]:
        return {source.name: source.fault for source in self.pool.sources()}


@pytest.fixture
async def home(stack: AsyncExitStack, tmp_path: Path) -> Home:
    home = Home(tmp_path, ManualClock())
    upstream = Upstream(
        RelaySettings(), environ={}, home=tmp_path, proxies=lambda: home.settings, clock=home.clock
    )
    await upstream.open()
    stack.push_async_callback(upstream.close)
    home.pool = upstream.proxies
    return home


class Shelf:
    """Is what a subscription answers."""

    def __init__(self) -> None:
        self.body = b"10.1.0.1:1080\n"
        self.status = "200 OK"
        self.headers: tuple[str, ...] = ()
        self.url = ""
        self.heads: list[bytes] = []

    async def answer(self, peer: Any) -> None:
        while True:
            await peer.request()
            self.heads.append(peer.head)
            await peer.answer(self.body, self.status, *self.headers)


@pytest.fixture
async def shelf(serve: Callable[..., Awaitable[Any]]) -> Shelf:
    shelf = Shelf()
    shelf.url = f"{(await serve(shelf.answer)).url}/list?token={TOKEN}"
    return shelf


async def test_all_sources_count_and_each_proxy_once(home: Home, shelf: Shelf) -> None:
    (home.path / "mine.txt").write_text("10.0.0.2:3128\r\n10.0.0.1:3128\r\n")
    (home.path / "proxies.txt").write_bytes(b"\xef\xbb\xbfsocks5://u:p@10.0.0.3:1080\n")
    shelf.body = base64.b64encode(b"10.0.0.3:1080:u:p\nsocks5h://10.0.0.3:1080:u:p\nvmess://x\n")
    found = await home.read(
        urls=("http://10.0.0.1:3128/",), files=("mine.txt",), subscriptions=(shelf.url,)
    )
    assert found == [
        "http://10.0.0.1:3128",
        "http://10.0.0.2:3128",
        "socks5://u:p@10.0.0.3:1080",
        "http://u:p@10.0.0.3:1080",
    ]
    assert [(one.name, one.source) for one in home.pool.all()] == [
        ("10.0.0.1:3128", "settings"),
        ("10.0.0.2:3128", "mine.txt"),
        ("10.0.0.3:1080", "proxies.txt"),
        ("10.0.0.3:1080/2", "subscription 1"),
    ]
    assert home.pool.sources()[-1].listing.remark == "not supported here: 1 vmess"
    assert set(home.faults.values()) == {None}
    assert b"Accept-Encoding: identity" in shelf.heads[0]


async def test_a_file_that_changes_is_read_at_once(home: Home) -> None:
    file = home.path / "mine.txt"
    assert await home.read(files=("mine.txt",)) == []
    assert home.faults["mine.txt"] == "there is no such file"
    file.write_text("10.0.0.1:1\n")
    assert await home.read() == ["http://10.0.0.1:1"]
    member = home.pool.all()[0]
    file.write_text("10.0.0.2:1\n10.0.0.1:1\n")
    assert await home.read() == ["http://10.0.0.2:1", "http://10.0.0.1:1"]
    assert home.pool.all()[1] is member  # what is known of it is kept
    file.unlink()
    assert len(await home.read()) == 2
    assert home.faults["mine.txt"] == "there is no such file"
    file.write_bytes(b"\xff\xfe")
    assert len(await home.read()) == 2
    assert home.faults["mine.txt"] == "it cannot be read as text"
    file.write_text("")
    assert await home.read() == []


async def test_settings_that_change_count_at_once(home: Home) -> None:
    assert await home.read(urls=("10.0.0.1:1",)) == ["http://10.0.0.1:1"]
    assert await home.read(urls=("10.0.0.2:1", "not a proxy")) == ["http://10.0.0.2:1"]
    assert home.pool.sources()[0].listing.wrong_count == 1
    assert await home.read(urls=()) == []


async def test_a_subscription_is_read_again_in_time(home: Home, shelf: Shelf) -> None:
    assert await home.read(subscriptions=(shelf.url,)) == ["http://10.1.0.1:1080"]
    shelf.body = b"10.1.0.2:1080\n"
    home.clock.advance(1_799)
    assert await home.read() == ["http://10.1.0.1:1080"]
    home.clock.advance(1)
    assert await home.read() == ["http://10.1.0.2:1080"]
    assert len(shelf.heads) == 2


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        ("500 No", b"10.9.9.9:1\n", "it answered with status 500"),
        ("200 OK", b"<html>\nplease log in\n</html>\n", "it holds no proxy"),
        ("200 OK", b"", "it is empty"),
        ("200 OK", b"\xff\xff", "what it gave is not text"),
    ],
)
async def test_a_subscription_that_cannot_be_read_keeps_what_it_gave(
    home: Home, shelf: Shelf, status: str, body: bytes, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = await home.read(subscriptions=(shelf.url,))
    good, shelf.status, shelf.body = shelf.body, status, body
    with caplog.at_level(logging.INFO, "plugway"):
        await home.pool.reload()
    assert home.written == before
    assert home.faults["subscription 1"] == fault
    assert fault in caplog.text
    assert TOKEN not in caplog.text + repr(home.pool.sources())
    # It is not left alone for half an hour.
    shelf.status, shelf.body = "200 OK", good + b"10.1.0.2:1080\n"
    home.clock.advance(60)
    assert len(await home.read()) == 2
    assert home.faults["subscription 1"] is None


async def test_a_subscription_that_is_not_there_says_so_without_its_address(home: Home) -> None:
    await home.read(subscriptions=(f"http://127.0.0.1:1/{TOKEN}",))
    fault = home.faults["subscription 1"]
    assert fault == "The upstream could not be reached: connection refused."


@pytest.mark.parametrize(
    ("account", "fault"),
    [
        ("upload=50; download=50; total=100; expire=1900000000", "its traffic is used up"),
        ("upload=1; download=1; total=100; expire=1700000000", "it has expired"),
        ("upload=50;download=49;total=100;expire=1900000000", None),
        ("upload=5; download=5; total=0; expire=0", None),
        ("upload=5; download=5; total=; expire=never", None),
        ("nonsense", None),
    ],
)
async def test_a_subscription_that_has_ended_is_refused(
    home: Home, shelf: Shelf, account: str, fault: str | None
) -> None:
    await home.read(subscriptions=(shelf.url,))
    shelf.headers = (f"Subscription-Userinfo: {account}",)
    await home.pool.reload()
    assert home.faults["subscription 1"] == fault
    assert len(home.written) == (fault is None)


async def test_a_subscription_may_redirect_but_not_for_ever(home: Home, shelf: Shelf) -> None:
    shelf.status, shelf.headers = "302 Found", (f"Location: /list?token={TOKEN}",)
    await home.read(subscriptions=(shelf.url,))
    assert home.faults["subscription 1"] == "it redirects too often"
    assert len(shelf.heads) == 4


async def test_proxies_are_added_to_a_file_for_the_owner_only(home: Home) -> None:
    file = home.path / "proxies.txt"
    file.write_text("# by hand\n10.0.0.1:1")
    file.chmod(0o600)
    await home.pool.load()
    new = [Proxy.parse("10.0.0.1:1"), Proxy.parse("socks5://10.0.0.2:1:u:p#ss")] * 2
    assert await home.pool.add(new) == 1
    assert file.read_text() == "# by hand\n10.0.0.1:1\nsocks5://u:p%23ss@10.0.0.2:1\n"
    assert home.written == ["http://10.0.0.1:1", "socks5://u:p%23ss@10.0.0.2:1"]
    assert await home.pool.add(new) == 0
    file.unlink()
    await home.read(urls=("10.0.0.3:1",))
    await home.pool.add(new)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_home_that_cannot_be_written_to_says_so(home: Home) -> None:
    (home.path / "proxies.txt").mkdir()
    with pytest.raises(ConfigurationError, match=r"proxies\.txt: cannot be written"):
        await home.pool.add([Proxy.parse("10.0.0.1:1")])


@pytest.mark.parametrize("name", ["check_url", "subscriptions"])
def test_addresses_in_the_settings_are_checked(name: str) -> None:
    wrong: Any = "ftp://x" if name == "check_url" else (f"http://me:{TOKEN}@h/",)
    with pytest.raises(ConfigurationError, match="expected") as caught:
        ProxySettings(**{name: wrong})
    assert caught.value.field == name
    assert TOKEN not in caught.value.message
