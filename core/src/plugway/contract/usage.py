"""What a call used, and what a unit of it costs."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from plugway.errors import BadRequest, ConfigurationError
from plugway.money import MAX_CREDITS, decimal

_ONE = Decimal(1)

#: Dimension value that a tariff row uses for "any".
ANY = "*"


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """States facts of a call; the tariff turns them into credits.

    A plugin reports usage and never money.

    Attributes:
        key: Tariff key, such as `runway` or `kling-video_kling-v1`.
        quantity: How many units, 0 or more.
        unit: What is counted: `call`, `second`, `image`, `token`, ….
        dimensions: Facts that a tariff row may match, such as `{"mode": "pro"}`.
        input_tokens: Counted for statistics.
        output_tokens: Counted for statistics.
        images: Counted for statistics.
        videos: Counted for statistics.
        estimated: The gateway counted, because the upstream did not say.

    Example:
        >>> Usage(key="kling-video_kling-v1", dimensions={"mode": "pro", "duration": "5"}).quantity
        Decimal('1')
    """

    key: str
    quantity: Decimal = _ONE
    unit: str = "call"
    dimensions: Mapping[str, str] = msgspec.field(default_factory=dict)
    input_tokens: int = 0
    output_tokens: int = 0
    images: int = 0
    videos: int = 0
    estimated: bool = False

    def __post_init__(self) -> None:
        if self.quantity is not _ONE:
            decimal(self.quantity, field="quantity")
        counts = (self.input_tokens, self.output_tokens, self.images, self.videos)
        if min(counts) < 0 or max(counts) > MAX_CREDITS:
            raise BadRequest("usage counts must not be negative", field="usage")


class TariffRow(msgspec.Struct, frozen=True, kw_only=True):
    """Prices one unit of one tariff key; exactly one of the three prices is given.

    Attributes:
        key: The `Usage.key` it prices.
        price: Currency units for one unit, a decimal string.
        credits: Credits for one unit, a decimal string.
        setting: Name of the channel setting that holds the credits for one unit,
            for prices that the operator sets per channel.
        unit: The `Usage.unit` it prices.
        dimensions: Each must equal the usage's, or be `*`. Of several matching rows
            the one with the most dimensions that are not `*` wins.

    Raises:
        ConfigurationError: None or several prices, or a price that is no number.

    Example:
        >>> row = TariffRow(key="kling-video_kling-v1", price="15", dimensions={"mode": "pro"})
        >>> row.unit
        'call'
    """

    key: str
    price: str | None = None
    credits: str | None = None
    setting: str | None = None
    unit: str = "call"
    dimensions: Mapping[str, str] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        given = [value for value in (self.price, self.credits, self.setting) if value is not None]
        if len(given) != 1:
            raise ConfigurationError(
                f"tariff row {self.key!r}: give exactly one of price, credits, setting"
            )
        if self.setting is None:
            try:
                decimal(given[0])
            except BadRequest as error:
                raise ConfigurationError(f"tariff row {self.key!r}: {error.message}") from None
