"""What names, roles, model lists, networks, rates and times of expiry may be."""

from __future__ import annotations

from collections.abc import Collection
from typing import get_args

from plugway.errors import BadRequest
from plugway.identity.address import parse_network
from plugway.identity.limits import parse_rate
from plugway.identity.presented import is_presentable
from plugway.identity.principal import Role
from plugway.money import MAX_CREDITS

MAX_NAME = 64
MAX_MODEL = 128
MAX_ITEMS = 1000

#: The end of the year 9999, in microseconds since 1970.
_LAST_TIME = 253_402_300_799_999_999


def check_name(name: str, field: str = "name") -> str:
    """Return a name if it is 1 to 64 printable characters.

    Raises:
        BadRequest: It is not.
    """
    if (
        not 1 <= len(name) <= MAX_NAME
        or not name.isprintable()
        or "/" in name
        or "\\" in name
        or name != name.strip()
    ):
        raise BadRequest(
            f"{field} must be 1 to {MAX_NAME} printable characters without '/', "
            "without '\\' and without spaces around it",
            field=field,
        )
    return name


def check_secret(secret: str, field: str = "secret") -> str:
    """Return a key that the operator had before, if clients can present it; it is not repeated.

    Raises:
        BadRequest: It is too short or too long, or has characters that no key may have.
    """
    if not is_presentable(secret):
        raise BadRequest(
            f"{field} must be 8 to 256 printable characters of ASCII without spaces and without "
            "quotes, commas, semicolons and backslashes",
            field=field,
        )
    return secret


def check_role(role: str) -> Role:
    """Return a role if there is one of that name.

    Raises:
        BadRequest: There is none.
    """
    for known in get_args(Role):
        if role == known:
            return known  # type: ignore[no-any-return]  # get_args gives the literals
    raise BadRequest(f"role must be one of {', '.join(get_args(Role))}", field="role")


def check_models(models: Collection[str] | None) -> list[str] | None:
    """Return model names, sorted; None allows all.

    Raises:
        BadRequest: The list is empty, too long, or a name is not acceptable.
    """
    if models is None:
        return None
    _check_size(models, "models")
    for model in models:
        if not 1 <= len(model) <= MAX_MODEL or not model.isprintable() or model != model.strip():
            raise BadRequest(
                f"models must be 1 to {MAX_MODEL} printable characters each", field="models"
            )
    return sorted(set(models))


def check_networks(networks: Collection[str] | None) -> list[str] | None:
    """Return addresses and networks in their canonical form; None allows all.

    Raises:
        BadRequest: The list is empty, too long, or one is neither.
    """
    if networks is None:
        return None
    _check_size(networks, "networks")
    found = []
    for text in networks:
        try:
            found.append(str(parse_network(text.strip())))
        except ValueError as error:
            raise BadRequest(
                f"networks must be addresses or networks such as 192.0.2.0/24: {error}",
                field="networks",
            ) from None
    return sorted(set(found))


def check_rate(rate: str | None) -> str | None:
    """Return a rate such as `60/minute`; None sets no limit.

    Raises:
        BadRequest: It is none.
    """
    if rate is None:
        return None
    try:
        parse_rate(rate)
    except ValueError:
        raise BadRequest(
            "rate must be such as 60/minute or 5/second;1000/day", field="rate"
        ) from None
    return rate


def check_expiry(expires_at: int | None, now: int) -> int | None:
    """Return a time to come, in microseconds since 1970; None is never.

    Raises:
        BadRequest: It has passed already, or lies beyond the year 9999.
    """
    if expires_at is not None and not now < expires_at <= _LAST_TIME:
        raise BadRequest("expires_at must be in the future", field="expires_at")
    return expires_at


def check_quota(quota: int | None) -> int | None:
    """Return credits of a key's own quota; None sets none.

    Raises:
        BadRequest: It is negative or absurdly large.
    """
    if quota is not None and not 0 <= quota <= MAX_CREDITS:
        raise BadRequest(f"quota must be from 0 to {MAX_CREDITS} credits", field="quota")
    return quota


def _check_size(items: Collection[str], field: str) -> None:
    # Text is a collection of texts too, to Python and to its type checker.
    if isinstance(items, str) or not 1 <= len(items) <= MAX_ITEMS:
        raise BadRequest(
            f"{field} must be a list of 1 to {MAX_ITEMS}; leave it out to allow all", field=field
        )
