"""The default prices: what Google publishes for its own API; PRICES.md says where.

Models come and go on the page. One without a price of its own has that of its family, so that
none is free and none must be refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from plugway import TariffRow

_MILLION = Decimal(1_000_000)

#: Family of the models that belong to no other.
OTHER = "aistudio-other"

#: Currency units for a million tokens of the request, and of the answer, by family.
TOKENS: Mapping[str, tuple[str, str]] = {
    "aistudio-flash-lite": ("0.25", "1.50"),
    "aistudio-flash": ("0.50", "3.00"),
    "aistudio-pro": ("2.00", "12.00"),
    "aistudio-gemma": ("0.10", "0.40"),
    OTHER: ("2.00", "12.00"),
}

#: For one image of 1024 pixels.
IMAGE = "0.067"

#: What a name holds, in the order in which it is looked for, and the family that means.
_FAMILIES = {
    "gemma": "aistudio-gemma",
    "flash-lite": "aistudio-flash-lite",
    "flash": "aistudio-flash",
    "nano": "aistudio-flash",
    "pro": "aistudio-pro",
}


def family(model: str) -> str:
    """Return the key of the prices of a model.

    Args:
        model: Its id.

    Example:
        >>> family("gemini-2.5-flash-lite"), family("learnlm-3")
        ('aistudio-flash-lite', 'aistudio-other')
    """
    return next((key for part, key in _FAMILIES.items() if part in model), OTHER)


def rows() -> Iterator[TariffRow]:
    """Yield the default prices."""
    for key, (asked, answered) in TOKENS.items():
        yield TariffRow(key=key, unit="input_token", price=str(Decimal(asked) / _MILLION))
        yield TariffRow(key=key, unit="output_token", price=str(Decimal(answered) / _MILLION))
        yield TariffRow(key=key, unit="image", price=IMAGE)
