"""Answers read by the browser's debugging protocol; the page is not touched."""

from __future__ import annotations

import asyncio
import base64
import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from plugway_aistudio.capture.arriving import Arriving
from plugway_aistudio.capture.capture import ANSWERS, Capture, Exchange, goes_to
from plugway_aistudio.capture.cdp_models import CdpModels
from plugway_aistudio.capture.expecting import LOST, NETWORK, STOPPED, Expecting
from plugway_aistudio.capture.models import Models

if TYPE_CHECKING:
    from playwright.async_api import CDPSession, Page

    from plugway import Clock

log = logging.getLogger(__name__)

_NET_ERROR = re.compile(r"net::ERR_[A-Z0-9_]+")

_Taker = Callable[[dict[str, Any]], None]

#: Bytes of one answer that the browser keeps for `Network.getResponseBody`; of all, two such.
_KEPT = 32 << 20


class CdpCapture(Capture):
    """Reads with `Network.streamResourceContent` (reference: "Playwright facts").

    The driver's own events of requests are not asked for: of each request that it has told of, it
    keeps some twenty thousand bytes here and as many on its own side.
    """

    def __init__(self, page: Page, session: CDPSession, clock: Clock, models: Models) -> None:
        """Prepare; `listening` makes one.

        Args:
            page: The page.
            session: A session with it, of which this is the owner.
            clock: Tells when an answer was heard of.
            models: Called with the body of each list of models.
        """
        self._session = session
        self._expecting = Expecting(page, clock)
        self._models = CdpModels(session, models)
        self._reading: _Reading | None = None
        self._listeners = {
            "Network.requestWillBeSent": self._guarded(self._on_request),
            "Network.responseReceived": self._guarded(self._on_response),
            "Network.dataReceived": self._guarded(self._on_data),
            "Network.loadingFinished": self._guarded(self._on_finished),
            "Network.loadingFailed": self._guarded(self._on_failed),
            "Page.frameNavigated": self._guarded(self._on_navigated),
        }
        for name, listener in self._listeners.items():
            session.on(name, listener)

    @classmethod
    async def listening(cls, page: Page, clock: Clock, models: Models) -> CdpCapture:
        """Listen to a page of a Chromium.

        Args:
            page: The page.
            clock: Tells when an answer was heard of.
            models: Called with the body of each list of models.
        """
        session = await page.context.new_cdp_session(page)
        capture = cls(page, session, clock, models)
        try:
            await session.send("Page.enable")
            await session.send(
                "Network.enable", {"maxTotalBufferSize": 2 * _KEPT, "maxResourceBufferSize": _KEPT}
            )
        except BaseException:
            await capture.close()
            raise
        return capture

    @property
    def ended(self) -> bool:
        return self._expecting.dead

    def expect(self) -> Exchange:
        self._let_go()
        return self._expecting.renew()

    async def close(self) -> None:
        self._let_go()
        await self._models.close()
        await self._expecting.close()
        if self._listeners:
            for name, listener in self._listeners.items():
                self._session.remove_listener(name, listener)
            self._listeners.clear()
            await self._expecting.undone(self._session.detach)

    def _let_go(self) -> None:
        if self._reading is not None:
            self._reading.stop()
        self._reading = None

    def _guarded(self, take: _Taker) -> _Taker:
        """Return a listener that does not raise: the driver would, at another call."""

        def listener(event: dict[str, Any]) -> None:
            try:
                take(event)
            except Exception:  # what the browser tells is not as it is known
                log.exception("an event of the browser is not understood")
                if self._expecting.exchange is not None:
                    self._expecting.exchange.unreadable(LOST)

        return listener

    def _of(self, event: dict[str, Any]) -> _Reading | None:
        reading = self._reading
        return reading if reading is not None and reading.id == event["requestId"] else None

    def _on_navigated(self, event: dict[str, Any]) -> None:
        # Told of other documents only: an address that changes alone is another event.
        if "parentId" not in event["frame"]:
            self._expecting.went()

    def _on_request(self, event: dict[str, Any]) -> None:
        self._models.asked(event)
        exchange, request = self._expecting.waiting, event["request"]
        # Before a request to another origin comes one that asks for leave, with OPTIONS.
        if exchange is None or request["method"] != "POST":
            return
        if goes_to(request["url"], ANSWERS):
            self._reading = _Reading(self._session, event["requestId"], exchange)

    def _on_response(self, event: dict[str, Any]) -> None:
        self._models.answered(event)
        if (reading := self._of(event)) is not None:
            reading.answered(event["response"]["status"])

    def _on_data(self, event: dict[str, Any]) -> None:
        if (reading := self._of(event)) is not None:
            reading.came(event["dataLength"], event.get("data"))

    def _on_finished(self, event: dict[str, Any]) -> None:
        self._models.ended(event, whole=True)
        if (reading := self._of(event)) is not None:
            reading.finished()

    def _on_failed(self, event: dict[str, Any]) -> None:
        self._models.ended(event, whole=False)
        if (reading := self._of(event)) is not None:
            reading.failed(STOPPED if event.get("canceled") else _network(event))


class _Reading:
    """Puts one answer together from what the protocol tells of it.

    It is asked to stream as soon as the request is known, which is before any data. Should it
    refuse then, it is asked again with the answer's head; what came before comes with its reply,
    and what comes after may be told before that reply is seen, so it waits.
    """

    def __init__(self, session: CDPSession, request: str, exchange: Arriving) -> None:
        self.id = request
        self._session = session
        self._exchange = exchange
        #: Pieces that came before the reply to the call; None: it has been seen.
        self._early: list[bytes] | None = []
        #: Bytes that the browser told of, and that were passed on.
        self._told = 0
        self._given = 0
        self._end: Callable[[], None] | None = None
        exchange.asked()
        self._task: asyncio.Task[None] = asyncio.create_task(self._stream())

    def answered(self, status: int) -> None:
        self._exchange.answered(status)
        if self._early is not None and self._task.done():
            self._task = asyncio.create_task(self._stream())

    def came(self, length: int, data: str | None) -> None:
        self._told += length
        if data is None:
            return
        piece = base64.b64decode(data)
        if self._early is None:
            self._give(piece)
        else:
            self._early.append(piece)

    def finished(self) -> None:
        self._close(self._finish)

    def failed(self, why: str) -> None:
        self._close(lambda: self._exchange.cut(why))

    def stop(self) -> None:
        self._task.cancel()

    def _close(self, end: Callable[[], None]) -> None:
        if self._task.done():
            end()
        else:
            self._end = end

    def _give(self, piece: bytes) -> None:
        self._given += len(piece)
        self._exchange.came(piece)

    async def _stream(self) -> None:
        from playwright.async_api import Error

        try:
            reply = await self._session.send(
                "Network.streamResourceContent", {"requestId": self.id}
            )
        except Error:
            # Too early, or too late: the body has come already.
            log.debug("the answer is not streamed yet")
        else:
            early, self._early = self._early or [], None
            self._give(base64.b64decode(reply["bufferedData"]))
            for piece in early:
                self._give(piece)
        if self._end is not None:
            self._end()

    def _finish(self) -> None:
        if self._early is None and self._given >= self._told:
            self._exchange.whole()
        else:
            self._task = asyncio.create_task(self._rest())

    async def _rest(self) -> None:
        """Give what was not streamed, from what the browser keeps."""
        from playwright.async_api import Error

        try:
            reply = await self._session.send("Network.getResponseBody", {"requestId": self.id})
        except Error:
            self._exchange.unreadable(LOST)
            return
        text = reply["body"]
        body = base64.b64decode(text) if reply["base64Encoded"] else text.encode()
        if len(body) != self._told:
            self._exchange.unreadable(LOST)
            return
        self._give(body[self._given :])
        self._exchange.whole()


def _network(event: dict[str, Any]) -> str:
    # Such as `net::ERR_CONNECTION_RESET`; never more than the name.
    found = _NET_ERROR.match(str(event.get("errorText", "")))
    return f"{NETWORK}: {found[0]}." if found else f"{NETWORK}."
