"""What calls take that are answered at once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from plugway_kling.emulated.accounts import Account
from plugway_kling.emulated.refusals import Refusal


def take(account: Account, units: str) -> dict[str, Any]:
    """Take units of an account, and return what the answer says of it.

    Args:
        account: Whose.
        units: How many.

    Raises:
        Refusal: The account is in trouble, or has no units.
    """
    if account.trouble is not None:
        raise Refusal(account.trouble)
    if account.units <= 0:
        raise Refusal(1102)
    account.units -= Decimal(units)
    return {
        "final_unit_deduction": units,
        "final_balance_deduction": {"quota": units, "list_price": units},
    }
