"""What an account has left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from plugway_kling.emulated.accounts import Account
from plugway_kling.emulated.behaviour import Behaviour
from plugway_kling.emulated.call import Call, Way, Ways
from plugway_kling.emulated.refusals import Refusal
from plugway_kling.emulated.rules import Field, examine, given, text, whole
from plugway_kling.emulated.tasks import milliseconds, plain

#: When the emulated resource pack was bought, and when it ends: 2026 and 2036.
_BOUGHT, _ENDS = 1_767_225_600_000, 2_082_758_400_000

_FAR = 10**15
_TIMES = (
    Field("start_time", whole(0, _FAR), needed=True),
    Field("end_time", whole(0, _FAR), needed=True),
)
_CURSOR = (Field("limit", whole(1, 500)), Field("cursor", text(256)))


class Billing:
    """Answers below /account, which has no version."""

    def __init__(self, behaviour: Behaviour, now: Callable[[], float]) -> None:
        """Prepare.

        Args:
            behaviour: Says how often costs may be asked for.
            now: Returns seconds since 1970.
        """
        self._behaviour = behaviour
        self._now = now
        self._asked: dict[str, float] = {}

    def ways(self) -> Ways:
        """Yield what it answers."""
        yield Way("GET", "/account/costs", self.costs)
        yield Way("POST", "/account/billing/balance", self.balance)
        yield Way("POST", "/account/billing/package", self.packages)

    def costs(self, call: Call) -> dict[str, Any]:
        """Tell of the resource packs: in an envelope within the envelope."""
        examine(call.query, _TIMES)
        now, name = self._now(), call.account.name
        if now - self._asked.get(name, float("-inf")) < self._behaviour.costs_interval:
            raise Refusal(1302)
        self._asked[name] = now
        wanted = call.query.get("resource_pack_name")
        packs = [_pack(call.account)]
        found = [pack for pack in packs if wanted in (None, "", pack["resource_pack_name"])]
        return {"code": 0, "msg": "success", "resource_pack_subscribe_infos": found}

    def balance(self, call: Call) -> dict[str, Any]:
        """Tell of the balance; the shape is not documented beyond its cursor."""
        examine(given(call.body()), _CURSOR)
        quota = {"quota": plain(call.account.units), "currency": "UNIT"}
        return {"items": [quota], "next_cursor": "", "update_time": milliseconds(self._now())}

    def packages(self, call: Call) -> dict[str, Any]:
        """Tell of the resource packs; the shape is not documented beyond its cursor."""
        examine(given(call.body()), _CURSOR)
        return {"items": [_pack(call.account)], "next_cursor": ""}


def _pack(account: Account) -> dict[str, Any]:
    return {
        "resource_pack_name": f"Emulated pack of {account.name}",
        "resource_pack_id": f"pack-{account.name}",
        "resource_pack_type": "decreasing_total",
        "total_quantity": 1_000_000.0,
        "remaining_quantity": float(account.units),
        "purchase_time": _BOUGHT,
        "effective_time": _BOUGHT,
        "invalid_time": _ENDS,
        "status": "online",
    }
