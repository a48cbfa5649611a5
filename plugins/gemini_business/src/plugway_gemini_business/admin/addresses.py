"""`GET /admin/ip`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import msgspec

from plugway import AdminRoute
from plugway_gemini_business.admin.pool import stamp
from plugway_gemini_business.admin.totals import percent
from plugway_gemini_business.provider import NAME

if TYPE_CHECKING:
    from plugway import AdminAsk, Gateway

_HOUR = 3_600_000_000


class AddressQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses calls to sum up by address.

    Attributes:
        hours: How far back.
        limit: Addresses at the most.
    """

    hours: Annotated[int, msgspec.Meta(ge=1, le=720)] = 24
    limit: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 100


class AddressFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Sums up the calls of one address.

    Attributes:
        ip: The address.
        total_count: How many.
        success_count: Those that the client did not see fail.
        failed_count: Those that it did.
        success_rate: Such as `98.50%`.
        input_tokens: Sum.
        output_tokens: Sum.
        total_tokens: Both.
        images: Sum.
        videos: Sum.
        rpm: Calls that ended in the last 60 seconds.
        first_seen: When the first of them ended.
        last_seen: When the last of them ended.
        models: Calls by model, the most frequent 50.
        user_agents: Calls by what the client calls itself, the most frequent 50.
    """

    ip: str
    total_count: int
    success_count: int
    failed_count: int
    success_rate: str
    input_tokens: int
    output_tokens: int
    total_tokens: int
    images: int
    videos: int
    rpm: int
    first_seen: str
    last_seen: str
    models: Mapping[str, int]
    user_agents: Mapping[str, int]


class AddressList(msgspec.Struct, frozen=True, kw_only=True):
    """Sums up calls by address.

    Attributes:
        server_time: Now.
        unique_ips: How many addresses there are, in the list or not.
        total_requests: Calls of all of them, as all sums here.
        total_success: Those that clients did not see fail.
        total_failed: Those that they did.
        total_input_tokens: Sum.
        total_output_tokens: Sum.
        total_tokens: Both.
        total_images: Sum.
        total_videos: Sum.
        ips: The addresses with the most calls, the one with most first.
    """

    server_time: str
    unique_ips: int
    total_requests: int
    total_success: int
    total_failed: int
    total_input_tokens: int
    total_output_tokens: int
    total_tokens: int
    total_images: int
    total_videos: int
    ips: list[AddressFigures]


class AddressBook:
    """Answers who calls."""

    def __init__(self, gateway: Gateway) -> None:
        """Take the gateway.

        Args:
            gateway: Its calls are summed up.
        """
        self._gateway = gateway

    def routes(self) -> list[AdminRoute]:
        """Return the routes."""
        place = "GET /admin/ip"
        return [
            AdminRoute(place, self.show, "Who calls", AddressQuery, AddressList, role="operator")
        ]

    async def show(self, ask: AdminAsk, query: AddressQuery) -> AddressList:
        """Answer."""
        now = self._gateway.clock.now()
        found = await self._gateway.statistics.by_address(
            now - query.hours * _HOUR, query.limit, provider=NAME
        )
        counts = found.counts
        return AddressList(
            server_time=stamp(now),
            unique_ips=found.number,
            total_requests=counts.calls,
            total_success=counts.succeeded,
            total_failed=counts.failed,
            total_input_tokens=counts.input_tokens,
            total_output_tokens=counts.output_tokens,
            total_tokens=counts.input_tokens + counts.output_tokens,
            total_images=counts.images,
            total_videos=counts.videos,
            ips=[
                AddressFigures(
                    ip=one.ip,
                    total_count=one.counts.calls,
                    success_count=one.counts.succeeded,
                    failed_count=one.counts.failed,
                    success_rate=percent(one.counts.succeeded, one.counts.calls),
                    input_tokens=one.counts.input_tokens,
                    output_tokens=one.counts.output_tokens,
                    total_tokens=one.counts.input_tokens + one.counts.output_tokens,
                    images=one.counts.images,
                    videos=one.counts.videos,
                    rpm=one.last_minute,
                    first_seen=stamp(one.first_seen),
                    last_seen=stamp(one.last_seen),
                    models=one.models,
                    user_agents=one.agents,
                )
                for one in found.items
            ],
        )
