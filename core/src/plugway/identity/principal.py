"""Who is calling."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import Literal

import msgspec

Role = Literal["admin", "operator", "user"]

#: Higher may do all that lower may.
RANK: dict[Role, int] = {"user": 0, "operator": 1, "admin": 2}


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Is the caller, as the snapshot knows it.

    Attributes:
        user_id: The user.
        user: The user's name.
        role: The user's role.
        group: The user's group.
        account_id: The user's account.
        key_id: The key presented; None: the operator's own command line, or nobody asked for one.
        key_name: Its name.
        key_account_id: Account of the key's own quota.
        models: Models the key and the group allow together; None: all.
        networks: Addresses the key may be used from; None: all.
        rates: Rate limits: the name under which calls count, and the rate.
        expires_at: Microseconds since 1970.
    """

    user_id: int
    user: str
    role: Role
    group: str | None
    account_id: int
    key_id: int | None = None
    key_name: str = ""
    key_account_id: int | None = None
    models: frozenset[str] | None = None
    networks: tuple[IPv4Network | IPv6Network, ...] | None = None
    rates: tuple[tuple[str, str], ...] = ()
    expires_at: int | None = None
