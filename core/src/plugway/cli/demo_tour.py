"""The demo's tour: each emulator's calls, by real HTTP through the gateway."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import aiohttp
import click
import msgspec

from plugway.cli.demo_keys import NAME
from plugway.cli.table import cell

if TYPE_CHECKING:
    from plugway.cli.client import Client
    from plugway.cli.demo_keys import Access
    from plugway.contract import Emulator, Tour

#: Seconds for one call, and how much of an unexpected answer is shown.
SECONDS = 60.0
SHOWN = 300


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Is how one call of a tour went.

    Attributes:
        status: HTTP status; None: there was no answer.
        ms: Milliseconds until its last byte.
        request_id: What the gateway called it.
        text: The beginning of its body, or why there is none.
    """

    status: int | None
    ms: float
    request_id: str = ""
    text: str = ""


async def show_tour(
    client: Client, access: Access, emulators: Mapping[str, Emulator], began: float
) -> bool:
    """Make every call, and print how each went and what it cost.

    Args:
        client: Of the demo's gateway.
        access: Where it serves, and the key.
        emulators: By provider.
        began: Monotonic seconds when the demo began.

    Returns:
        Whether every call had the status it should have, and the ledger adds up.
    """
    well = bool(emulators)
    if not emulators:
        click.echo("no installed plugin has an emulator, so there is nothing to show: install one")
    headers = {"authorization": f"Bearer {access.key}"}
    first = True
    async with aiohttp.ClientSession(
        headers=headers, timeout=aiohttp.ClientTimeout(total=SECONDS), trust_env=False
    ) as session:
        for provider, emulator in emulators.items():
            if emulator.missing:
                click.echo(f"{provider}: left out: {emulator.missing}")
                continue
            for tour in emulator.tour:
                before = await asyncio.to_thread(_newest_task, client)
                step = await _call(session, access.url, tour)
                as_expected = step.status == tour.expect
                well = well and as_expected
                cost = await asyncio.to_thread(_cost, client, step.request_id, before)
                click.echo(f"{provider}: {tour.title}")
                click.echo(f"    {tour.method} {tour.path}")
                click.echo(f"    {step.status or 'no answer'} in {step.ms:.1f} ms, {cost}")
                if not as_expected:
                    click.echo(f"    expected {tour.expect}: {cell(step.text)}")
                if first:
                    first = False
                    click.echo(f"    first call answered {time.monotonic() - began:.1f} s in")
    return await asyncio.to_thread(_show_books, client) and well


async def _call(session: aiohttp.ClientSession, url: str, tour: Tour) -> Step:
    began = time.monotonic()
    try:
        async with session.request(tour.method, url + tour.path, json=tour.json) as response:
            body = await response.read()
    except (aiohttp.ClientError, OSError) as error:
        return Step(status=None, ms=(time.monotonic() - began) * 1000, text=str(error))
    return Step(
        status=response.status,
        ms=(time.monotonic() - began) * 1000,
        request_id=response.headers.get("x-request-id", ""),
        text=body[:SHOWN].decode("utf-8", "replace"),
    )


def _cost(client: Client, request_id: str, before: int) -> str:
    rows = list(client.items("usage", request_id=request_id)) if request_id else []
    if rows:
        return f"{sum(row['credits'] for row in rows)} credits"
    # A task has its usage row when it ends; the tour is the demo's only client.
    made = [task for task in client.items("tasks", limit=1) if task["id"] > before]
    return f"{made[0]['price']} credits held until it ends" if made else "free"


def _newest_task(client: Client) -> int:
    return next((task["id"] for task in client.items("tasks", limit=1)), 0)


def _show_books(client: Client) -> bool:
    user = client.get("users", NAME)
    report = client.post("ledger", "verify")
    click.echo(f"\nBalance    {user['balance']} credits, {user['held']} held")
    counts = ", ".join(f"{report[name]} {name}" for name in ("accounts", "holds", "entries"))
    click.echo(f"Ledger     {'every invariant holds' if report['ok'] else 'WRONG'}: {counts}")
    for problem in report["problems"]:
        click.echo(f"           {problem}")
    return bool(report["ok"])
