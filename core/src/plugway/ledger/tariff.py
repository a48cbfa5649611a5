"""Price rows; a quote is a tariff applied to usage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from plugway.contract import ANY, TariffRow, Usage
from plugway.errors import NoPrice
from plugway.money import MAX_CREDITS, decimal, round_credits

if TYPE_CHECKING:
    from plugway.contract import ChannelSettings


class QuoteLine(msgspec.Struct, frozen=True):
    """Shows how one usage was priced.

    Attributes:
        usage: The usage.
        row: The tariff row that matched.
        credits: Exact, not rounded; a decimal string.
    """

    usage: Usage
    row: TariffRow
    credits: str


class Quote(msgspec.Struct, frozen=True):
    """Says what usage costs.

    Attributes:
        credits: Whole credits: the sum of the lines, rounded once.
        lines: How it came about; kept with the hold.
    """

    credits: int
    lines: tuple[QuoteLine, ...]


class Tariff:
    """Prices usage by the rows of one gateway.

    Example:
        >>> rows = [TariffRow(key="video", price="15", dimensions={"mode": "pro"})]
        >>> tariff = Tariff({"kling": rows})
        >>> tariff.quote("kling", [Usage(key="video", dimensions={"mode": "pro"})]).credits
        7500000
    """

    def __init__(
        self, rows: Mapping[str, Iterable[TariffRow]], credits_per_unit: int = 500_000
    ) -> None:
        """Index the rows.

        Args:
            rows: By provider; of rows alike in key, unit and dimensions the last one wins,
                so the operator's come after the plugin's.
            credits_per_unit: Credits in one currency unit.
        """
        self._credits_per_unit = credits_per_unit
        found: dict[tuple[str, str, str], dict[frozenset[tuple[str, str]], TariffRow]] = {}
        for provider, its_rows in rows.items():
            for row in its_rows:
                exact = frozenset(pair for pair in row.dimensions.items() if pair[1] != ANY)
                found.setdefault((provider, row.key, row.unit), {})[exact] = row
        self._rows = {
            key: sorted(by_dimensions.items(), key=lambda item: -len(item[0]))
            for key, by_dimensions in found.items()
        }

    def rows(self) -> Iterable[tuple[str, TariffRow]]:
        """Yield every row in force with its provider."""
        for (provider, _, _), rows in self._rows.items():
            for _, row in rows:
                yield provider, row

    def quote(
        self, provider: str, usages: Sequence[Usage], settings: ChannelSettings | None = None
    ) -> Quote:
        """Price usage.

        Args:
            provider: Whose rows apply.
            usages: What is used; at least one.
            settings: The channel's, for rows priced by a setting.

        Returns:
            The quote, rounded once over all lines.

        Raises:
            NoPrice: No row matches: refused, never free.
            BadRequest: The amount is beyond what the ledger can hold.
        """
        total = Decimal(0)
        lines = []
        for usage in usages:
            row = self._match(provider, usage)
            exact = self._unit_credits(row, settings) * usage.quantity
            total += exact
            lines.append(QuoteLine(usage, row, str(exact)))
        if not lines:
            raise NoPrice
        return Quote(round_credits(total), tuple(lines))

    def _match(self, provider: str, usage: Usage) -> TariffRow:
        stated = usage.dimensions.items()
        for exact, row in self._rows.get((provider, usage.key, usage.unit), ()):
            if exact <= stated:
                return row
        described = "".join(f", {name} {value}" for name, value in sorted(stated))
        raise NoPrice(f"no price for {usage.key} per {usage.unit}{described}")

    def _unit_credits(self, row: TariffRow, settings: ChannelSettings | None) -> Decimal:
        if row.credits is not None:
            return Decimal(row.credits)
        if row.price is not None:
            return Decimal(row.price) * self._credits_per_unit
        value = getattr(settings, row.setting or "", None)
        if type(value) is int and 0 <= value <= MAX_CREDITS:
            return Decimal(value)
        if value is None:
            raise NoPrice(f"no price for {row.key}: the channel has no setting {row.setting}")
        return decimal(value, field=row.setting or "price")
