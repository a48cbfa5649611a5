"""`/health`: whether the process lives, and whether AI Studio can be asked.

(reference: "Shapes")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

import msgspec
from starlette.responses import Response

from plugway import Mount, Operation
from plugway_aistudio.provider import NAME
from plugway_aistudio.settings import AIStudioSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway import Channel, Gateway, Request

#: States of a profile in which calls use it now, or by themselves later.
_USABLE: tuple[Literal["ready", "in_use", "cooling", "half_open"], ...] = (
    "ready",
    "in_use",
    "cooling",
    "half_open",
)


class PagesHealth(msgspec.Struct, frozen=True, kw_only=True):
    """Tells how the browser of one process is.

    Attributes:
        installed: Playwright and a browser are there.
        opening: The browser is being started, or its first page opened.
        connected: The browser runs.
        failing: The browser could not be started when it was wanted last.
    """

    installed: bool = False
    opening: bool = False
    connected: bool = False
    failing: bool = False


class Pages(Protocol):
    """Knows the pages of one process."""

    def health(self) -> PagesHealth:
        """Tell how their browser is; called often, so it must be quick."""


class HealthDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Tells how AI Studio can be asked, by the names of the earlier system.

    Attributes:
        is_initializing: The browser is being started, or its first page opened.
        is_playwright_ready: Playwright and a browser are there.
        is_browser_connected: The browser runs; it is started when it is first wanted.
        is_page_ready: A page is open, or is opened for the next call.
        workerRunning: Calls are taken.
        queueLength: Calls that wait, in the process that answers.
        launchMode: `headless`, or `debug` where windows are shown.
        browserAndPageCritical: This gateway has nothing but AI Studio, so that it is not well
            when AI Studio cannot be asked.
    """

    is_initializing: bool
    is_playwright_ready: bool
    is_browser_connected: bool
    is_page_ready: bool
    workerRunning: bool  # noqa: N815  # the wire's name
    queueLength: int  # noqa: N815  # the wire's name
    launchMode: Literal["headless", "debug"]  # noqa: N815  # the wire's name
    browserAndPageCritical: bool  # noqa: N815  # the wire's name


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Tells that the process lives.

    Attributes:
        status: `error` only where every enabled channel is AI Studio's and none can be asked.
        message: For people.
        details: How AI Studio can be asked.
    """

    status: Literal["ok", "error"]
    message: str
    details: HealthDetails


class HealthRoute:
    """Answers whether the process lives, from memory; takes the place of the core's `/health`."""

    def __init__(self, gateway: Gateway, pages: Pages | None) -> None:
        """Take what knows.

        Args:
            gateway: Its channels count.
            pages: Their pages; None: there are none, and no browser runs.
        """
        self._gateway = gateway
        self._pages = pages
        # Looked for once: whoever installs one starts the gateway again.
        self._closed = PagesHealth(installed=gateway.browser.available)

    def mount(self) -> Mount:
        """Return the mount."""
        return Mount(
            path="/health",
            endpoint=self.show,
            methods=frozenset({"GET", "HEAD"}),
            public=True,
            operation=Operation(summary="Whether the process lives", response=Health),
        )

    async def show(self, request: Request) -> ASGIApp:
        """Answer: 503 where the gateway is of no use, and 200 otherwise."""
        health = self._health()
        headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
        status = 200 if health.status == "ok" else 503
        body = msgspec.json.encode(health)
        return Response(body, status, headers, media_type="application/json")

    def _health(self) -> Health:
        enabled = [channel for channel in self._gateway.channels.all() if channel.enabled]
        ours = [channel for channel in enabled if channel.provider == NAME]
        pages = self._closed if self._pages is None else self._pages.health()
        running = pages.installed and not pages.failing
        fault = self._fault(ours, pages)
        critical = bool(ours) and len(ours) == len(enabled)
        settings = self._gateway.settings(AIStudioSettings)
        places = self._gateway.queue.list(NAME)
        return Health(
            status="error" if critical and fault else "ok",
            message=fault or "AI Studio can be asked.",
            details=HealthDetails(
                is_initializing=pages.opening,
                is_playwright_ready=pages.installed,
                is_browser_connected=pages.connected,
                is_page_ready=not fault,
                workerRunning=running,
                queueLength=sum(place.position is not None for place in places),
                launchMode="debug" if settings.visible else "headless",
                browserAndPageCritical=critical,
            ),
        )

    def _fault(self, ours: list[Channel], pages: PagesHealth) -> str:
        if not ours:
            return "No channel of AI Studio is enabled."
        if not pages.installed:
            return "There is no browser; `plugway doctor` says more."
        if pages.failing:
            return "The browser cannot be started; the log says more."
        conditions = (self._gateway.credentials.conditions(channel) for channel in ours)
        if not any(count[state] for count in conditions for state in _USABLE):
            return "No profile can be used: sign in with `plugway aistudio login`."
        return ""
