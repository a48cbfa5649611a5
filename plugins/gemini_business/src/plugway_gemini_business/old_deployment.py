"""The folder of an older deployment: its settings and its accounts, as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from plugway import BadRequest, ConfigurationError
from plugway_gemini_business import account_file
from plugway_gemini_business.old_settings import OldSettings, old_settings

CONFIG = "config.json"

#: Where the accounts are if nothing says so.
_DATA = "data"

#: Files beside accounts that are none.
_OTHERS = frozenset({CONFIG, "admin_panel_auth.json", "package.json"})

#: Largest file to read.
_MOST = 64 << 20

_TEAM = ("configId", "config_id", "team_id", "group_id")


class OldAccount(msgspec.Struct, frozen=True):
    """Is one account of a file; `repr` shows nothing of it.

    Attributes:
        text: Its JSON; empty: it cannot be used.
        label: Whose it is.
        disabled: It was taken out of use.
        fault: Why it cannot be used.
    """

    text: str = ""
    label: str = ""
    disabled: bool = False
    fault: str = ""

    def __repr__(self) -> str:
        return f"OldAccount(fault={self.fault!r})"


class OldFile(msgspec.Struct, frozen=True):
    """Is a file of accounts.

    Attributes:
        name: Of the file.
        accounts: Those in it.
        fault: Why there are none.
    """

    name: str
    accounts: tuple[OldAccount, ...] = ()
    fault: str = ""


class OldDeployment(msgspec.Struct, frozen=True):
    """Is everything that is taken over.

    Attributes:
        settings: What it was told.
        place: Where its accounts are.
        files: Its accounts.
    """

    settings: OldSettings
    place: str
    files: tuple[OldFile, ...]


def old_deployment(path: Path, environ: Mapping[str, str]) -> OldDeployment:
    """Read an older deployment.

    Args:
        path: Its folder, a folder of accounts, or one file of accounts.
        environ: The environment that it had.

    Raises:
        ConfigurationError: It is not there, or its settings cannot be read: they may say by which
            proxy its accounts are reached.
    """
    if not path.exists():
        raise ConfigurationError(f"there is no {path}")
    if path.is_file():
        settings = old_settings({}, environ)
        return OldDeployment(settings, str(path), (_file(path, settings.config_id),))
    settings = old_settings(_config(path / CONFIG), environ)
    place = _place(path, settings.data_dir)
    found = sorted(one for one in place.glob("*.json") if one.is_file())
    files = [_file(one, settings.config_id) for one in found if one.name not in _OTHERS]
    return OldDeployment(settings, str(place), tuple(files))


def _config(file: Path) -> Mapping[str, Any]:
    try:
        given = msgspec.json.decode(file.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigurationError(f"{file}: it cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise ConfigurationError(f"{file}: it is not JSON") from None
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"{file}: expected an object")
    return given


def _place(path: Path, data_dir: str) -> Path:
    """Return where the accounts are: a path in a container may not be there outside of it."""
    if data_dir and (path / data_dir).is_dir():
        return path / data_dir
    named = path / Path(data_dir).name if data_dir else path / _DATA
    return next((one for one in (named, path / _DATA) if one.is_dir()), path)


def _file(file: Path, config_id: str) -> OldFile:
    try:
        if file.stat().st_size > _MOST:
            return OldFile(file.name, fault=f"it is larger than {_MOST >> 20} MiB")
        text = file.read_bytes().decode("utf-8-sig")
        parts = account_file.split(text)
    except UnicodeDecodeError:
        return OldFile(file.name, fault="it is no text in UTF-8")
    except OSError as error:
        return OldFile(file.name, fault=f"it cannot be read: {error.strerror}")
    except BadRequest as error:
        return OldFile(file.name, fault=error.message.removeprefix("secret: "))
    return OldFile(file.name, tuple(_accounts(parts, config_id)))


def _accounts(texts: list[str], config_id: str) -> Iterator[OldAccount]:
    for text in texts:
        given = msgspec.json.decode(text)
        if config_id and not any(given.get(name) for name in _TEAM):
            given["configId"] = config_id
            text = msgspec.json.encode(given).decode()
        try:
            label = account_file.account_of(text).label
        except BadRequest as error:
            yield OldAccount(fault=error.message.removeprefix("secret: "))
        else:
            yield OldAccount(text, label, disabled=given.get("disabled") is True)
