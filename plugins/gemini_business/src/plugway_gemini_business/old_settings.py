"""What an older deployment's `config.json` says, in the words of this gateway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

#: Of its table `pool`: the channel's setting, the least and the most it may be.
_POOL: Mapping[str, tuple[str, float, float]] = {
    "use_cooldown_sec": ("use_cooldown", 0, 86_400),
    "refresh_cooldown_sec": ("refresh_cooldown", 1, 240),
    "max_fail_count": ("max_failures", 1, 1_000),
    "min_count": ("min_count", 0, 1_000_000),
    "target_count": ("target_count", 0, 1_000_000),
    "daily_limit": ("daily_text", 0, 1_000_000),
}

_NO_SIGN_UP = "accounts are not made here: `plugway gemini-business login` signs yours in"
_NOTHING_DELETED = "an account that fails is quarantined, never deleted"
_HEADLESS = "renewals open no window; sign-ins do"
_WORKERS = "set `mode` and `worker_secret` of `plugins.gemini_business` in the settings"
_PROXIES = "set `proxies` in the settings, and `proxy = pool` on the channel"
_FLOW = "Flow is another plugin's: `plugway import flow` reads the same folder"

#: What is not taken over, and why; a name stands for all below it.
_LEFT: Mapping[str, str] = {
    "debug": "set `log.level`",
    "note": "there is no place for it",
    "flow": _FLOW,
    "proxy_pool": _PROXIES,
    "proxy_subscribes": _PROXIES,
    "pool.check_interval_minutes": "the pool is looked at all the time",
    "pool.register_threads": _NO_SIGN_UP,
    "pool.register_headless": _NO_SIGN_UP,
    "pool.mail_channel_order": _NO_SIGN_UP,
    "pool.refresh_on_startup": "what is due is renewed at the start in any case",
    "pool.browser_refresh_headless": _HEADLESS,
    "pool.browser_refresh_max_retry": "max_failures counts renewals too",
    "pool.auto_delete_401": _NOTHING_DELETED,
    "pool.external_refresh_mode": _WORKERS,
    "pool_server.expired_action": _NOTHING_DELETED,
    "pool_server.target_count": "target_count of the pool counts",
    "pool_server": _WORKERS,
}


class OldSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Is what an older deployment was told; `repr` shows no secret.

    Attributes:
        channel: Settings of the channel.
        config_id: Id of the team for accounts without one.
        data_dir: Where its accounts are; empty: it does not say.
        taken: Each old name with what has become of it.
        left: Each old name with the reason why nothing has.
    """

    channel: dict[str, Any]
    config_id: str
    data_dir: str
    taken: tuple[tuple[str, str], ...]
    left: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        return f"OldSettings({len(self.taken)} taken, {len(self.left)} left)"


def old_settings(config: Mapping[str, Any], environ: Mapping[str, str]) -> OldSettings:
    """Translate settings; what is not there keeps this gateway's default.

    Args:
        config: What `config.json` says.
        environ: The environment, which wins over it, as it did.

    Example:
        >>> old_settings({"pool": {"use_cooldown_sec": 20}}, {}).channel
        {'use_cooldown': 20}
    """
    notes = _Notes()
    channel = dict(_channel(config, notes))
    proxy = _word(config, environ, "proxy", "PROXY", notes)
    if proxy:
        channel["proxy"] = proxy
        notes.taken.append(("proxy", "proxy of the channel"))
    config_id = _word(config, environ, "default_config", "CONFIG_ID", notes)
    if config_id:
        notes.taken.append(("default_config", "configId of accounts without one"))
    data_dir = _word(config, environ, "data_dir", "DATA_DIR", notes)
    if data_dir:
        notes.taken.append(("data_dir", "accounts are read there; this gateway has a home"))
    address = _word(config, environ, "listen_addr", "LISTEN_ADDR", notes)
    if address:
        notes.left.append(("listen_addr", f"set {_listening(address)} in the settings"))
    _look_at_keys(config, environ, notes)
    _look_at_rest(config, notes)
    return OldSettings(
        channel=channel,
        config_id=config_id,
        data_dir=data_dir,
        taken=tuple(notes.taken),
        left=tuple(notes.left),
    )


class _Notes:
    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        self.left: list[tuple[str, str]] = []


def _channel(config: Mapping[str, Any], notes: _Notes) -> Iterator[tuple[str, Any]]:
    pool = config.get("pool")
    for old, (new, least, most) in _POOL.items():
        value = pool.get(old) if isinstance(pool, Mapping) else None
        if value is None:
            continue
        name = f"pool.{old}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            notes.left.append((name, "it is no number: the default stays"))
            continue
        within = min(max(value, least), most)
        said = "" if within == value else f", as {value:g} cannot be"
        notes.taken.append((name, f"{new} = {within:g}{said}"))
        yield new, int(within) if within == int(within) else within


def _word(
    config: Mapping[str, Any], environ: Mapping[str, str], name: str, variable: str, notes: _Notes
) -> str:
    value = environ.get(variable, "").strip() or config.get(name) or ""
    if isinstance(value, str):
        return value.strip()
    notes.left.append((name, "it is no text"))
    return ""


def _listening(address: str) -> str:
    host, _, port = address.rpartition(":")
    found = [f"server.host = {host.strip('[]')}"] if host else ["server.host = 0.0.0.0"]
    if port.isdecimal():
        found.append(f"server.port = {port}")
    return " and ".join(found)


def _look_at_keys(config: Mapping[str, Any], environ: Mapping[str, str], notes: _Notes) -> None:
    keys = config.get("api_keys")
    count = len(keys) if isinstance(keys, list) else 0
    count += bool(environ.get("API_KEY", "").strip())
    if count:
        many = f"{count} keys" if count > 1 else "the key"
        notes.left.append(
            (
                "api_keys",
                f"{many} cannot be taken over, as a key is known by its hash and made here: "
                "`plugway users add` and `plugway keys add` make new ones",
            )
        )
    elif "api_keys" in config:
        notes.left.append(("api_keys", "it had none, and let everybody in; here a key is needed"))


def _look_at_rest(config: Mapping[str, Any], notes: _Notes) -> None:
    known = {"proxy", "default_config", "data_dir", "listen_addr", "api_keys"}
    for name, value in config.items():
        if name in known:
            continue
        if name in ("pool", "pool_server") and isinstance(value, Mapping):
            for inner in value:
                _look_at(f"{name}.{inner}", value[inner], notes)
        else:
            _look_at(name, value, notes)


def _look_at(name: str, value: Any, notes: _Notes) -> None:
    if name.removeprefix("pool.") in _POOL:
        return
    if name == "pool.enable_browser_refresh":
        if value is False:
            why = 'set `plugins.gemini_business.renewal = "off"` in the settings'
            notes.left.append((name, why))
        else:
            notes.taken.append((name, "cookies are renewed by browser where there is one"))
        return
    why = _LEFT.get(name) or _LEFT.get(name.partition(".")[0]) or "it is not known here"
    notes.left.append((name, why))
