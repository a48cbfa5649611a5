"""What the demo's gateway needs: channels to the emulators, a user with credits, keys."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from plugway.cli.client import ApiError
from plugway.identity.keys import mask

if TYPE_CHECKING:
    from plugway.cli.client import Client
    from plugway.contract import Emulator

#: The demo's user, and the name of its channels and keys.
NAME = "demo"

#: Credits that the user has at the beginning of a run, at least.
CREDITS = 1_000_000_000


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Is what a client needs to try the demo.

    Attributes:
        url: Where the gateway serves.
        key: The user's key.
        admin_key: An administrator's key.
        access_key: Of the user's pair, for clients that sign JWTs.
        secret_key: Of the same pair.
    """

    url: str
    key: str
    admin_key: str
    access_key: str
    secret_key: str

    def write(self, file: Path) -> None:
        """Write it as shell variables, for the file's owner only, all at once."""
        lines = "".join(
            f"PLUGWAY_{name.upper()}={value}\n"
            for name, value in msgspec.structs.asdict(self).items()
        )
        fresh = file.with_name(f".{file.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(lines)
        fresh.replace(file)

    @staticmethod
    def file(home: Path) -> Path:
        """Return where the demo keeps it between runs."""
        return home / "demo.env"


def prepare(
    client: Client,
    home: Path,
    url: str,
    emulators: Mapping[str, Emulator],
    addresses: Mapping[str, str],
) -> Access:
    """Make or update all that the tour needs; a second run keeps keys and history.

    Args:
        client: Of the demo's gateway.
        home: Its home directory.
        url: Where it serves.
        emulators: By provider.
        addresses: Where each listens.
    """
    for provider, emulator in emulators.items():
        _channel(client, provider, emulator, addresses[provider])
    names = {user["name"]: user for user in client.items("users")}
    if NAME not in names:
        names[NAME] = client.post("users", body={"name": NAME})
    available = names[NAME]["balance"] - names[NAME]["held"]
    if available < CREDITS:
        body = {"credits": CREDITS - available, "reason": "demo"}
        client.post("users", NAME, "credit", body=body)
    administrator = next(
        user["name"] for user in names.values() if user["role"] == "admin" and user["enabled"]
    )
    kept = _kept(Access.file(home))
    key = _key(client, NAME, NAME, kept.get("PLUGWAY_KEY"))
    admin = _key(client, administrator, NAME, kept.get("PLUGWAY_ADMIN_KEY"))
    # Half a pair is of no use.
    half = kept.get("PLUGWAY_ACCESS_KEY") if kept.get("PLUGWAY_SECRET_KEY") else None
    pair = _key(client, NAME, "pair", half, pair=True)
    access = Access(
        url=url,
        key=key["key"],
        admin_key=admin["key"],
        access_key=pair["key"],
        secret_key=pair.get("secret_key") or kept.get("PLUGWAY_SECRET_KEY", ""),
    )
    access.write(Access.file(home))
    return access


def _channel(client: Client, provider: str, emulator: Emulator, address: str) -> None:
    name = f"{NAME}-{provider}"
    body: dict[str, Any] = {
        "base_url": address,
        "models": list(emulator.models),
        "settings": dict(emulator.settings),
        "enabled": True,
    }
    secrets = [] if emulator.secret is None else [emulator.secret]
    try:
        client.patch("channels", name, body=body)
    except ApiError as error:
        if error.status != 404:
            raise
        new = {**body, "provider": provider, "name": name, "secrets": secrets}
        client.post("channels", body=new)
        return
    for secret in secrets:
        try:
            client.post("credentials", body={"channel": name, "secret": secret})
        except ApiError as error:
            if error.status != 409:
                raise
    for credential in client.items("credentials", channel=name):
        if credential["state"] != "ready":
            client.post("credentials", credential["id"], "enable")


def _key(
    client: Client, user: str, name: str, kept: str | None, *, pair: bool = False
) -> dict[str, str]:
    """Return a key of the last run if it still is one, else a new one."""
    for found in client.items("keys", user=user):
        if found["name"] == name:
            if kept is not None and found["masked"] == mask(kept) and found["enabled"]:
                return {"key": kept}
            client.delete("keys", found["id"])
    made = client.post("keys", body={"user": user, "name": name, "pair": pair})
    return {"key": made["access_key"], "secret_key": made["secret_key"]} if pair else made


def _kept(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    return dict(line.split("=", 1) for line in lines if "=" in line)
