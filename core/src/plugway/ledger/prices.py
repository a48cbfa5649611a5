"""Prices in force: the plugins' defaults and the operator's edits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from plugway.contract import TariffRow
from plugway.errors import BadRequest, ConfigurationError, NotFound
from plugway.ledger.tariff import Tariff
from plugway.storage.models import Price

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.storage.database import Database


class Prices:
    """Keeps the tariff in force, and follows the operator's edits."""

    def __init__(
        self,
        database: Database,
        defaults: Mapping[str, Iterable[TariffRow]],
        credits_per_unit: int,
    ) -> None:
        """Start with the plugins' rows.

        Args:
            database: Where the edits are.
            defaults: By provider.
            credits_per_unit: Credits in one currency unit.
        """
        self._database = database
        self._defaults = {provider: tuple(rows) for provider, rows in defaults.items()}
        self._credits_per_unit = credits_per_unit
        self._tariff = Tariff(self._defaults, credits_per_unit)

    @property
    def defaults(self) -> Mapping[str, tuple[TariffRow, ...]]:
        """Return the plugins' rows, by provider."""
        return self._defaults

    def tariff(self) -> Tariff:
        """Return the tariff in force."""
        return self._tariff

    async def load(self) -> None:
        """Read the operator's edits anew."""
        edits = await self._database.run(Price.all)
        rows = {provider: list(own) for provider, own in self._defaults.items()}
        for edit in edits:
            rows.setdefault(edit.provider, []).append(row_of(edit))
        self._tariff = Tariff(rows, self._credits_per_unit)


def row_of(price: Price) -> TariffRow:
    """Build the tariff row of an edit."""
    return TariffRow(
        key=price.tariff_key,
        unit=price.unit,
        price=price.price,
        credits=price.credits,
        dimensions=dict(parse_qsl(price.dimensions)),
    )


async def put(database: Database, provider: str, row: TariffRow, clock: Clock) -> None:
    """Set a price, replacing an earlier edit of the same key, unit and dimensions.

    Args:
        database: Where to.
        provider: Whose tariff.
        row: Priced in `price` or `credits`: a setting is the channel's affair.
        clock: The time.

    Raises:
        BadRequest: It is priced by a setting, or too long to be stored.
    """
    if row.setting is not None:
        raise BadRequest("setting: only a plugin can price by a channel setting", field="setting")
    if not row.key or len(row.key) > 128 or not row.unit or len(row.unit) > 32:
        raise BadRequest("key and unit must have 1 to 128 and 1 to 32 characters", field="key")
    place = _place(provider, row.key, row.unit, row.dimensions)

    async def work() -> None:
        await Price.filter(**place).delete()
        price = Price(price=row.price, credits=row.credits, updated_at=clock.now(), **place)
        await price.save()

    await database.transact(work)


async def remove(
    database: Database, provider: str, key: str, unit: str, dimensions: Mapping[str, str]
) -> None:
    """Take an edit back; the plugin's default counts again.

    Raises:
        NotFound: There is no such edit.
    """
    place = _place(provider, key, unit, dimensions)

    async def work() -> None:
        if not await Price.filter(**place).delete():
            raise NotFound("no edited price of this key, unit and dimensions", field="key")

    await database.transact(work)


def tariff_row(
    key: str, unit: str, price: str | None, credits_: str | None, dimensions: Mapping[str, str]
) -> TariffRow:
    """Build a row from an operator's input.

    Raises:
        BadRequest: None or both of the prices, or one that is no number.
    """
    try:
        return TariffRow(key=key, unit=unit, price=price, credits=credits_, dimensions=dimensions)
    except ConfigurationError as error:
        raise BadRequest(error.message, field="price") from None


def _place(provider: str, key: str, unit: str, dimensions: Mapping[str, str]) -> dict[str, str]:
    text = urlencode(sorted(dimensions.items()))
    if len(text) > 255:
        raise BadRequest("dimensions are too long", field="dimensions")
    return {"provider": provider, "tariff_key": key, "unit": unit, "dimensions": text}
