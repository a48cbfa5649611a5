"""One image or video on its way: its submit, and what becomes of its task."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from plugway.contract import ChatEvent, Finish, Media, Progress, Task
from plugway.errors import Cancelled, PlugwayError
from plugway.generations.failures import failure
from plugway.generations.naming import name_of

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.identity.principal import Principal
    from plugway.media.kept import Kept
    from plugway.media.store import MediaStore
    from plugway.tasks.submission import Submission
    from plugway.tasks.tasks import Tasks

log = logging.getLogger(__name__)

#: Seconds after which whoever follows hears again where it stands.
BEAT = 20.0

#: States that a task may be in although the answer to its submit was an error.
_GOES_ON = ("unknown", "submitted", "processing", "succeed")


class Generation:
    """Is what a client asked for; its task goes on when the client leaves.

    Attributes:
        kind: What is made: `image` or `video`.
        call_id: Its task's call; known when it has begun.
    """

    def __init__(
        self, tasks: Tasks, media: MediaStore, clock: Clock, principal: Principal, kind: str
    ) -> None:
        """Prepare.

        Args:
            tasks: Where its task is.
            media: What it made.
            clock: The time.
            principal: Whose it is.
            kind: What is made.
        """
        self.kind = kind
        self.call_id = ""
        self._tasks = tasks
        self._media = media
        self._clock = clock
        self._principal = principal
        loop = asyncio.get_running_loop()
        self._begun: asyncio.Future[None] = loop.create_future()
        self._submitted: asyncio.Future[None] = loop.create_future()

    @property
    def name(self) -> str:
        """Return what clients call it."""
        return name_of(self.kind, self.call_id)

    async def run(
        self, submission: Submission, submit: Callable[[Submission], Awaitable[object]]
    ) -> None:
        """Submit; whoever waits hears of what went wrong, and nobody else.

        Args:
            submission: Not entered yet.
            submit: Takes it to an upstream.
        """
        try:
            async with submission:
                self.call_id = submission.call_id
                self._begun.set_result(None)
                await submit(submission)
        except asyncio.CancelledError:
            self._fail(Cancelled())
            raise
        except Exception as error:  # whoever waits raises it
            if not isinstance(error, PlugwayError):
                log.exception("the submit of %s failed", self.call_id or "a task")
            self._fail(error)
        else:
            self._submitted.set_result(None)

    async def begun(self) -> None:
        """Wait until its row and its hold are durable.

        Raises:
            PlugwayError: As `Tasks.open` raises.
        """
        await asyncio.shield(self._begun)

    async def accepted(self) -> Task:
        """Wait until the upstream has taken it, and return its task.

        Raises:
            PlugwayError: As `Submission.submit` raises, unless the task goes on all the same.
        """
        try:
            await asyncio.shield(self._submitted)
        except Exception:
            task = await self.task()
            if task.state not in _GOES_ON:
                raise
            # The answer was lost, and the upstream is asked for what it may have taken.
            return task
        return await self.task()

    async def task(self) -> Task:
        """Return its task as it is now."""
        return await self._tasks.own(self._principal, self.call_id)

    async def kept(self) -> list[Kept]:
        """Return what it made."""
        return await self._media.of(self.call_id)

    async def follow(self, seconds: float | None = None) -> AsyncGenerator[Task, None]:
        """Give the task when it is taken, on each change and now and then, the end last.

        Args:
            seconds: Longest wait; after it nothing comes any more. None: until it ends.

        Raises:
            PlugwayError: It was not taken.
        """
        until = None if seconds is None else self._clock.monotonic() + seconds
        while not await self._is_submitted(self._left(until)):
            if self._left(until) <= 0:
                return
            yield await self.task()
        task = await self.accepted()
        yield task
        while not task.ended and (left := self._left(until)) > 0:
            task = await self._tasks.changed(task, left)
            yield task

    async def ended(self, seconds: float) -> Task | None:
        """Wait until it has ended, and return its task; None: it takes longer.

        Args:
            seconds: Longest wait.

        Raises:
            PlugwayError: It was not taken.
        """
        async with aclosing(self.follow(seconds)) as steps:
            async for task in steps:
                if task.ended:
                    return task
        return None

    async def events(
        self, base: str, *, seconds: float | None = None, inline: bool = False
    ) -> AsyncGenerator[ChatEvent, None]:
        """Give what a chat is told: where it stands, and what it made.

        Args:
            base: Scheme and host that the client reaches the gateway by.
            seconds: Longest wait; after it nothing comes any more. None: until it ends.
            inline: Images come with their bytes.

        Raises:
            SafetyBlocked: The upstream's rules do not allow it.
            UpstreamError: It has failed.
            PlugwayError: It was not taken.
        """
        async with aclosing(self.follow(seconds)) as steps:
            async for task in steps:
                if not task.ended:
                    yield Progress(text=f"{self.name} {told(task)}", percent=task.progress)
                    continue
                if task.state != "succeed":
                    raise failure(task)
                for kept in await self.kept():
                    data = None
                    if inline and kept.kind == "image":
                        data = await self._media.read(kept)
                    url = self._media.url(kept, base)
                    yield Media(mime_type=kept.mime_type, data=data, url=url)
                yield Finish()

    def _fail(self, error: Exception) -> None:
        for future in (self._begun, self._submitted):
            if not future.done():
                future.set_exception(error)
                # Nobody may wait any more, and asyncio would complain.
                future.exception()

    def _left(self, until: float | None) -> float:
        """Return the seconds until somebody is to hear again."""
        return BEAT if until is None else min(BEAT, until - self._clock.monotonic())

    async def _is_submitted(self, seconds: float) -> bool:
        timer = asyncio.ensure_future(self._clock.sleep(max(0.0, seconds)))
        try:
            await asyncio.wait((self._submitted, timer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
        return self._submitted.done()


def told(task: Task) -> str:
    """Say where a task stands, for people.

    Args:
        task: The task.
    """
    if task.ended:
        return "has ended"
    if task.progress:
        return f"is being made: {task.progress} %"
    return "is being made" if task.state == "processing" else "is queued"
