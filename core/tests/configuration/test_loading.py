"""Tests of what operators write into the file and the environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway.configuration import load, plugin_tables
from plugway.errors import ConfigurationError
from plugway.settings import SECRET, PluginSettings, Settings, Table

CANARY = "canary-5b1f"


def write(home: Path, text: str, name: str = "plugway.toml") -> Path:
    (home / name).write_text(text, encoding="utf-8")
    return home


def message(home: Path, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(home, environ or {})
    assert "\n" not in caught.value.message
    return caught.value.message


def test_nothing_set_means_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, {}) == Settings()


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    toml, as_json = tmp_path / "toml", tmp_path / "json"
    toml.mkdir()
    as_json.mkdir()
    write(toml, '[server]\nport = 9000\ntrusted_proxies = ["10.0.0.0/8"]\n[plugins.echo]\nx = 1\n')
    data = {
        "server": {"port": 9000, "trusted_proxies": ["10.0.0.0/8"]},
        "plugins": {"echo": {"x": 1}},
    }
    write(as_json, json.dumps(data), "plugway.json")
    settings = load(toml, {})
    assert settings == load(as_json, {})
    assert settings.server.port == 9000
    assert settings.server.trusted_proxies == ("10.0.0.0/8",)
    assert settings.plugins.tables == {"echo": {"x": 1}}


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "plugway.toml").write_bytes(b"\xef\xbb\xbf[server]\nport = 9000\n")
    assert load(tmp_path, {}).server.port == 9000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '[server]\nport = "x"',
            "plugway.toml: server.port: expected an integer from 0 to 65535, got 'x'",
        ),
        (
            "[server]\nport = 70000",
            "plugway.toml: server.port: expected an integer from 0 to 65535, got 70000",
        ),
        (
            "[server]\nport = true",
            "plugway.toml: server.port: expected an integer from 0 to 65535, got true",
        ),
        (
            "[server]\nprot = 1",
            "plugway.toml: server.prot: no such setting; did you mean server.port?",
        ),
        ("[sever]\nport = 1", "plugway.toml: sever: no such setting; did you mean server?"),
        ("port = 1", "plugway.toml: port: no such setting; there are: alerts, browser, callbacks"),
        ("server = 3", "plugway.toml: server: expected a table, got 3"),
        (
            '[log]\nlevel = "loud"',
            "plugway.toml: log.level: expected one of debug, info, warning, error, got 'loud'",
        ),
        (
            "[server]\nrequest_timeout = inf",
            "plugway.toml: server.request_timeout: expected a number above 0, at most 31536000, "
            "got inf",
        ),
        (
            "[server]\nrequest_timeout = nan",
            "plugway.toml: server.request_timeout: expected a number above 0, at most 31536000, "
            "got nan",
        ),
        (
            '[server]\ntrusted_proxies = "10.0.0.0/8"',
            "plugway.toml: server.trusted_proxies: expected a list of strings, got '10.0.0.0/8'",
        ),
        (
            '[server]\ntrusted_proxies = ["10.0.0.1/8"]',
            "plugway.toml: server.trusted_proxies: expected networks such as 10.0.0.0/8, "
            "got '10.0.0.1/8'",
        ),
        (
            "[ledger]\nhold_seconds = 60",
            "plugway.toml: ledger.hold_seconds: expected more than server.request_timeout (3600), "
            "got 60",
        ),
        (
            "[database]\nmigrate = 2020-01-01",
            "plugway.toml: database.migrate: expected true or false, got a date",
        ),
        (
            "[plugins]\nstrct = true",
            "plugway.toml: plugins.strct: no such setting; did you mean plugins.strict?",
        ),
        ("[plugins.tables.kling]\nx = 1", "plugway.toml: plugins.tables: no such setting"),
        ('[server]\n"a b" = 1', 'plugway.toml: server."a b": no such setting'),
        ("[server]\nport = \n", "plugway.toml: Invalid value (at line 2, column 8)"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_right(tmp_path: Path, text: str, expected: str) -> None:
    assert message(write(tmp_path, text)).startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", "plugway.json: expected an object of tables"),
        ("{", "plugway.json: Expecting property name"),
        ('{"server": {"port": 1, "port": 2}}', "plugway.json: port is there twice"),
        ("[" * 100_000, "plugway.json: "),
        ('{"server": null}', "plugway.json: server: expected a table"),
    ],
)
def test_a_wrong_json_file_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    assert message(write(tmp_path, text, "plugway.json")).startswith(expected)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "plugway.toml").write_bytes(b'name = "\xff"')
    assert message(tmp_path) == "plugway.toml: byte 8 is not UTF-8"
    (tmp_path / "plugway.toml").unlink()
    (tmp_path / "plugway.toml").mkdir()
    assert message(tmp_path) == "plugway.toml: cannot be read: Is a directory"


def test_two_files_are_one_too_many(tmp_path: Path) -> None:
    write(tmp_path, "")
    write(tmp_path, "{}", "plugway.json")
    assert message(tmp_path) == "plugway.toml and plugway.json are both there: keep one of them"


@pytest.mark.parametrize(
    ("variable", "value", "table", "name", "expected"),
    [
        ("SERVER__PORT", "8080", "server", "port", 8080),
        ("SERVER__REQUEST_TIMEOUT", "1.5", "server", "request_timeout", 1.5),
        ("DATABASE__MIGRATE", "false", "database", "migrate", False),
        ("LOG__LEVEL", "debug", "log", "level", "debug"),
        ("LEDGER__CURRENCY", "8080", "ledger", "currency", "8080"),
        ("PLUGINS__ALLOW", "kling, bltcy,", "plugins", "allow", ("kling", "bltcy")),
        ("PLUGINS__ALLOW", '["kling", "a,b"]', "plugins", "allow", ("kling", "a,b")),
        ("PLUGINS__ALLOW", "[]", "plugins", "allow", ()),
        ("PLUGINS__ALLOW", "", "plugins", "allow", None),
    ],
)
def test_the_environment_is_typed(
    tmp_path: Path, variable: str, value: str, table: str, name: str, expected: Any
) -> None:
    settings = load(tmp_path, {f"PLUGWAY__{variable}": value})
    assert getattr(getattr(settings, table), name) == expected


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("PLUGWAY__SERVER__PORT", "x", "expected an integer from 0 to 65535, got 'x'"),
        ("PORT", "x", "expected an integer from 0 to 65535, got 'x'"),
        (
            "PLUGWAY__SERVER__PROT",
            "1",
            "no such setting; did you mean PLUGWAY__SERVER__PORT?",
        ),
        ("PLUGWAY__SEVER__PORT", "1", "no such setting; did you mean PLUGWAY__SERVER?"),
        ("PLUGWAY__SERVER", "1", "expected a table, got '1'"),
        (
            "PLUGWAY__SERVER__PORT__X",
            "1",
            "expected an integer from 0 to 65535, got a table",
        ),
        ("PLUGWAY__PLUGINS__STRCT", "1", "no such setting; did you mean PLUGWAY__PLUGINS__STRICT?"),
        ("PLUGWAY__PLUGINS__ALLOW", "[1]", "expected a list of strings, got '[1]'"),
        ("PLUGWAY__PLUGINS__ALLOW", "[", "expected a list of strings, got '['"),
        (
            "PLUGWAY__SERVER__TRUSTED_PROXIES",
            "proxy",
            "expected networks such as 10.0.0.0/8, got 'proxy'",
        ),
        ("SERVER_ADDRESS", "gateway.example", "expected an address such as"),
    ],
)
def test_a_wrong_variable_is_named(
    tmp_path: Path, variable: str, value: str, expected: str
) -> None:
    assert message(tmp_path, {variable: value}).startswith(f"{variable}: {expected}")


def test_other_variables_are_nobody_s_business(tmp_path: Path) -> None:
    environ = {"PLUGWAY_HOME": "/x", "PLUGWAY_VAULT_KEY": "y", "HOME": "/z"}
    assert load(tmp_path, environ) == Settings()


def test_the_old_names_are_accepted(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        {
            "PORT": "3000",
            "SQL_DSN": "root:123456@tcp(localhost:3306)/oneapi",
            "REDIS_CONN_STRING": "redis://default:redispw@localhost:6379",
            "SESSION_SECRET": "random_string",
            "SERVER_ADDRESS": "https://gateway.example/",
        },
    )
    assert settings.server.port == 3000
    assert settings.database.url == "root:123456@tcp(localhost:3306)/oneapi"
    assert settings.redis.url == "redis://default:redispw@localhost:6379"
    assert settings.server.session_secret == "random_string"
    assert settings.server.public_url == "https://gateway.example"


def test_precedence(tmp_path: Path) -> None:
    write(tmp_path, "[server]\nport = 1\nmax_headers = 50\n")
    assert load(tmp_path, {}).server.port == 1
    assert load(tmp_path, {"PORT": "2"}).server.port == 2
    both = {"PORT": "2", "PLUGWAY__SERVER__PORT": "3"}
    assert load(tmp_path, both).server.port == 3
    assert load(tmp_path, both).server.max_headers == 50
    assert load(tmp_path, {"PORT": ""}).server.port == 1


@pytest.mark.parametrize(
    ("text", "environ"),
    [
        (f"[database]\nurl = ['{CANARY}']", {}),
        (f"[redis]\nurl = '{CANARY}'", {}),
        (f"[server]\nsession_secret = {{ a = '{CANARY}' }}", {}),
        ("", {"REDIS_CONN_STRING": CANARY}),
        ("", {"SERVER_ADDRESS": f"https://u:{CANARY}@gateway.example"}),
        (f"[database]\nurl = '{CANARY}", {}),
    ],
)
def test_no_error_shows_a_secret(tmp_path: Path, text: str, environ: dict[str, str]) -> None:
    assert CANARY not in message(write(tmp_path, text), environ)


@given(value=st.floats(min_value=0, max_value=3600, allow_nan=False))
def test_a_number_survives_the_environment(value: float) -> None:
    settings = load(Path("/nonexistent"), {"PLUGWAY__SERVER__DRAIN_SECONDS": repr(value)})
    assert settings.server.drain_seconds == value


@given(items=st.lists(st.text(min_size=1)))
def test_a_list_survives_the_environment(items: list[str]) -> None:
    settings = load(Path("/nonexistent"), {"PLUGWAY__PLUGINS__BLOCK": json.dumps(items)})
    assert settings.plugins.block == tuple(items)


class Inner(msgspec.Struct, frozen=True):
    depth: int = 1


class Echo(Table, frozen=True, kw_only=True):
    """Sets the echo.

    Attributes:
        greeting: Said first.
        times: How often.
        token: For the upstream.
        names: By language.
        inner: A table of its own.
    """

    greeting: str = "hello"
    times: Annotated[int, msgspec.Meta(ge=1)] = 1
    token: Annotated[str, SECRET] = ""
    names: dict[str, str] = msgspec.field(default_factory=dict)
    inner: Inner = Inner()

    def __post_init__(self) -> None:
        if self.greeting == "bye":
            raise ValueError("a greeting does not say bye")


def tables(home: Path, environ: dict[str, str] | None = None, **options: Any) -> Any:
    return plugin_tables(load(home, environ or {}), {"echo": Echo}, **options)["echo"]


def test_a_plugin_gets_its_struct(tmp_path: Path) -> None:
    assert tables(tmp_path) == Echo()
    write(tmp_path, "[plugins.echo]\ntimes = 2\n[plugins.echo.inner]\ndepth = 3")
    assert tables(tmp_path) == Echo(times=2, inner=Inner(3))
    environ = {
        "PLUGWAY__PLUGINS__ECHO__TIMES": "5",
        "PLUGWAY__PLUGINS__ECHO__GREETING": "12",
        "PLUGWAY__PLUGINS__ECHO__NAMES": '{"de": "Hallo"}',
        "PLUGWAY__PLUGINS__ECHO__INNER__DEPTH": "4",
    }
    assert tables(tmp_path, environ) == Echo(
        times=5, greeting="12", names={"de": "Hallo"}, inner=Inner(4)
    )


@pytest.mark.parametrize(
    ("text", "environ", "expected"),
    [
        (
            "[plugins.echo]\ntimes = 0",
            {},
            "plugway.toml: plugins.echo.times: expected an integer of 1 or more, got 0",
        ),
        (
            "[plugins.echo]\ntime = 0",
            {},
            "plugway.toml: plugins.echo.time: no such setting; did you mean plugins.echo.times?",
        ),
        (
            "[plugins.echo.inner]\ndeep = 0",
            {},
            "plugway.toml: plugins.echo.inner.deep: no such setting; "
            "did you mean plugins.echo.inner.depth?",
        ),
        (
            "[plugins.echo]\ngreeting = 'bye'",
            {},
            "plugway.toml: plugins.echo: a greeting does not say bye",
        ),
        (
            f"[plugins.echo]\ntoken = ['{CANARY}']",
            {},
            "plugway.toml: plugins.echo.token: expected a string",
        ),
        (
            "",
            {"PLUGWAY__PLUGINS__ECHO__TIMES": "0"},
            "PLUGWAY__PLUGINS__ECHO__TIMES: expected an integer of 1 or more, got '0'",
        ),
    ],
)
def test_a_wrong_plugin_table_is_named(
    tmp_path: Path, text: str, environ: dict[str, str], expected: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        tables(write(tmp_path, text), environ)
    assert caught.value.message == expected


def test_a_required_setting_is_asked_for() -> None:
    class Strict(msgspec.Struct):
        region: str

    with pytest.raises(ConfigurationError, match=r"plugins\.echo\.region: is missing: a string"):
        plugin_tables(Settings(), {"echo": Strict})


def test_a_table_of_no_plugin(tmp_path: Path) -> None:
    settings = Settings(plugins=PluginSettings(tables={"ehco": {"times": 1}, "kling": {}}))
    assert plugin_tables(settings, {"echo": Echo}) == {"echo": Echo()}
    with pytest.raises(ConfigurationError, match=r"plugins\.ehco: .*did you mean plugins\.echo\?"):
        plugin_tables(settings, {"echo": Echo}, known={"kling", "echo"})
    assert plugin_tables(settings, {"echo": Echo}, known={"kling", "ehco"}) == {"echo": Echo()}


@pytest.mark.parametrize(
    ("environ", "host", "port"),
    [
        ({"LISTEN_ADDR": ":8123"}, "0.0.0.0", 8123),  # noqa: S104  # what the old name means
        ({"LISTEN_ADDR": "127.0.0.1:8123"}, "127.0.0.1", 8123),
        ({"LISTEN_ADDR": "[::1]:8123"}, "::1", 8123),
        ({"LISTEN_ADDR": "8123"}, "0.0.0.0", 8123),  # noqa: S104  # as above
        ({"LISTEN_ADDR": ":8123", "PORT": "9000"}, "0.0.0.0", 9000),  # noqa: S104  # as above
    ],
)
def test_an_address_to_listen_at_is_taken_as_older_deployments_set_it(
    tmp_path: Path, environ: dict[str, str], host: str, port: int
) -> None:
    server = load(tmp_path, environ).server
    assert (server.host, server.port) == (host, port)


def test_an_address_to_listen_at_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="LISTEN_ADDR"):
        load(tmp_path, {"LISTEN_ADDR": "here:there"})
