"""The pool of proxies over HTTP."""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec

from plugway.admin.moments import moment
from plugway.admin.route import Route
from plugway.errors import BadRequest, ConfigurationError, NotFound, PlugwayError
from plugway.upstream.proxies import Proxy, check_proxy
from plugway.upstream.proxies.health import HealthState

if TYPE_CHECKING:
    from plugway.admin.ask import Ask
    from plugway.gateway import Gateway
    from plugway.upstream.proxies.member import Member

Written = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class PooledProxy(msgspec.Struct, frozen=True, kw_only=True):
    """Is a proxy of the pool, as the process that answers sees it.

    Attributes:
        name: Host and port, with a number where several have the same.
        url: Its address, the login masked.
        kind: `http`, `https`, `socks5` or `socks4`.
        source: Where it comes from: `settings`, a file or a subscription.
        state: `unchecked`, `healthy`, `failing`: it rests after a failure, or `sick`: it is
            skipped until a check succeeds.
        healthy: Whether it works.
        latency_ms: What a check takes, smoothed; null: none has succeeded.
        failures: In a row.
        error: The last failure; null: there was none since it worked.
        checked_at: When a check last ended; null: none has.
        next_check: Seconds until the next one.
        in_use: Requests that it carries now.
    """

    name: str
    url: str
    kind: str
    source: str
    state: HealthState
    healthy: bool
    latency_ms: int | None
    failures: int
    error: str | None
    checked_at: datetime | None
    next_check: int
    in_use: int


class ProxySource(msgspec.Struct, frozen=True, kw_only=True):
    """Is where proxies come from.

    Attributes:
        name: `settings`, a file or a subscription.
        proxies: How many it gave.
        fault: Why it could not be read; what it gave before is kept.
        remark: What of it is not used.
        read_at: When it could last be read.
    """

    name: str
    proxies: int
    fault: str | None
    remark: str | None
    read_at: datetime | None


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """Is the pool, as the process that answers sees it.

    Attributes:
        items: The proxies.
        sources: Where they come from.
    """

    items: list[PooledProxy]
    sources: list[ProxySource]


class NewProxies(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is proxies to be added.

    Attributes:
        proxies: In any of the written forms, one each.
    """

    proxies: Annotated[list[Written], msgspec.Meta(min_length=1, max_length=1000)]


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """Tells what came of proxies to be added.

    Attributes:
        added: How many are new.
        known: How many were there already.
    """

    added: int
    known: int


class ProxyTest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Says which proxies to test; nothing given: all of the pool.

    Attributes:
        names: Of proxies of the pool.
        proxy: One that need not be in the pool, in any of the written forms.
    """

    names: Annotated[list[Written], msgspec.Meta(max_length=1000)] = []
    proxy: Written | None = None


class TestedProxy(msgspec.Struct, frozen=True, kw_only=True):
    """Tells whether a proxy works.

    Attributes:
        name: Host and port, with a number where several of the pool have the same.
        url: Its address, the login masked.
        ok: Whether `proxies.check_url` answered through it.
        latency_ms: How long that took; null: it did not.
        error: Why it does not work.
    """

    name: str
    url: str
    ok: bool
    latency_ms: int | None
    error: str | None


class TestedProxies(msgspec.Struct, frozen=True, kw_only=True):
    """Tells which proxies work.

    Attributes:
        items: One each.
    """

    items: list[TestedProxy]


def routes() -> list[Route]:
    """Return the routes."""
    place = "/api/admin/proxies"
    return [
        Route(f"GET {place}", listed, "List the pool of proxies", gives=Pool),
        Route(f"POST {place}", add, "Add proxies to the pool", NewProxies, Added, 201),
        Route(f"POST {place}/test", test, "Test proxies", ProxyTest, TestedProxies),
        Route(f"POST {place}/reload", reload, "Read the sources of proxies anew", gives=Pool),
    ]


async def listed(ask: Ask) -> Pool:
    """List the pool."""
    await ask.gateway.upstream.proxies.load()
    return _shown(ask.gateway)


async def add(ask: Ask, new: NewProxies) -> Added:
    """Add proxies to those in the home directory."""
    parsed = [_parsed(text, f"proxies[{index}]") for index, text in enumerate(new.proxies)]
    added = await ask.gateway.upstream.proxies.add(parsed)
    await ask.record("proxy.add", "proxies", {"added": added})
    return Added(added=added, known=len(parsed) - added)


async def test(ask: Ask, wanted: ProxyTest) -> TestedProxies:
    """Send a request through proxies, and see what comes of it."""
    pool = ask.gateway.upstream.proxies
    if wanted.proxy is not None:
        if wanted.names:
            raise BadRequest("names: give these or a proxy, not both", field="names")
        proxy = _parsed(wanted.proxy, "proxy")
        return TestedProxies(items=[await _tried(ask.gateway, proxy)])
    await pool.load()
    members = _chosen(pool.all(), wanted.names)
    await pool.check(members)
    return TestedProxies(items=[_tested(member) for member in members])


async def reload(ask: Ask) -> Pool:
    """Read settings, files and subscriptions anew."""
    await ask.gateway.upstream.proxies.reload()
    return _shown(ask.gateway)


def _parsed(text: str, field: str) -> Proxy:
    try:
        proxy = Proxy.parse(text)
        check_proxy(proxy.written)
    except ConfigurationError as error:
        reason = error.message.removeprefix("proxy: ")
        raise BadRequest(f"{field}: {reason}", field=field) from None
    return proxy


def _chosen(members: list[Member], names: Collection[str]) -> list[Member]:
    if not names:
        return members
    found = {member.name: member for member in members}
    missing = [name for name in names if name not in found]
    if missing:
        raise NotFound(f"no proxy of the pool is named {missing[0][:64]}")
    return [found[name] for name in dict.fromkeys(names)]


async def _tried(gateway: Gateway, proxy: Proxy) -> TestedProxy:
    seconds, reason = None, None
    try:
        seconds = await gateway.upstream.proxies.try_out(proxy)
    except PlugwayError as error:
        reason = error.message
    return TestedProxy(
        name=proxy.address,
        url=str(proxy),
        ok=reason is None,
        latency_ms=_milliseconds(seconds),
        error=reason,
    )


def _tested(member: Member) -> TestedProxy:
    health = member.health
    ok = health.state == "healthy"
    return TestedProxy(
        name=member.name,
        url=str(member.proxy),
        ok=ok,
        latency_ms=_milliseconds(health.latency) if ok else None,
        error=health.error,
    )


def _shown(gateway: Gateway) -> Pool:
    pool, now = gateway.upstream.proxies, gateway.clock.monotonic()
    items = [
        PooledProxy(
            name=member.name,
            url=str(member.proxy),
            kind=member.proxy.url.scheme,
            source=member.source,
            state=member.health.state,
            healthy=member.health.state == "healthy",
            latency_ms=_milliseconds(member.health.latency),
            failures=member.health.failures,
            error=member.health.error,
            checked_at=None if member.checked_at is None else moment(member.checked_at),
            next_check=max(0, math.ceil(member.health.check_at - now)),
            in_use=member.traffic.count,
        )
        for member in pool.all()
    ]
    sources = [
        ProxySource(
            name=source.name,
            proxies=len(source.listing.proxies),
            fault=source.fault,
            remark=source.listing.remark,
            read_at=None if source.read_at is None else moment(source.read_at),
        )
        for source in pool.sources()
    ]
    return Pool(items=items, sources=sources)


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
