"""What keeps a gateway from starting: one line on stderr, exit code 2, and nothing changed."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from plugway.testing.databases import available, fresh_database
from plugway.testing.process import GatewayProcess

ROOT = Path(__file__).parents[1]

Refused = Callable[..., str]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a home once."""
    home = tmp_path_factory.mktemp("template") / "home"
    (home.parent / "key").write_text(GatewayProcess(home).json("init")["key"])
    return home


@pytest.fixture
def home(template: Path, tmp_path: Path) -> Path:
    """Give each test a copy."""
    shutil.copytree(template, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def refused(home: Path) -> Refused:
    """Run a command that must be refused, and return what it says."""

    def run(*words: str, **environ: str) -> str:
        gateway = GatewayProcess(home, {"PLUGWAY__SERVER__PORT": "0", **environ})
        try:
            done = gateway.plugway(*(words or ("serve",)), check=False)
        except subprocess.TimeoutExpired:
            pytest.fail("it served")
        assert (done.returncode, done.stdout) == (2, ""), done
        assert done.stderr.startswith("plugway: "), done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr.removeprefix("plugway: ").strip()

    return run


def without(folder: Path, *modules: str) -> str:
    """Return a `PYTHONPATH` with which these modules are not installed."""
    lines = ["import sys", *(f"sys.modules[{name!r}] = None" for name in modules)]
    (folder / "sitecustomize.py").write_text("\n".join(lines))
    return str(folder)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[server]\nport = 70000\n", "plugway.toml: server.port: expected an integer from 0"),
        ("[server]\nprot = 1\n", "plugway.toml: server.prot: no such setting; did you mean"),
        ("[server\n", "plugway.toml: "),
        ("[ledger]\nhold_seconds = 5\n", "plugway.toml: ledger.hold_seconds: expected more than"),
        ("[plugins.bltcy]\nprefix = {}\n", "plugins.bltcy.prefix: no such setting; did you mean"),
        ("\xff", "plugway.toml: byte 0 is not UTF-8"),
    ],
)
def test_a_settings_file_that_is_wrong(home: Path, refused: Refused, text: str, said: str) -> None:
    (home / "plugway.toml").write_text(text, encoding="latin-1")
    environ = {} if "port" in text else {"PORT": "0"}
    assert said in refused(**environ, PLUGWAY__SERVER__PORT="")


def test_a_variable_that_is_wrong_is_named(refused: Refused) -> None:
    said = refused(PLUGWAY__SERVER__PORT="eighty")
    assert said == "PLUGWAY__SERVER__PORT: expected an integer from 0 to 65535, got 'eighty'"
    assert refused(SQL_DSN="oracle://db/x").startswith("database: unknown scheme 'oracle'")
    assert refused(REDIS_CONN_STRING="cache:6379").startswith(
        "REDIS_CONN_STRING: expected redis://"
    )


def test_two_settings_files(home: Path, refused: Refused) -> None:
    (home / "plugway.json").write_text("{}")
    assert "both there: keep one of them" in refused()


def test_no_home(home: Path, refused: Refused) -> None:
    shutil.rmtree(home)
    assert refused().endswith("run `plugway init`")
    assert refused("users", "list").endswith("run `plugway init`")


def test_a_plugin_that_is_broken_where_that_is_not_allowed(refused: Refused) -> None:
    path = os.pathsep.join(str(ROOT / "core/tests/packages" / n) for n in ("raising", "newer"))
    said = refused(PYTHONPATH=path, PLUGWAY__PLUGINS__STRICT="true")
    assert "newer (plugway-newer 9.0.0): it is written for contract" in said
    said = refused(
        PYTHONPATH=path, PLUGWAY__PLUGINS__STRICT="true", PLUGWAY__PLUGINS__BLOCK="newer"
    )
    assert "raising (plugway-raising 0.1.0): register_routes raised LookupError" in said


def test_a_database_that_is_not_at_head(home: Path, refused: Refused) -> None:
    (home / "plugway.db").unlink()
    off = {"PLUGWAY__DATABASE__MIGRATE": "false"}
    assert refused(**off) == (
        "the database is not at head: core.0001_initial, flow.0001_initial; run `plugway migrate`"
    )
    gateway = GatewayProcess(home, off)
    checked = gateway.plugway("migrate", "--check", check=False)
    assert (checked.returncode, checked.stdout) == (
        1,
        "core.0001_initial\nflow.0001_initial\n",
    )
    assert gateway.plugway("migrate").stdout == checked.stdout
    gateway.start()
    assert gateway.stop() == 0


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgres://me:canary@127.0.0.1:1/x", "postgres://me:***@127.0.0.1:1/x cannot be opened"),
        ("mysql://me:canary@127.0.0.1:1/x", "mysql://me:***@127.0.0.1:1/x cannot be opened"),
        ("me:canary@tcp(db.invalid:1)/x", "mysql://me:***@db.invalid:1/x cannot be opened"),
        ("sqlite:///nowhere/plugway.db", "cannot be opened: its folder does not exist"),
        ("sqlite://vault.key", "SQLITE_NOTADB"),
        ("sqlite://.", "irectory"),
    ],
)
def test_a_database_that_cannot_be_reached(refused: Refused, url: str, said: str) -> None:
    text = refused(SQL_DSN=url)
    assert said in text
    assert "canary" not in text


@pytest.mark.parametrize("dialect", ["postgres", "mysql"])
def test_another_node_needs_the_first_one_s_key(
    home: Path, refused: Refused, tmp_path: Path, dialect: str
) -> None:
    if reason := available(dialect):  # type: ignore[arg-type]  # a dialect's name
        pytest.skip(reason)
    with fresh_database(dialect, migrated=False) as url:  # type: ignore[arg-type]  # as above
        GatewayProcess(tmp_path / "first", {"SQL_DSN": url}).plugway("init")
        (home / "vault.key").unlink()
        (home / "plugway.toml").unlink()
        said = refused("init", SQL_DSN=url)
        assert "in use by another node: copy its vault.key" in said
        assert not (home / "vault.key").exists()


def test_a_vault_key_that_cannot_be_used(home: Path, refused: Refused) -> None:
    key = home / "vault.key"
    kept = key.read_text()
    key.chmod(0o644)
    assert refused().endswith(f"run: chmod 600 {key}")
    key.chmod(0o600)
    for text, said in (("", "holds no key"), ("short", "is not 32 bytes in base64")):
        key.write_text(text)
        assert said in refused()
    key.write_text(kept + kept)
    assert refused().endswith("holds the same key twice")
    key.unlink()
    assert refused().endswith("vault.key is missing; `plugway init` makes it")
    assert "PLUGWAY_VAULT_KEY: key 1 is not 32 bytes" in refused(PLUGWAY_VAULT_KEY="x")


def test_another_vault_key_fails_closed_and_says_so(
    home: Path, template: Path, tmp_path: Path
) -> None:
    gateway = GatewayProcess(home)
    words = ("--provider", "bltcy", "--name", "main", "--base-url", "http://127.0.0.1:1")
    proxy = ("--name", "proxied", "--set", "proxy=http://me:canary@127.0.0.1:1")
    gateway.plugway("channels", "add", *words, "--secret", "canary")
    gateway.plugway("channels", "add", *words, *proxy, "--secret", "canary")
    other = {"PLUGWAY_VAULT_KEY": b64encode(os.urandom(32)).decode()}
    log = tmp_path / "log"
    gateway = GatewayProcess(home, other, log=log)
    channels = {channel["name"]: channel for channel in gateway.json("channels", "list")}
    assert "cannot be opened" in channels["main"]["fault"]
    assert "cannot be opened" in channels["proxied"]["fault"]
    done = gateway.plugway("doctor", check=False)
    assert done.returncode == 1
    assert "cannot be opened" in done.stdout
    key = (template.parent / "key").read_text()
    asked = Request(f"{gateway.start()}/runway/x", headers={"authorization": f"Bearer {key}"})  # noqa: S310  # our own
    with pytest.raises(HTTPError) as caught:
        urlopen(asked)  # noqa: S310  # our own
    with caught.value as answer:
        assert (answer.status, json.load(answer)["code"]) == (503, "no_available_channel")
    gateway.stop()
    assert "credential 1 cannot be opened" in log.read_text()
    assert "canary" not in log.read_text() + done.stdout + json.dumps(channels)


def test_a_port_that_is_taken(refused: Refused) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused("serve", "--port", str(port))
        assert said == f"cannot listen on 127.0.0.1, port {port}: another program listens there"
    assert "this machine does not have that address" in refused("serve", "--host", "192.0.2.1")


def test_an_extra_that_is_not_installed(refused: Refused, home: Path, tmp_path: Path) -> None:
    path = without(tmp_path, "granian", "uvicorn", "asyncpg", "asyncmy", "redis", "aiohttp_socks")
    for words, environ, extra in (
        (("serve", "--server", "granian"), {}, "granian"),
        (("serve", "--server", "uvicorn"), {}, "uvicorn"),
        (("serve",), {"SQL_DSN": "postgres://db/x"}, "postgres"),
        (("serve",), {"SQL_DSN": "mysql://db/x"}, "mysql"),
        (("serve",), {"REDIS_CONN_STRING": "redis://cache"}, "redis"),
    ):
        assert f"pip install 'plugway[{extra}]'" in refused(*words, PYTHONPATH=path, **environ)
    done = GatewayProcess(home, {"PYTHONPATH": path}).plugway(
        *("channels", "add", "--provider", "bltcy", "--name", "x", "--base-url", "http://x"),
        *("--secret", "s", "--set", "proxy=socks5://127.0.0.1"),
        check=False,
    )
    assert done.returncode == 1
    assert "pip install 'plugway[socks]'" in done.stderr


def test_workers_that_cannot_start_end_with_their_supervisor(home: Path) -> None:
    environ = {"PLUGWAY__SERVER__PORT": "0", "SQL_DSN": "postgres://127.0.0.1:1/x"}
    done = GatewayProcess(home, environ).plugway("serve", "--workers", "2", check=False)
    assert (done.returncode, done.stdout) == (2, "")
    reason = "database postgres://127.0.0.1:1/x cannot be opened: the connection was refused"
    assert f"plugway: {reason}\n" in done.stderr
    assert "Traceback" not in done.stderr
