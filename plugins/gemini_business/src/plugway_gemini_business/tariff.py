"""The default prices: what Google publishes for its own API; PRICES.md says where.

A model of the operator's that names no tariff key and has no price of its own is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from plugway import TariffRow

_MILLION = Decimal(1_000_000)

#: Currency units for a million tokens of the request, and of the answer.
TOKENS: Mapping[str, tuple[str, str]] = {
    "gemini-2.5-flash": ("0.30", "2.50"),
    "gemini-2.5-pro": ("1.25", "10.00"),
    "gemini-3-flash-preview": ("0.50", "3.00"),
    "gemini-3-flash": ("0.50", "3.00"),
    "gemini-3-pro-preview": ("2.00", "12.00"),
    "gemini-3-pro": ("2.00", "12.00"),
    "gemini-3.1-pro-preview": ("2.00", "12.00"),
    # Whichever the upstream chooses, it costs no more than the dearest.
    "gemini-auto": ("2.00", "12.00"),
    "gemini-imagen": ("0.50", "3.00"),
    "gemini-veo": ("0.50", "3.00"),
}

#: For one image of 1024 pixels, and for one video of 8 seconds in 1080p with sound.
IMAGE = "0.067"
VIDEO = "0.64"


def rows() -> Iterator[TariffRow]:
    """Yield the default prices."""
    for key, (asked, answered) in TOKENS.items():
        yield TariffRow(key=key, unit="input_token", price=str(Decimal(asked) / _MILLION))
        yield TariffRow(key=key, unit="output_token", price=str(Decimal(answered) / _MILLION))
        yield TariffRow(key=key, unit="image", price=IMAGE)
        yield TariffRow(key=key, unit="video", price=VIDEO)
