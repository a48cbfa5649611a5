"""Lists of models, read by the browser's debugging protocol."""

from __future__ import annotations

import asyncio
import base64
import logging
from typing import TYPE_CHECKING, Any

from plugway_aistudio.capture.capture import MODELS, goes_to
from plugway_aistudio.capture.models import LISTS, Models, give

if TYPE_CHECKING:
    from playwright.async_api import CDPSession

log = logging.getLogger(__name__)


class CdpModels:
    """Reads the lists that come while a session listens to a page's network."""

    def __init__(self, session: CDPSession, models: Models) -> None:
        """Prepare; the session's owner tells what happens.

        Args:
            session: The session.
            models: Called with the body of each list.
        """
        self._session = session
        self._models = models
        #: By the id of the request: the status of its answer, once that is known.
        self._asked: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def asked(self, event: dict[str, Any]) -> None:
        """Take the event of a request."""
        request = event["request"]
        if request["method"] == "POST" and goes_to(request["url"], MODELS):
            self._asked[event["requestId"]] = 0
            if len(self._asked) > LISTS:
                self._asked.pop(next(iter(self._asked)))

    def answered(self, event: dict[str, Any]) -> None:
        """Take the event of an answer's head."""
        if event["requestId"] in self._asked:
            self._asked[event["requestId"]] = event["response"]["status"]

    def ended(self, event: dict[str, Any], *, whole: bool) -> None:
        """Take the event of an answer's end.

        Args:
            event: The event.
            whole: It has come to its end; else it failed.
        """
        status = self._asked.pop(event["requestId"], 0)
        if whole and status == 200:
            task = asyncio.create_task(self._read(event["requestId"]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Read no more; a second time does nothing."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _read(self, request: str) -> None:
        from playwright.async_api import Error

        try:
            reply = await self._session.send("Network.getResponseBody", {"requestId": request})
        except Error:
            # The page went elsewhere; it lists its models again there.
            log.debug("a list of models was not read")
            return
        text = reply["body"]
        give(self._models, base64.b64decode(text) if reply["base64Encoded"] else text.encode())
