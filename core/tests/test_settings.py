"""Tests of the settings' own rules."""

from __future__ import annotations

from typing import Any

import pytest

from plugway.errors import ConfigurationError
from plugway.settings import (
    DatabaseSettings,
    LedgerSettings,
    PluginSettings,
    RedisSettings,
    ServerSettings,
    Settings,
)

CANARY = "canary-5b1f"


def test_no_secret_is_in_a_repr() -> None:
    settings = Settings(
        server=ServerSettings(session_secret=CANARY),
        database=DatabaseSettings(url=f"postgres://u:{CANARY}@db/plugway"),
        redis=RedisSettings(url=f"redis://:{CANARY}@cache"),
        plugins=PluginSettings(tables={"kling": {"key": CANARY}}),
    )
    assert CANARY not in repr(settings)
    assert CANARY not in str(settings.__rich_repr__())
    assert "session_secret=…" in repr(settings)
    assert "port=8000" in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        "example.com",
        "ftp://example.com",
        "https://",
        "https://example.com/",
        "https://example.com?x=1",
        "https://u:p@example.com",
        "https://exa mple.com",
        "https://example.com:port",
        "https://[::1",
    ],
)
def test_a_public_url_must_be_an_address(url: str) -> None:
    with pytest.raises(ConfigurationError, match="expected an address") as caught:
        ServerSettings(public_url=url)
    assert caught.value.field == "public_url"


@pytest.mark.parametrize(
    "url", ["", "https://api.example.com", "http://[::1]:8000", "https://example.com/gateway"]
)
def test_good_public_urls(url: str) -> None:
    assert ServerSettings(public_url=url).public_url == url


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: ServerSettings(trusted_proxies=("10.0.0.1/8",)), "trusted_proxies"),
        (lambda: ServerSettings(trusted_proxies=("proxy.example",)), "trusted_proxies"),
        (lambda: RedisSettings(url="localhost:6379"), "url"),
        (
            lambda: Settings(
                server=ServerSettings(request_timeout=100), ledger=LedgerSettings(hold_seconds=100)
            ),
            "ledger.hold_seconds",
        ),
    ],
)
def test_rules_that_no_type_states(make: Any, field: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make()
    assert caught.value.field == field


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "::1", "localhost"])
def test_keys_may_be_done_without_on_loopback(host: str) -> None:
    assert ServerSettings(host=host, keyless_user="dev").keyless_user == "dev"


@pytest.mark.parametrize(
    "others",
    [
        {"host": "0.0.0.0"},  # noqa: S104  # refused
        {"host": ""},
        {"host": "::"},
        {"host": "192.0.2.1"},
        {"host": "example.com"},
        {"host": "localhost.example.com"},
        {"trusted_proxies": ("127.0.0.1/32",)},
        {"public_url": "https://api.example.com"},
    ],
)
def test_nobody_else_reaches_a_gateway_without_keys(others: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="asks for no key") as caught:
        ServerSettings(keyless_user="dev", **others)
    assert caught.value.field == "keyless_user"
    ServerSettings(**others)
