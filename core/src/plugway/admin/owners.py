"""Names where the database has ids; for use inside `database.run`."""

from __future__ import annotations

from collections.abc import Iterable

from plugway.errors import BadRequest
from plugway.storage.models import Account, ChannelRow, Key, User


async def owner_names(ids: Iterable[int]) -> dict[int, tuple[str, str | None]]:
    """Return the owners of accounts: a user's name, and a key's if it is a key's quota.

    Args:
        ids: Accounts.

    Returns:
        By account. Of a key that has been deleted only `key:<id>` is known.
    """
    wanted = set(ids)
    found: dict[int, tuple[str, str | None]] = {}
    if not wanted:
        return found
    users = User.filter(account_id__in=wanted).values_list("account_id", "name")
    found.update({account_id: (name, None) for account_id, name in await users})
    if wanted == found.keys():
        return found
    rest = Account.filter(id__in=wanted - found.keys()).values_list("id", "owner")
    found.update({account_id: ("", owner) for account_id, owner in await rest})
    keys = await Key.filter(account_id__in=wanted).values_list("account_id", "user_id", "name")
    names = await user_names(user_id for _, user_id, _ in keys)
    found.update({account_id: (names.get(user, ""), name) for account_id, user, name in keys})
    return found


async def user_names(ids: Iterable[int]) -> dict[int, str]:
    """Return the names of users by id."""
    wanted = set(ids)
    return dict(await User.filter(id__in=wanted).values_list("id", "name")) if wanted else {}


async def key_names(ids: Iterable[int | None]) -> dict[int, str]:
    """Return the names of keys by id; those of deleted keys are gone."""
    wanted = set(ids) - {None}
    return dict(await Key.filter(id__in=wanted).values_list("id", "name")) if wanted else {}


async def channel_names(ids: Iterable[int | None]) -> dict[int, str]:
    """Return the names of channels by id; those of deleted channels are gone."""
    wanted = set(ids) - {None}
    if not wanted:
        return {}
    return dict(await ChannelRow.filter(id__in=wanted).values_list("id", "name"))


async def user_row(name: str) -> User:
    """Return the user that a filter names.

    Raises:
        BadRequest: There is none.
    """
    row = await User.get_or_none(name=name)
    if row is None or row.name != name:
        raise BadRequest(f"user: no user named {name[:64]}", field="user")
    return row


async def channel_row(name: str) -> ChannelRow:
    """Return the channel that a filter names.

    Raises:
        BadRequest: There is none.
    """
    row = await ChannelRow.get_or_none(name=name)
    if row is None:
        raise BadRequest(f"channel: no channel named {name[:64]}", field="channel")
    return row


async def key_row(text: str, user: User | None = None) -> Key:
    """Return the key that a filter names.

    Args:
        text: Its id or, where it is known whose it is, its name.
        user: Whose.

    Raises:
        BadRequest: There is none.
    """
    row = None
    if user is not None:
        row = await Key.get_or_none(user_id=user.id, name=text)
    if row is None and text.isascii() and text.isdecimal() and len(text) < 19:
        row = await Key.get_or_none(id=int(text))
    if row is None or (user is not None and row.user_id != user.id):
        whose = "give its id, or say whose with user" if user is None else f"not of {user.name}"
        raise BadRequest(f"key: no key {text[:64]}: {whose}", field="key")
    return row


async def account_of(user: str | None, key: str | None) -> int | None:
    """Return the account that filters name: a user's, or that of a key's own quota.

    Args:
        user: A user's name.
        key: A key's id or, with a user, its name.

    Returns:
        None: they name none.

    Raises:
        BadRequest: There is no such account; which input is at fault is named.
    """
    owner = None if user is None else await user_row(user)
    if key is None:
        return None if owner is None else int(owner.account_id)
    quota = (await key_row(key, owner)).account_id
    if quota is None:
        raise BadRequest(f"key: {key[:64]} has no quota of its own", field="key")
    return int(quota)
