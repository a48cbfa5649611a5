"""What `plugway doctor` looks at, one thing after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import msgspec

from plugway.browser import Browser
from plugway.cli.client import ApiError, Client
from plugway.cli.home import database_of, open_to_others
from plugway.cli.local import LocalClient
from plugway.clock import SystemClock
from plugway.configuration import load
from plugway.configuration.source import settings_file
from plugway.credentials.vault import FILE, Vault
from plugway.errors import ConfigurationError, PlugwayError
from plugway.identity.limits import Limits
from plugway.server.listener import bind
from plugway.settings import ServerSettings, Settings
from plugway.storage.migrate import pending

#: Modules of extras, by extra.
EXTRAS = {
    "postgres": ("asyncpg",),
    "mysql": ("asyncmy",),
    "redis": ("redis",),
    "uvicorn": ("uvicorn", "httptools"),
    "granian": ("granian",),
    "uvloop": ("uvloop",),
    "socks": ("aiohttp_socks",),
    "browser": ("playwright", "aiohttp_socks"),
}


class Finding(msgspec.Struct, frozen=True):
    """Is what one look found.

    Attributes:
        check: What was looked at.
        state: `ok`, `warn` or `fail`.
        detail: What was found.
        remedy: What to do about it.
    """

    check: str
    state: Literal["ok", "warn", "fail"]
    detail: str
    remedy: str = ""


def checkup(home: Path, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at everything; what cannot be looked at because of a fault before it is left out.

    Args:
        home: The home directory.
        environ: Overrides of the settings.
    """
    if not home.is_dir():
        yield Finding("home", "fail", f"{home} does not exist", "plugway init")
        return
    yield _home(home)
    settings, finding = _settings(home, environ)
    yield finding
    if settings is None:
        return
    yield _port(settings.server)
    yield from _keyless(settings.server)
    yield _extras()
    yield from _browser(settings)
    if settings.redis.url:
        yield asyncio.run(_redis(settings.redis.url))
    vault = _vault(home, environ)
    yield vault
    database = asyncio.run(_database(home, environ))
    yield database
    if "fail" not in (vault.state, database.state):
        yield from _gateway(home)


def _home(home: Path) -> Finding:
    paths = [home, *(path for path in home.iterdir() if path.is_file())]
    bare = [path.name if path != home else str(home) for path in paths if open_to_others(path)]
    if not bare:
        return Finding("home", "ok", f"{home} is its owner's alone")
    detail = f"other users of this machine may read {', '.join(sorted(bare))}"
    # What is in the directory is out of reach when the directory is.
    state: Literal["warn", "fail"] = "fail" if open_to_others(home) else "warn"
    return Finding("home", state, detail, f"chmod -R go= {home}")


def _settings(home: Path, environ: Mapping[str, str]) -> tuple[Settings | None, Finding]:
    try:
        file = settings_file(home)
        settings = load(home, environ)
    except PlugwayError as error:
        return None, Finding("settings", "fail", error.message, "correct it")
    where = file.name if file else "defaults: there is no settings file"
    return settings, Finding("settings", "ok", where)


def _port(server: ServerSettings) -> Finding:
    place = f"{server.host}:{server.port}"
    try:
        bind(server).close()
    except PlugwayError as error:
        if _answers(server):
            return Finding("port", "ok", f"a gateway serves on {place}")
        return Finding("port", "fail", error.message, "stop that program, or set server.port")
    return Finding("port", "ok", f"{place} is free")


def _answers(server: ServerSettings) -> bool:
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(server.host, server.host)  # noqa: S104  # compared, not bound
    connection = HTTPConnection(host, server.port, timeout=2)
    with suppress(OSError, HTTPException), closing(connection):
        connection.request("GET", "/health")
        with connection.getresponse() as response:
            # A plugin may say here that it cannot serve, which is a gateway all the same.
            word = {200: b'"ok"', 503: b'"status":"error"'}.get(response.status)
            return word is not None and word in response.read(1024)
    return False


def _keyless(server: ServerSettings) -> Iterator[Finding]:
    if server.keyless_user:
        detail = f"whoever uses this machine calls as the user {server.keyless_user}"
        yield Finding("keys", "warn", detail, "unset server.keyless_user")


def _extras() -> Finding:
    there = [name for name, modules in EXTRAS.items() if all(map(find_spec, modules))]
    missing = [name for name in EXTRAS if name not in there]
    detail = f"installed: {', '.join(there) or 'none'}"
    if missing:
        detail += f"; not installed: {', '.join(missing)}"
    return Finding("extras", "ok", detail)


def _browser(settings: Settings) -> Iterator[Finding]:
    """Look for the browser where something may want one."""
    if find_spec("playwright") is None and not settings.browser.path:
        return
    try:
        program = Browser(settings.browser.path).program(visible=False)
    except ConfigurationError as error:
        yield Finding("browser", "warn", "there is none", error.message)
    else:
        yield Finding("browser", "ok", program or "the one that Playwright has installed")


async def _redis(url: str) -> Finding:
    try:
        limits = Limits(url, clock=SystemClock())
        try:
            await limits.take([("plugway doctor", "1000/second")])
            if limits.shared:
                return Finding("redis", "ok", "it answers; rate limits are shared")
        finally:
            await limits.close()
    except PlugwayError as error:
        return Finding("redis", "fail", error.message, "correct redis.url")
    remedy = "start it or correct redis.url"
    return Finding("redis", "fail", "it does not answer: rate limits are per process", remedy)


def _vault(home: Path, environ: Mapping[str, str]) -> Finding:
    try:
        ids = Vault.load(home, environ).key_ids
    except PlugwayError as error:
        remedy = f"put {FILE} back from its backup; for a new gateway: plugway init"
        return Finding("vault", "fail", error.message, remedy)
    return Finding("vault", "ok", f"key {ids[0]}" + (f", {len(ids) - 1} older" if ids[1:] else ""))


async def _database(home: Path, environ: Mapping[str, str]) -> Finding:
    try:
        database, _ = database_of(home, environ)
        async with database:
            waiting = await pending(database)
    except PlugwayError as error:
        return Finding("database", "fail", error.message, "correct database.url or the server")
    if waiting:
        detail = f"{database.url} is not at head: {', '.join(waiting)}"
        return Finding("database", "fail", detail, "plugway migrate")
    return Finding("database", "ok", f"{database.url} answers and is at head")


def _gateway(home: Path) -> Iterator[Finding]:
    try:
        with LocalClient(home) as client:
            for look in _LOOKS:
                yield from look(client)
    except PlugwayError as error:
        yield Finding("gateway", "fail", error.message, "correct it")
    except ApiError as error:
        yield Finding("gateway", "fail", error.message, "see the log")


def _plugins(client: Client) -> Iterator[Finding]:
    plugins = client.get("plugins")["items"]
    loaded = [plugin["name"] for plugin in plugins if plugin["state"] == "loaded"]
    for plugin in plugins:
        if plugin["state"] == "failed":
            remedy = "repair or uninstall it, or name it in plugins.block"
            yield Finding("plugins", "fail", f"{plugin['name']}: {plugin['reason']}", remedy)
    if loaded:
        yield Finding("plugins", "ok", f"loaded: {', '.join(loaded)}")
    else:
        yield Finding("plugins", "warn", "none is loaded", "pip install one")


def _channels(client: Client) -> Iterator[Finding]:
    channels = list(client.items("channels"))
    working = [one for one in channels if one["enabled"] and one["fault"] is None]
    for channel in channels:
        if channel["fault"] is not None:
            remedy = f"plugway channels show {channel['name']}"
            yield Finding("channels", "fail", f"{channel['name']}: {channel['fault']}", remedy)
        elif not channel["credentials"].get("ready") and channel["credentials"]:
            remedy = f"plugway channels test {channel['name']}"
            detail = f"{channel['name']}: no credential is ready"
            yield Finding("channels", "warn", detail, remedy)
    if working:
        yield Finding("channels", "ok", f"{len(working)} can take calls")
    else:
        yield Finding("channels", "warn", "none can take calls", "plugway channels add")


def _administrators(client: Client) -> Iterator[Finding]:
    def usable(user: dict[str, Any]) -> bool:
        return bool(user["role"] == "admin" and user["enabled"])

    if any(map(usable, client.items("users"))):
        yield Finding("administrator", "ok", "there is one")
    else:
        remedy = "plugway users add NAME --role admin, then plugway keys add NAME --name first"
        yield Finding("administrator", "warn", "there is none", remedy)


def _ledger(client: Client) -> Iterator[Finding]:
    report = client.post("ledger", "verify")
    if report["ok"]:
        counts = ", ".join(f"{report[name]} {name}" for name in ("accounts", "holds", "entries"))
        yield Finding("ledger", "ok", f"every invariant holds: {counts}")
    for problem in report["problems"]:
        yield Finding("ledger", "fail", problem, "stop serving and ask for help")


_LOOKS: tuple[Callable[[Client], Iterator[Finding]], ...] = (
    _plugins,
    _channels,
    _administrators,
    _ledger,
)
