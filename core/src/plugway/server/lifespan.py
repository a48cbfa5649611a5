"""An app's start and stop, the same under every server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from plugway.errors import ConfigurationError

if TYPE_CHECKING:
    from types import TracebackType

    from starlette.types import ASGIApp, Message


class Lifespan:
    """Runs an app's ASGI lifespan around a block.

    The servers' own differ in what they do with an exception, in how long they wait, and
    in whether running requests have ended when they shut the app down; this one raises
    what the app raised, waits, and is left when the server has ended.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Take an app that speaks the lifespan protocol."""
        self._app = app
        self._questions: asyncio.Queue[Message] = asyncio.Queue()
        self._answer: asyncio.Future[Message] | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start the app.

        Raises:
            Exception: What the app raised.
        """
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}}
        self._task = asyncio.ensure_future(self._app(scope, self._questions.get, self._take))
        try:
            await self._ask(self._task, "startup")
        except asyncio.CancelledError:
            self._task.cancel()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the app.

        Raises:
            Exception: What the app raised.
        """
        assert self._task is not None  # noqa: S101  # it was entered
        await self._ask(self._task, "shutdown")
        await self._task

    async def _take(self, message: Message) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(message)

    async def _ask(self, task: asyncio.Future[None], phase: str) -> None:
        answer = self._answer = asyncio.get_running_loop().create_future()
        self._questions.put_nowait({"type": f"lifespan.{phase}"})
        await asyncio.wait((answer, task), return_when=asyncio.FIRST_COMPLETED)
        message = answer.result() if answer.done() else {"type": "ended"}
        if message["type"] != f"lifespan.{phase}.complete":
            await task
            raise ConfigurationError(message.get("message") or f"the app failed at {phase}")
