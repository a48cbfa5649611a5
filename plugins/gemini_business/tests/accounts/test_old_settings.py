"""What an older deployment's settings become here, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway_gemini_business.old_settings import old_settings
from plugway_gemini_business.provider import GeminiBusinessChannel

#: As its documentation shows it.
WHOLE: dict[str, Any] = {
    "api_keys": ["sk-canary-1", "sk-canary-2"],
    "listen_addr": ":8000",
    "data_dir": "./data",
    "default_config": "0a1b-2c3d",
    "debug": False,
    "proxy": "http://me:canary@proxy.example:3128",
    "note": ["be kind"],
    "pool": {
        "target_count": 50,
        "min_count": 10,
        "check_interval_minutes": 30,
        "register_threads": 1,
        "register_headless": True,
        "refresh_on_startup": True,
        "refresh_cooldown_sec": 180,
        "use_cooldown_sec": 20,
        "max_fail_count": 4,
        "daily_limit": 300,
        "enable_browser_refresh": True,
        "browser_refresh_headless": True,
        "browser_refresh_max_retry": 1,
        "auto_delete_401": False,
    },
    "pool_server": {
        "enable": True,
        "mode": "server",
        "secret": "canary",
        "expired_action": "delete",
    },
    "flow": {"enable": True, "tokens": ["canary"]},
}


def test_everything_is_taken_or_left_with_a_reason() -> None:
    found = old_settings(WHOLE, {})
    assert found.channel == {
        "use_cooldown": 20,
        "refresh_cooldown": 180,
        "max_failures": 4,
        "min_count": 10,
        "target_count": 50,
        "daily_text": 300,
        "proxy": "http://me:canary@proxy.example:3128",
    }
    msgspec.convert(found.channel, GeminiBusinessChannel)
    assert (found.config_id, found.data_dir) == ("0a1b-2c3d", "./data")
    named = [name for name, _ in (*found.taken, *found.left)]
    for name, value in WHOLE.items():
        inner = [f"{name}.{one}" for one in value] if name.startswith("pool") else [name]
        assert set(inner) <= set(named), name
    assert len(named) == len(set(named))
    why = dict(found.left)
    assert "2 keys" in why["api_keys"]
    assert why["listen_addr"].startswith("set server.host = 0.0.0.0 and server.port = 8000")
    assert "never deleted" in why["pool_server.expired_action"]
    assert "canary" not in f"{found!r}{found.taken}{found.left}"


def test_what_is_missing_keeps_its_default() -> None:
    found = old_settings({"pool": {}}, {})
    assert (found.channel, found.taken, found.left) == ({}, (), ())
    # A switch that is not there is not off.
    assert "enable_browser_refresh" not in str(old_settings(WHOLE, {}).left)
    off = old_settings({"pool": {"enable_browser_refresh": False}}, {})
    assert 'renewal = "off"' in dict(off.left)["pool.enable_browser_refresh"]


def test_the_environment_wins_as_it_did() -> None:
    environ = {
        "PROXY": "socks5://127.0.0.1:1080",
        "CONFIG_ID": "9f",
        "DATA_DIR": "/accounts",
        "LISTEN_ADDR": "127.0.0.1:9000",
        "API_KEY": "sk-canary",
    }
    found = old_settings(WHOLE, environ)
    assert found.channel["proxy"] == "socks5://127.0.0.1:1080"
    assert (found.config_id, found.data_dir) == ("9f", "/accounts")
    why = dict(found.left)
    assert "server.host = 127.0.0.1 and server.port = 9000" in why["listen_addr"]
    assert "3 keys" in why["api_keys"]
    alone = old_settings({}, environ)
    assert (alone.channel, alone.config_id) == ({"proxy": "socks5://127.0.0.1:1080"}, "9f")


def test_no_keys_meant_open_and_does_not_here() -> None:
    assert "let everybody in" in dict(old_settings({"api_keys": []}, {}).left)["api_keys"]


@pytest.mark.parametrize(
    ("value", "becomes"),
    [(400, 240), (0, 1), (-5, 1), ("240", None), (True, None), (None, None), (120.5, 120.5)],
)
def test_numbers_become_what_can_be(value: Any, becomes: float | None) -> None:
    found = old_settings({"pool": {"refresh_cooldown_sec": value}}, {})
    assert found.channel.get("refresh_cooldown") == becomes
    msgspec.convert(found.channel, GeminiBusinessChannel)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys([*WHOLE, "x"], _JSON)))
def test_nothing_that_can_be_written_breaks_it(config: dict[str, Any]) -> None:
    found = old_settings(config, {})
    proxy = found.channel.pop("proxy", None)
    assert proxy is None or isinstance(proxy, str)
    msgspec.convert(found.channel, GeminiBusinessChannel)
