"""Prices over HTTP: those in force, with the plugins' defaults beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated
from urllib.parse import parse_qsl, urlencode

import msgspec

from plugway.admin.pages import Limit, Page, Text, page
from plugway.admin.route import Route
from plugway.contract import ANY
from plugway.errors import BadRequest
from plugway.ledger import prices as store

if TYPE_CHECKING:
    from plugway.admin.ask import Ask
    from plugway.contract import TariffRow
    from plugway.gateway import Gateway

Dimensions = Annotated[dict[str, str], msgspec.Meta(max_length=16)]
Place = Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """Is what one unit costs; one of the three is not null.

    Attributes:
        price: Currency units, a decimal string.
        credits: Credits, a decimal string.
        setting: Name of the channel setting that holds the credits.
    """

    price: str | None
    credits: str | None
    setting: str | None


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """Is a tariff row in force.

    Attributes:
        provider: Whose.
        key: What is priced.
        unit: What is counted.
        dimensions: Facts of a call that must be so.
        price: Currency units for one unit, a decimal string.
        credits: Credits for one unit, a decimal string.
        setting: Name of the channel setting that holds the credits.
        edited: Whether the operator set it.
        default: What the plugin says; null: nothing.
    """

    provider: str
    key: str
    unit: str
    dimensions: dict[str, str]
    price: str | None
    credits: str | None
    setting: str | None
    edited: bool
    default: Rate | None


class NewPrice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is a price to be set; either `price` or `credits` is given.

    Attributes:
        provider: Whose.
        key: What is priced.
        unit: What is counted.
        dimensions: Facts of a call that must be so; `*` is any.
        price: Currency units for one unit, a decimal string.
        credits: Credits for one unit, a decimal string.
    """

    provider: str
    key: str
    unit: str = "call"
    dimensions: Dimensions = {}
    price: str | None = None
    credits: str | None = None


class PriceQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses prices.

    Attributes:
        provider: Only this provider's.
        key: Only of this key.
        limit: Items at the most.
        after: The `next` of the page before.
    """

    provider: Text | None = None
    key: Text | None = None
    limit: Limit = 100
    after: Place | None = None


class PricePlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names an edited price.

    Attributes:
        provider: Whose.
        key: What is priced.
        unit: What is counted.
        dimensions: As `name=value&name=value`.
    """

    provider: Text
    key: Text
    unit: Text = "call"
    dimensions: Annotated[str, msgspec.Meta(max_length=255)] = ""


def routes() -> list[Route]:
    """Return the routes."""
    place = "/api/admin/prices"
    return [
        Route(f"GET {place}", listed, "List prices in force", PriceQuery, Page[Price]),
        Route(f"PUT {place}", put, "Set a price", NewPrice, Price),
        Route(f"DELETE {place}", remove, "Go back to the plugin's price", PricePlace),
    ]


async def listed(ask: Ask, query: PriceQuery) -> Page[Price]:
    """List prices by provider, key, unit and dimensions."""
    found = {
        place: one
        for place, one in _in_force(ask.gateway).items()
        if query.provider in (None, one.provider)
        and query.key in (None, one.key)
        and (query.after is None or place > query.after)
    }
    places = sorted(found)
    return page([found[place] for place in places], query.limit, places)


async def put(ask: Ask, new: NewPrice) -> Price:
    """Set a price, over the plugin's or where there is none."""
    gateway = ask.gateway
    if new.provider not in gateway.registry.providers:
        names = ", ".join(sorted(gateway.registry.providers)) or "none"
        raise BadRequest(
            f"provider: no plugin serves {new.provider[:64]!r}; there are: {names}",
            field="provider",
        )
    row = store.tariff_row(new.key, new.unit, new.price, new.credits, new.dimensions)
    await ask.change(
        "price.set",
        f"{new.provider}/{new.key}",
        lambda: store.put(gateway.database, new.provider, row, gateway.clock),
        msgspec.to_builtins(new),
    )
    return _shown(new.provider, row, _default(gateway, new.provider, row), edited=True)


async def remove(ask: Ask, place: PricePlace) -> None:
    """Take an edit back; the plugin's price counts again."""
    try:
        dimensions = dict(parse_qsl(place.dimensions, strict_parsing=bool(place.dimensions)))
    except ValueError:
        raise BadRequest("dimensions: name=value&name=value", field="dimensions") from None
    await ask.change(
        "price.unset",
        f"{place.provider}/{place.key}",
        lambda: store.remove(
            ask.gateway.database, place.provider, place.key, place.unit, dimensions
        ),
        msgspec.to_builtins(place),
    )


def _in_force(gateway: Gateway) -> dict[str, Price]:
    found = {}
    for provider, row in gateway.prices.tariff().rows():
        default = _default(gateway, provider, row)
        # A row that is in force as the plugin gave it is the same object.
        shown = _shown(provider, row, default, edited=row is not default)
        found[_place(provider, row)] = shown
    return found


def _default(gateway: Gateway, provider: str, row: TariffRow) -> TariffRow | None:
    """Return the plugin's row that a row stands for; of several the last one counts."""
    place = _place(provider, row)
    rows = reversed(gateway.prices.defaults.get(provider, ()))
    return next((one for one in rows if _place(provider, one) == place), None)


def _place(provider: str, row: TariffRow) -> str:
    return urlencode([("", provider), ("", row.key), ("", row.unit), *_exact(row.dimensions)])


def _exact(dimensions: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted(pair for pair in dimensions.items() if pair[1] != ANY)


def _shown(provider: str, row: TariffRow, default: TariffRow | None, *, edited: bool) -> Price:
    return Price(
        provider=provider,
        key=row.key,
        unit=row.unit,
        dimensions=dict(row.dimensions),
        price=row.price,
        credits=row.credits,
        setting=row.setting,
        edited=edited,
        default=_rate(default),
    )


def _rate(row: TariffRow | None) -> Rate | None:
    if row is None:
        return None
    return Rate(price=row.price, credits=row.credits, setting=row.setting)
