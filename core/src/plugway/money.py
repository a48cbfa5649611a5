"""Integer credits, and the one place where a price becomes credits."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from plugway.errors import BadRequest

#: Credits in one currency unit, unless the settings say otherwise.
CREDITS_PER_UNIT = 500_000

#: The most credits one amount may hold: well inside a signed 64-bit integer, so
#: that sums of many such amounts still are.
MAX_CREDITS = 2**53


def decimal(text: str | int | Decimal, *, field: str = "price") -> Decimal:
    """Read an exact, finite, non-negative decimal.

    Args:
        text: Digits with an optional point; floats are refused by type.
        field: Named in the error.

    Returns:
        The value.

    Raises:
        BadRequest: It is not a number, not finite, negative, or absurdly long.

    Example:
        >>> decimal("0.35")
        Decimal('0.35')
    """
    if isinstance(text, bool) or not isinstance(text, str | int | Decimal) or len(str(text)) > 40:
        raise BadRequest(f"{field} must be a decimal number", field=field)
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise BadRequest(f"{field} must be a decimal number", field=field) from None
    if not value.is_finite() or value < 0 or value > MAX_CREDITS or value.as_tuple().exponent < -18:  # type: ignore[operator]  # finite: exponent is an int
        raise BadRequest(f"{field} must be a finite number from 0 to {MAX_CREDITS}", field=field)
    return value


def round_credits(value: Decimal, *, field: str = "quantity") -> int:
    """Round an exact amount of credits once, half up.

    Args:
        value: Credits, not yet rounded.
        field: Named in the error: what made the amount too large.

    Returns:
        Whole credits, from 0 to `MAX_CREDITS`.

    Raises:
        BadRequest: The amount is out of range.

    Example:
        >>> round_credits(Decimal("2.5"))
        3
    """
    if not value.is_finite() or value < 0 or value > MAX_CREDITS:
        raise BadRequest(f"{field} is out of range", field=field)
    whole = int(value)
    if whole == value:
        return whole
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))
