"""What a gateway, its driver and its page keep, counted at different times."""

from __future__ import annotations

import asyncio
import gc
import os
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
from aistudio_capture import process
from aistudio_gateway import AIStudioGateway
from machine_browser import descendants
from playwright.async_api import Page

from plugway_aistudio.page.driver import PageDriver

#: Of these the driver's client keeps the last ten thousand by itself.
_BOUNDED = ("Request", "Response")

#: Numbers of the page that `Performance.getMetrics` gives.
_METRICS = {
    "JSHeapUsedSize": "page_heap",
    "Nodes": "page_nodes",
    "JSEventListeners": "page_listeners",
    "Documents": "page_documents",
    "Resources": "page_resources",
}


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Is what was there at one time.

    Attributes:
        tasks: Tasks of asyncio.
        handles: Open files of this process, the gateway's.
        objects: Objects of this process that Python's collector knows, those aside that are
            counted in `network`.
        plugin: Objects of the plugin.
        driver: Objects of the driver's client, but for `network`, by kind.
        network: Requests and answers that the driver's client remembers.
        listeners: Listeners at the page, its context and its browser.
        resident: KiB of memory of this process.
        driver_resident: KiB of memory of the driver.
        driver_handles: Open files of the driver.
        browser_handles: Open files of all processes of the browser.
        processes: Processes below this one.
        page_heap: Bytes of the page's JavaScript, its garbage collected.
        page_nodes: Nodes of the page's documents, those that scripts hold too.
        page_listeners: Listeners in the page.
        page_documents: Documents of the page.
        page_resources: Resources that the page remembers.
    """

    tasks: int
    handles: int
    objects: int
    plugin: int
    driver: dict[str, int]
    network: int
    listeners: int
    resident: int
    driver_resident: int
    driver_handles: int
    browser_handles: int
    processes: int
    page_heap: int
    page_nodes: int
    page_listeners: int
    page_documents: int
    page_resources: int

    @classmethod
    async def now(cls, studio: AIStudioGateway) -> Kept:
        """Count; the gateway has one page, and nothing is under way.

        Args:
            studio: The gateway, in this process.
        """
        studio.emulator.asked.clear()
        studio.emulator.seen.clear()
        await studio.rows()
        page = page_of(studio)
        shown = await _shown(page)
        gc.collect()
        objects = gc.get_objects()
        modules = Counter(str(type(one).__module__).partition(".")[0] for one in objects)
        known = Counter(
            type(one).__name__
            for one in page._impl_obj._connection._objects.values()  # noqa: SLF001  # there is no other way to count
        )
        network = sum(known.pop(name, 0) for name in _BOUNDED)
        below = descendants()
        driver = process("driver", below)
        counted = cls(
            tasks=len(asyncio.all_tasks()),
            handles=_handles(os.getpid()),
            objects=len(objects),
            plugin=modules["plugway_aistudio"],
            driver=dict(known),
            network=network,
            listeners=_listeners(page),
            resident=_resident(os.getpid()),
            driver_resident=_resident(driver),
            driver_handles=_handles(driver),
            browser_handles=sum(_handles(one) for one in below - {driver}),
            processes=len(below),
            **shown,
        )
        del objects
        return counted


def page_of(studio: AIStudioGateway) -> Page:
    """Return the one page that is open."""
    driver = studio.driver
    assert isinstance(driver, PageDriver)
    assert driver.page is not None
    return driver.page


async def _shown(page: Page) -> dict[str, int]:
    session = await page.context.new_cdp_session(page)
    try:
        for _ in range(2):
            await session.send("HeapProfiler.collectGarbage")
        await session.send("Performance.enable")
        told = await session.send("Performance.getMetrics")
    finally:
        await session.detach()
    return {
        _METRICS[one["name"]]: int(one["value"])
        for one in told["metrics"]
        if one["name"] in _METRICS
    }


def _listeners(page: Page) -> int:
    browser = page.context.browser
    assert browser is not None
    return sum(
        len(listeners) if isinstance(listeners, list) else 1
        for one in (page, page.context, browser)
        for listeners in one._impl_obj._events.values()  # noqa: SLF001  # there is no other way to count
    )


def _handles(process_id: int) -> int:
    try:
        return len(os.listdir(f"/proc/{process_id}/fd"))
    except OSError:
        # It has ended meanwhile.
        return 0


def _resident(process_id: int) -> int:
    for line in Path(f"/proc/{process_id}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("a process without memory")


def differences(one: Kept, other: Kept) -> dict[str, Any]:
    """Return what has grown between two times."""
    before, after = msgspec.to_builtins(one), msgspec.to_builtins(other)
    return {name: after[name] - before[name] for name in before if isinstance(before[name], int)}
