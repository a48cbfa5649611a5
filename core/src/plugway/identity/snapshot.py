"""The keys that let someone in, as one process remembers them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from plugway.errors import BadRequest
from plugway.identity.address import parse_network
from plugway.identity.limits import parse_rate
from plugway.identity.principal import Principal
from plugway.identity.rules import check_role
from plugway.storage.models import Group, Key, User

log = logging.getLogger(__name__)

_PAGE = 1000

_KEY_COLUMNS = (
    "id",
    "user_id",
    "name",
    "kind",
    "digest",
    "sealed",
    "expires_at",
    "models",
    "networks",
    "rate",
    "account_id",
)


class Pair(NamedTuple):
    """Is an access key's principal, and its secret key, still sealed."""

    principal: Principal
    sealed: str


class Snapshot(NamedTuple):
    """Holds all keys that are enabled and whose users are, by their digests.

    Attributes:
        keys: Whom each key lets in.
        pairs: Each access key, with the secret key that belongs to it.
        keyless: Who gets in without one.
        keyless_fault: Why nobody does although the settings name somebody.
    """

    keys: Mapping[str, Principal] = MappingProxyType({})
    pairs: Mapping[str, Pair] = MappingProxyType({})
    keyless: Principal | None = None
    keyless_fault: str = ""


async def read_snapshot(keyless_user: str = "") -> Snapshot:
    """Read the keys anew, inside `database.run`.

    A row that is not usable, say because somebody edited the table, is left out and
    logged: one bad row shuts out one key.

    Args:
        keyless_user: Name of the user who gets in without a key; empty: nobody.
    """
    groups = {group.id: group for group in await Group.all()}
    users = {user.id: user for user in await User.filter(enabled=True)}
    keys: dict[str, Principal] = {}
    pairs: dict[str, Pair] = {}
    async for row in _enabled_keys():
        user = users.get(row["user_id"])
        if user is None:
            continue
        try:
            principal = _principal(row, user, groups)
        except (BadRequest, KeyError, TypeError, ValueError) as error:
            log.error("key %s is left out: %s", row["id"], type(error).__name__)
            continue
        if row["kind"] == "pair":
            pairs[row["digest"]] = Pair(principal, row["sealed"])
        else:
            keys[row["digest"]] = principal
    keyless, fault = None, ""
    if keyless_user:
        try:
            keyless = _keyless(keyless_user, users.values(), groups)
        except (BadRequest, KeyError, TypeError, ValueError) as error:
            fault = error.message if isinstance(error, BadRequest) else type(error).__name__
    return Snapshot(MappingProxyType(keys), MappingProxyType(pairs), keyless, fault)


def _keyless(name: str, users: Iterable[User], groups: Mapping[int, Group]) -> Principal:
    user = next((user for user in users if user.name == name), None)
    if user is None:
        raise BadRequest(f"there is no enabled user named {name}")
    if user.role != "user":
        raise BadRequest(f"{name} has the role {user.role}, and only the role user will do")
    no_key: dict[str, Any] = dict.fromkeys(_KEY_COLUMNS)
    return _principal({**no_key, "name": ""}, user, groups)


async def _enabled_keys() -> AsyncIterator[dict[str, Any]]:
    """Read in pages, so that a hundred thousand keys do not hold up the calls meanwhile."""
    after = 0
    while True:
        query = Key.filter(enabled=True, id__gt=after).order_by("id").limit(_PAGE)
        rows = await query.values(*_KEY_COLUMNS)
        for row in rows:
            yield row
        if len(rows) < _PAGE:
            return
        after = rows[-1]["id"]


def _principal(row: Mapping[str, Any], user: User, groups: Mapping[int, Group]) -> Principal:
    group = None if user.group_id is None else groups[user.group_id]
    rates = []
    if row["rate"] is not None:
        rates.append((f"key:{row['id']}", row["rate"]))
    if group is not None and group.rate is not None:
        rates.append((f"user:{user.id}", group.rate))
    for _, rate in rates:
        parse_rate(rate)
    networks = row["networks"]
    return Principal(
        user_id=user.id,
        user=user.name,
        role=check_role(user.role),
        group=None if group is None else group.name,
        account_id=user.account_id,
        key_id=row["id"],
        key_name=row["name"],
        key_account_id=row["account_id"],
        models=_both(row["models"], None if group is None else group.models),
        networks=None if networks is None else tuple(parse_network(text) for text in networks),
        rates=tuple(rates),
        expires_at=row["expires_at"],
    )


def _both(mine: list[str] | None, group: list[str] | None) -> frozenset[str] | None:
    if mine is None or group is None:
        either = group if mine is None else mine
        return None if either is None else frozenset(either)
    return frozenset(mine) & frozenset(group)
