"""Usage summed up by the address of the client, with its models and user agents."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec

from plugway.admin.moments import moment
from plugway.admin.pages import Text
from plugway.admin.route import Route

if TYPE_CHECKING:
    from plugway import statistics
    from plugway.admin.ask import Ask

#: Hours that a question may reach back, and addresses of one answer.
Hours = Annotated[int, msgspec.Meta(ge=1, le=720)]
Most = Annotated[int, msgspec.Meta(ge=1, le=1_000)]

_HOUR = 3_600_000_000


class AddressQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses calls to sum up by address.

    Attributes:
        hours: How far back.
        limit: Addresses at the most.
        provider: Only of this provider.
    """

    hours: Hours = 24
    limit: Most = 100
    provider: Text | None = None


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Sums up the calls of one address.

    Attributes:
        ip: The address.
        calls: How many.
        errors: How many of them the client saw fail: status 400 and above.
        calls_per_minute: How many ended in the last 60 seconds.
        input_tokens: Sum.
        output_tokens: Sum.
        images: Sum.
        videos: Sum.
        first_seen: When the first of them ended.
        last_seen: When the last of them ended.
        models: Calls by model, the most frequent 50.
        agents: Calls by what the client calls itself, the most frequent 50.
    """

    ip: str
    calls: int
    errors: int
    calls_per_minute: int
    input_tokens: int
    output_tokens: int
    images: int
    videos: int
    first_seen: datetime
    last_seen: datetime
    models: dict[str, int]
    agents: dict[str, int]


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Is usage summed up by address.

    Attributes:
        addresses: How many there are, in the list or not.
        calls: Of all of them.
        errors: The same.
        items: Those with the most calls, the one with most first.
    """

    addresses: int
    calls: int
    errors: int
    items: list[Address]


def routes() -> list[Route]:
    """Return the routes."""
    place = "GET /api/admin/usage/addresses"
    return [Route(place, addresses, "Sum up usage by address", AddressQuery, Addresses)]


async def addresses(ask: Ask, query: AddressQuery) -> Addresses:
    """Sum up usage by address."""
    gateway = ask.gateway
    since = gateway.clock.now() - query.hours * _HOUR
    found = await gateway.statistics.by_address(since, query.limit, provider=query.provider)
    return Addresses(
        addresses=found.number,
        calls=found.counts.calls,
        errors=found.counts.failed,
        items=[_shown(one) for one in found.items],
    )


def _shown(one: statistics.Address) -> Address:
    return Address(
        ip=one.ip,
        calls=one.counts.calls,
        errors=one.counts.failed,
        calls_per_minute=one.last_minute,
        input_tokens=one.counts.input_tokens,
        output_tokens=one.counts.output_tokens,
        images=one.counts.images,
        videos=one.counts.videos,
        first_seen=moment(one.first_seen),
        last_seen=moment(one.last_seen),
        models=dict(one.models),
        agents=dict(one.agents),
    )
