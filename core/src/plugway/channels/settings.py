"""A channel's settings as they are stored: what is secret in them is sealed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from plugway.contract.settings import HIDDEN, masked
from plugway.credentials.rotation import CHANNEL_SECRETS
from plugway.credentials.vault import VaultError

if TYPE_CHECKING:
    from plugway.contract import ChannelSettings
    from plugway.credentials.vault import Vault
    from plugway.storage.models import ChannelRow


def seal_settings(vault: Vault, row: ChannelRow, settings: ChannelSettings) -> None:
    """Put settings into a row: masked where lists read them, and what that hides sealed.

    Args:
        vault: Seals.
        row: Has its id already.
        settings: All of them.
    """
    values: dict[str, Any] = msgspec.to_builtins(settings)
    types = {field.encode_name: field.type for field in msgspec.structs.fields(settings)}
    shown = {name: masked(types[name], value) for name, value in values.items()}
    secret = {name: value for name, value in values.items() if shown[name] != value}
    place = CHANNEL_SECRETS.of(CHANNEL_SECRETS.row(row))
    sealed = vault.seal(msgspec.json.encode(secret).decode(), **place) if secret else None
    row.update_from_dict({"settings": shown, "sealed": sealed})


def opened_settings(vault: Vault, row: ChannelRow) -> dict[str, Any]:
    """Return a row's settings as they were given, secrets included.

    Args:
        vault: Opens.
        row: As it was saved.

    Raises:
        VaultError: No key of the vault opens them.
    """
    values: dict[str, Any] = dict(row.settings)
    if row.sealed:
        place = CHANNEL_SECRETS.of(CHANNEL_SECRETS.row(row))
        values |= msgspec.json.decode(vault.open(row.sealed, **place))
    return values


def kept_settings(vault: Vault, row: ChannelRow, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row's settings for new ones to be laid over.

    Args:
        vault: Opens.
        row: As it was saved.
        given: The new ones.

    Raises:
        VaultError: No key of the vault opens a secret that is not given anew.
    """
    try:
        return opened_settings(vault, row)
    except VaultError:
        hidden = {name for name, value in row.settings.items() if HIDDEN in str(value)}
        if not hidden <= given.keys():
            raise
        return {name: value for name, value in row.settings.items() if name not in hidden}
