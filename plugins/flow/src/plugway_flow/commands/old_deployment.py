"""What an older deployment has of Flow: its folder of tokens, its settings, exports of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from plugway import BadRequest, ConfigurationError
from plugway_flow.accounts.session_file import session_of, split

CONFIG = "config.json"

#: Where the folder of tokens is in one's own (reference: "Control calls").
_TOKENS = ("data/at", "at")

_SUFFIXES = frozenset({".txt", ".json", ".jsonl", ".cookie", ".cookies", ""})

#: Characters that a token has by itself, in a folder where anything may lie.
_LEAST = 100

#: Largest file to read.
_MOST = 16 << 20


class OldSession(msgspec.Struct, frozen=True):
    """Is one session of a file; `repr` shows nothing of it.

    Attributes:
        place: Where it is, for people.
        text: As it is; empty: it cannot be used.
        disabled: It was taken out of use.
        fault: Why it cannot be used.
    """

    place: str
    text: str = ""
    disabled: bool = False
    fault: str = ""

    def __repr__(self) -> str:
        return f"OldSession({self.place!r}, fault={self.fault!r})"


class OldDeployment(msgspec.Struct, frozen=True, kw_only=True):
    """Is everything that is taken over.

    Attributes:
        place: Where its sessions are.
        sessions: Its sessions.
        settings: Of the channel that is made.
    """

    place: str
    sessions: tuple[OldSession, ...]
    settings: dict[str, Any] = msgspec.field(default_factory=dict)


def old_deployment(path: Path) -> OldDeployment:
    """Read an older deployment.

    Args:
        path: Its folder, a folder of files with a session each, or one file.

    Raises:
        ConfigurationError: It is not there, or its settings cannot be read.
    """
    if not path.exists():
        raise ConfigurationError(f"there is no {path}")
    if path.is_file():
        return OldDeployment(place=str(path), sessions=tuple(_file(path, least=0)))
    flow = _flow(path / CONFIG)
    place = next((path / name for name in _TOKENS if (path / name).is_dir()), path)
    files = sorted(one for one in place.iterdir() if one.is_file() and one.name != CONFIG)
    found = [
        session
        for one in files
        if one.suffix.lower() in _SUFFIXES and not one.name.startswith(".")
        for session in _file(one, least=_LEAST)
    ]
    tokens = flow.get("tokens")
    for number, text in enumerate(tokens if isinstance(tokens, list) else (), 1):
        if isinstance(text, str) and text.strip():
            found.append(_one(f"{CONFIG}, token {number}", text, least=0))
    return OldDeployment(place=str(place), sessions=tuple(found), settings=_settings(flow))


def _flow(file: Path) -> Mapping[str, Any]:
    """Return the part of an old `config.json` that is about Flow."""
    try:
        given = msgspec.json.decode(file.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigurationError(f"{file}: it cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise ConfigurationError(f"{file}: it is not JSON") from None
    flow = given.get("flow") if isinstance(given, Mapping) else None
    return flow if isinstance(flow, Mapping) else {}


def _settings(flow: Mapping[str, Any]) -> dict[str, Any]:
    """Return what it was told, in the words of a channel; its proxy was never used there."""
    found: dict[str, Any] = {}
    proxy = flow.get("proxy")
    if isinstance(proxy, str) and proxy.strip():
        found["proxy"] = proxy.strip()
    for old, new, least, most in (
        ("poll_interval", "poll_seconds", 1, 3_600),
        ("max_poll_attempts", "poll_attempts", 1, 100_000),
    ):
        value = flow.get(old)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            found[new] = value
    return found


def _file(file: Path, *, least: int) -> Iterator[OldSession]:
    try:
        if file.stat().st_size > _MOST:
            yield OldSession(file.name, fault=f"it is larger than {_MOST >> 20} MiB")
            return
        text = file.read_bytes().decode("utf-8-sig")
        parts = split(text)
    except UnicodeDecodeError:
        yield OldSession(file.name, fault="it is no text in UTF-8")
        return
    except OSError as error:
        yield OldSession(file.name, fault=f"it cannot be read: {error.strerror}")
        return
    except BadRequest as error:
        yield OldSession(file.name, fault=error.message.removeprefix("secret: "))
        return
    off = _disabled(text, len(parts))
    for number, part in enumerate(parts, 1):
        place = f"{file.name}, session {number}" if len(parts) > 1 else file.name
        yield _one(place, part, least=least, disabled=off[number - 1])


def _one(place: str, text: str, *, least: int, disabled: bool = False) -> OldSession:
    bare = "=" not in text and text[:1] not in ("{", "[")
    if bare and len(text.strip()) <= least:
        return OldSession(place, fault=f"a token by itself has more than {least} characters")
    try:
        session_of(text)
    except BadRequest as error:
        return OldSession(place, fault=error.message.removeprefix("secret: "))
    return OldSession(place, text, disabled)


def _disabled(text: str, count: int) -> list[bool]:
    """Say of each session of a file whether it was taken out of use, as exports tell."""
    try:
        given = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        given = None
    if isinstance(given, Mapping):
        lists = [one for one in given.values() if isinstance(one, list) and len(one) == count]
        given = lists[0] if lists and count > 1 else [given]
    if not isinstance(given, list) or len(given) != count:
        return [False] * count
    return [isinstance(one, Mapping) and _is_off(one) for one in given]


def _is_off(one: Mapping[str, Any]) -> bool:
    return one.get("is_active") is False or one.get("disabled") is True
