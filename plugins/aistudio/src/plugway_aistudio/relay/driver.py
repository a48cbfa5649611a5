"""A driver that asks the API through an applet of the operator's own, opened in a page.

AI Studio lets an applet's requests to the API through on behalf of whoever is signed in
(reference: "Alternative: Build app relay"). The applet needs no code but a mark by which its
frame is known; what is asked is sent from inside that frame, and comes back by the driver's own
channel: no port is opened, and nobody else's applet sees it.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Callable, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from plugway import (
    Browser,
    ChatEvent,
    ConfigurationError,
    NotFound,
    PlugwayError,
    UpstreamInterrupted,
    UpstreamTimeout,
)
from plugway_aistudio.driver import Driver, Health
from plugway_aistudio.page.patience import within
from plugway_aistudio.relay.answer import Answer
from plugway_aistudio.relay.applet import Applet
from plugway_aistudio.relay.refusal import MOST, refusal
from plugway_aistudio.relay.reports import End, Piece, Report, Reports, Status
from plugway_aistudio.relay.wanted import wanted
from plugway_aistudio.wire.listing import Listed

if TYPE_CHECKING:
    from plugway import Clock
    from plugway_aistudio.browsers import Browsers, Context
    from plugway_aistudio.provider import AIStudioChannel
    from plugway_aistudio.question import Question

log = logging.getLogger(__name__)


class RelayDriver(Driver):
    """Asks the API through an applet."""

    def __init__(
        self,
        browsers: Browsers,
        state: Mapping[str, Any],
        *,
        base: str,
        channel: AIStudioChannel,
        listed: Callable[[str], Listed | None],
        models: Callable[[bytes], None],
        clock: Clock,
        proxy: str | None = None,
    ) -> None:
        """Prepare; nothing runs before `open`.

        Args:
            browsers: Makes the profile's context.
            state: The profile, as a storage state.
            base: Scheme and host of AI Studio.
            channel: Settings of the channel.
            listed: Returns a model as AI Studio lists it.
            models: Called with the API's list of models.
            clock: The gateway's.
            proxy: The profile's; `direct`: none; None: the machine's.

        Raises:
            ConfigurationError: The channel names no applet.
        """
        if not channel.applet:
            raise ConfigurationError(
                "the driver relay needs an applet of the operator's own: name its path in the "
                "channel's setting applet",
                field="applet",
            )
        self._browsers = browsers
        self._state = state
        self._base = base.rstrip("/")
        self._settings = channel
        self._listed = listed
        self._models = models
        self._clock = clock
        self._proxy = proxy
        self._numbers = count(1)
        self._context: Context | None = None
        self._applet: Applet | None = None
        self._listing: asyncio.Task[None] | None = None
        self._reports: Reports | None = None
        self._model = ""

    @property
    def applet(self) -> Applet | None:
        """Return the applet, for whoever looks at it; None: it is not open."""
        return self._applet

    async def open(self) -> None:
        """Open the applet, if it is not open, and wait until its frame is there."""
        if self._applet is not None and not self._applet.lost:
            return
        await self.close()
        try:
            await within(self._open(), self._settings.open_timeout, self._clock)
        except TimeoutError:
            await self.close()
            raise UpstreamTimeout(
                "The applet did not open in time: its page has no frame with the mark "
                "plugway-relay.",
                acted=False,
                charged=False,
            ) from None
        except PlugwayError:
            await self.close()
            raise
        self._listing = asyncio.create_task(self._list())

    async def submit(self, question: Question) -> None:
        """Send a request from inside the applet."""
        request = question.request
        model = self._listed(question.model)
        if request is None or model is None:
            raise NotFound(f"the model {question.model!r} does not exist", field="model")
        body = msgspec.json.encode(wanted(request, model)).decode()
        path = f"{quote(question.model)}:streamGenerateContent?alt=sse"
        applet = self._applet
        if applet is None:
            raise UpstreamInterrupted("The applet is gone.", acted=False, charged=False)
        reports = self._reports = Reports(next(self._numbers), self._clock)
        self._model = question.model
        try:
            await within(
                applet.start(reports.number, path, body), self._settings.submit_timeout, self._clock
            )
        except TimeoutError:
            raise UpstreamTimeout("The applet did not send the question in time.") from None

    async def stream(self) -> AsyncGenerator[ChatEvent, None]:
        """Give what the API answers."""
        reports = self._reports
        if reports is None:
            raise UpstreamInterrupted("Nothing was asked.", acted=False, charged=False)
        answer = Answer(f"call_{secrets.token_hex(8)}")
        refused: Status | None = None
        said = ""
        began, begun = self._clock.monotonic(), False
        while True:
            report = await self._next(reports, began, begun=begun)
            if isinstance(report, Status) and report.status >= 400:
                refused = report
            elif isinstance(report, Piece) and refused is not None:
                said = (said + report.text)[:MOST]
            elif isinstance(report, Piece):
                begun = True
                for event in answer.read(report.text):
                    yield event
            elif isinstance(report, End):
                self._forget()
                if refused is not None:
                    now = self._clock.now() / 1_000_000
                    raise refusal(refused.status, refused.after, said, model=self._model, now=now)
                for event in answer.ended():
                    yield event
                return
            elif not isinstance(report, Status):
                self._forget()
                why = self._applet.lost if self._applet is not None else ""
                raise UpstreamInterrupted(why or "The applet's request failed.", charged=False)

    async def cancel(self) -> None:
        """Abort the request."""
        reports = self._forget()
        if reports is not None and self._applet is not None:
            await self._applet.stop(reports.number)

    async def state(self) -> Mapping[str, Any] | None:
        """Return the profile as the browser has it."""
        return None if self._context is None else await self._context.state()

    def health(self) -> Health:
        """Say whether the applet is there."""
        applet = self._applet
        there = applet is not None and not applet.lost
        return Health(
            open=there,
            ready=there and self._reports is None,
            reason="" if applet is None else applet.lost,
        )

    async def close(self) -> None:
        """Close the applet's page, and the profile's context with it."""
        self._forget()
        listing, self._listing = self._listing, None
        applet, self._applet = self._applet, None
        context, self._context = self._context, None
        try:
            if listing is not None:
                listing.cancel()
                await asyncio.gather(listing, return_exceptions=True)
            if applet is not None:
                await applet.close()
        finally:
            if context is not None:
                await context.close()

    async def _open(self) -> None:
        from playwright.async_api import Error

        self._context = await self._browsers.context(self._state, proxy=self._proxy)
        try:
            applet = await Applet.beside(self._context.window, self._clock, self._hear, self._lost)
        except Error as error:
            raise Browser.problem(error) from None
        self._applet = applet
        await applet.open(self._base, self._settings.applet)

    async def _list(self) -> None:
        """Learn the API's models; one that does not tell them answers all the same."""
        applet = self._applet
        if applet is None:
            return
        try:
            status, body = await applet.models()
        except PlugwayError as error:
            log.info("the API's list of models was not read: %s", error.message)
            return
        if status == 200 and body:
            self._models(body)
        else:
            log.warning("the API did not list its models: it answered with status %s", status)

    async def _next(self, reports: Reports, began: float, *, begun: bool) -> Report | None:
        """Wait for a report, as long as the settings let an answer take."""
        settings = self._settings
        left = began + settings.total_timeout - self._clock.monotonic()
        quiet = settings.silence_timeout if begun else settings.first_timeout
        try:
            return await reports.next(min(quiet, left))
        except TimeoutError:
            pass
        if left <= quiet:
            # What came until then is charged: its length is the client's wish.
            raise UpstreamTimeout(f"The answer took more than {settings.total_timeout:g} seconds.")
        said = "Nothing came of the answer" if begun else "The answer did not begin"
        raise UpstreamTimeout(f"{said} for {quiet:g} seconds.", charged=False)

    async def _hear(self, told: object) -> None:
        if self._reports is not None:
            await self._reports.take(told)

    def _lost(self, _: str) -> None:
        if self._reports is not None:
            self._reports.close()

    def _forget(self) -> Reports | None:
        """Take no more reports of the request that was asked last."""
        reports, self._reports = self._reports, None
        if reports is not None:
            reports.close()
        return reports
