"""No secret is anywhere but where it must be: a canary in each, then everything is searched.

Calls succeed and fail in every way there is; then logs, error bodies and headers, metrics,
lists, the OpenAPI document, the command line's output and the raw bytes on disk are read.
"""

from __future__ import annotations

import asyncio
import io
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal

import plugway_shop
import pytest
from canaries import Whole
from leaks import Leaks
from leaky import LeakyPlugin

import plugway_bltcy
from plugway.admin.roles import ROLES
from plugway.settings import LogSettings
from plugway.telemetry.logs import configure
from plugway.testing import GatewayServer
from plugway.testing.process import GatewayProcess

pytestmark = pytest.mark.anyio

#: Files that hold secrets because that is what they are for.
KEEPERS = ("vault.key", "plugway.toml")


@pytest.fixture(params=["json", "text"])
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """Keep the log, in each form, as talkative as it gets."""
    form: Literal["json", "text"] = request.param
    stream = io.StringIO()
    level = logging.getLogger().level
    handler = configure(LogSettings(level="debug", form=form), stream)
    yield stream
    logging.getLogger().removeHandler(handler)
    logging.getLogger().setLevel(level)
    logging.captureWarnings(False)


@pytest.fixture
async def whole(tmp_path: Path, log: io.StringIO) -> AsyncIterator[Whole]:
    """Run a gateway with a canary in every setting."""
    leaks = Leaks()
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    session = leaks.new("session secret")
    redis = leaks.new("redis password")
    token = leaks.new("plugin setting")
    (home / "plugway.toml").write_text(
        f'[server]\nsession_secret = "{session}"\n'
        f'[redis]\nurl = "redis://:{redis}@127.0.0.1:1/0"\n'
        f'[plugins.shop]\ntoken = "{token}"\n'
    )
    login = leaks.new("environment's proxy")
    environ = {
        "PLUGWAY__LEDGER__RESERVE_WAIT": "0.2",
        "PLUGWAY__PLUGINS__BLTCY__PREFIXES": '{"luma": "luma", "udio": "udio"}',
        "http_proxy": f"http://me:{login}@127.0.0.1:1",
        "https_proxy": f"http://me:{login}@127.0.0.1:1",
    }
    leaky = LeakyPlugin()
    plugins = {"bltcy": plugway_bltcy, "shop": plugway_shop, "leaky": leaky}
    async with GatewayServer(home, plugins=plugins, environ=environ) as server:
        leaks.add("vault key", (home / "vault.key").read_text().strip())
        whole = Whole(server, leaks)
        await whole.prepare()
        yield whole
        await whole.close()


async def _calls(whole: Whole) -> None:
    """Call with success, and with every kind of failure."""
    emulator, leaks = whole.emulator, whole.leaks
    await whole.call("/runway/x", 200)
    for _ in range(3):
        # The third refusal in a row is written down with its reason.
        await whole.call("/shop/tea/now", 401)
    await whole.call("/shop/tea/now", 503)
    for kind, status in (("drop", 502), ("garbage", 502)):
        emulator.fail(kind, path="/runway/")
        await whole.call("/runway/x", status)
    emulator.fail("cut", path="/runway/_test/", after=3)
    await whole.call("/runway/_test/mirror", 200)
    for status in (500, 401, 403, 404):
        await whole.call(f"/runway/_test/status/{status}", status)
    for path in ("/kling/x", "/pika/x", "/jimeng/x", "/suno/x", "/luma/x", "/udio/x"):
        await whole.call(path, 502)
    await whole.call("/leaky/x", 502)
    await whole.call("/raising/x", 500)
    await whole.call("/runway/x", 402, key=whole.poor)
    await whole.call("/runway/x", 402, key=whole.narrow)
    await whole.call("/pika/x", 403, key=whole.narrow)
    wrong = leaks.new("wrong key", "sk-")
    await whole.call("/runway/x", 401, key=wrong)
    for name in ("authorization", "x-api-key"):
        await whole.call("/runway/x", 401, headers={name: f"{wrong} and more"})
    for key, statuses in ((whole.key, (200, 404)), (wrong, (401, 404))):
        # Google's clients may put it into the address.
        for path, status in zip(("/v1beta/models", "/v1beta/nothing"), statuses, strict=True):
            async with whole.client.get(f"{whole.server.url}{path}?key={key}") as response:
                assert response.status == status
                whole.said += [str(response.headers), await response.text()]
    await whole.call(f"/{wrong}", 404)
    await whole.call("/runway/%2e%2e/x", 400)
    # Others' writing holds the ledger up.
    with closing(sqlite3.connect(whole.server.home / "plugway.db")) as connection:
        connection.execute("BEGIN IMMEDIATE")
        await whole.call("/runway/x", 503)
        connection.rollback()


async def _administration(whole: Whole) -> None:
    """Ask for everything there is to be seen, and get things wrong."""
    secret = whole.leaks.new("refused secret", "ü ")
    for path, body, status in (
        ("/credentials", {"channel": "runway", "secret": secret}, 400),
        ("/credentials", {"channel": "leaky", "secret": f"throw-{whole.unusable}"}, 400),
        ("/channels", {"provider": "shop", "name": "x", "base_url": f"http://me:{secret}@h"}, 400),
        ("/channels/shop/test", {}, 200),
        ("/channels/leaky/test", {}, 200),
        ("/channels/jimeng/test", {}, 200),
        ("/ledger/verify", {}, 200),
        ("/vault/rotate", {}, 200),
    ):
        got, told = await whole.ask("POST", f"/api/admin{path}", body)
        assert got == status, told
    for settings in ({"proxy": f"ftp://me:{secret}@h"}, {"pin": [secret]}, {"fee": secret}):
        got, told = await whole.ask("PATCH", "/api/admin/channels/shop", {"settings": settings})
        assert got == 400, told
    for name in ("users", "groups", "channels"):
        _, listed = await whole.ask("GET", f"/api/admin/{name}")
        for item in listed["items"]:
            await whole.ask("GET", f"/api/admin/{name}/{item['name']}")
    for name in ("keys", "credentials"):
        _, listed = await whole.ask("GET", f"/api/admin/{name}")
        for item in listed["items"]:
            await whole.ask("GET", f"/api/admin/{name}/{item['id']}")
    lists = [place.split()[1] for place in ROLES if place.startswith("GET") and "{" not in place]
    for path in (*lists, "/api/admin/usage/summary?by=ip", "/openapi.json", "/metrics", "/readyz"):
        assert (await whole.ask("GET", path))[0] == 200, path


async def _settings_files(whole: Whole) -> None:
    """Save settings that cannot be used, with secrets in them."""
    file = whole.server.home / "plugway.toml"
    secret = whole.leaks.new("badly set")
    for text in (
        f'[server]\nsession_secret = ["{secret}"]\n',
        f'[database]\nurl = {{ "{secret}" = 1 }}\n',
        f'[redis]\nurl = "http://:{secret}@cache"\n',
        f'[plugins.shop]\ntoken = ["{secret}"]\n',
        f'[plugins.shop]\ntokken = "{secret}"\n',
        f'[plugins.nobody]\ntoken = "{secret}"\n',
        f'[plugins.shop]\ntoken = "{secret}\n',
        f"{secret}",
    ):
        file.write_text(text)
        whole.server.gateway.live.check()
        assert (await whole.ask("GET", "/api/admin/settings"))[1]["problem"], text
        await whole.ask("GET", "/readyz")


async def test_no_secret_is_anywhere(whole: Whole, log: io.StringIO) -> None:
    await _calls(whole)
    await _administration(whole)
    await _settings_files(whole)
    (whole.server.home / "plugway.toml").write_text("")
    cli = GatewayProcess(whole.server.home)
    for words in (["doctor"], ["channels", "list", "--json"], ["credentials", "list"]):
        done = await asyncio.to_thread(cli.plugway, *words, check=False)
        whole.said += [done.stdout, done.stderr]
        assert len(done.stdout.splitlines()) > 5, done.stderr

    # The search would find them: it does where they are meant to be.
    assert whole.leaks.found((whole.server.home / "vault.key").read_bytes())
    text = log.getvalue()
    assert "cannot be read as one of the kind leaky" in str(whole.said)
    assert "credentials of the kind leaky failed in leaky.py" in text
    assert "plugin leaky failed" in text
    assert "settings are kept as they were" in text
    assert not whole.leaks.found(text)
    for said in whole.said:
        assert not whole.leaks.found(said), said
    assert not whole.leaks.found_below(whole.server.home, but=KEEPERS)
