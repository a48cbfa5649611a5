"""The driver that uses AI Studio's page as a person would."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from plugway import (
    BadRequest,
    ChatEvent,
    CredentialRestricted,
    NotFound,
    PlugwayError,
    Unavailable,
    UpstreamError,
    UpstreamInterrupted,
    UpstreamTimeout,
)
from plugway_aistudio.driver import Driver, Health
from plugway_aistudio.page.asking import Asking
from plugway_aistudio.page.notices import PARTS, meaning
from plugway_aistudio.page.patience import within
from plugway_aistudio.page.reading import Limits, Reading
from plugway_aistudio.page.selectors import Selectors
from plugway_aistudio.page.wanted import Usual
from plugway_aistudio.page.window import Window
from plugway_aistudio.wire.answer import Answer
from plugway_aistudio.wire.refusal import refusal

if TYPE_CHECKING:
    from playwright.async_api import Page

    from plugway import Clock
    from plugway_aistudio.browsers import Browsers, Context
    from plugway_aistudio.provider import AIStudioChannel
    from plugway_aistudio.question import Question
    from plugway_aistudio.settings import AIStudioSettings

#: Seconds until an answer that is stopped has ended.
_STOPPED = 5.0

#: Most bytes that are read of a refusal.
_REFUSAL = 1 << 20


class PageDriver(Driver):
    """Drives one page of one profile.

    The end of an answer is the network's word: nothing that the page shows, and no change of its
    address, is taken for it (reference: "User pain points", 1 to 3, 6 and 10).
    """

    def __init__(
        self,
        browsers: Browsers,
        state: Mapping[str, Any],
        *,
        base: str,
        channel: AIStudioChannel,
        settings: AIStudioSettings,
        clock: Clock,
        models: Callable[[bytes], None],
        titles: Mapping[str, str] | None = None,
        proxy: str | None = None,
    ) -> None:
        """Prepare; nothing opens before `open`.

        Args:
            browsers: Makes the profile's context.
            state: The profile: `storage_state` of Playwright.
            base: Scheme and host of AI Studio.
            channel: Settings of the channel.
            settings: Those of the plugin.
            clock: The gateway's.
            models: Called with the body of each list of models that the page gets.
            titles: How the page calls models, by id, as far as that is known; it may grow.
            proxy: The profile's; `direct`: none; None: the machine's.

        Raises:
            ConfigurationError: Selectors of the operator's that cannot be.
        """
        self._browsers = browsers
        self._state = state
        self._base = base.rstrip("/")
        self._channel = channel
        self._settings = settings
        self._clock = clock
        self._models = models
        self._titles = {} if titles is None else titles
        self._proxy = proxy or None
        self._selectors = Selectors(settings.selectors)
        self._context: Context | None = None
        self._window: Window | None = None
        self._asking: Asking | None = None
        self._reading: Reading | None = None
        self._model = ""
        self._usual: dict[str, Usual] = {}
        self._preparing: asyncio.Task[None] | None = None
        self._doubt = ""
        #: Refusals in a row.
        self._refusals = 0

    @property
    def page(self) -> Page | None:
        """Return the page, for whoever looks at it; None: it is not open."""
        return self._window.page if self._window is not None else None

    async def open(self) -> None:
        await self.cancel()
        await self._prepared()
        if self._usable():
            return
        with self._doubting():
            await self._close_window()
            try:
                await within(self._open(), self._channel.open_timeout, self._clock)
            except TimeoutError:
                raise UpstreamTimeout("The page did not get ready in time.", acted=False) from None

    async def submit(self, question: Question) -> None:
        if self._asking is None or self._window is None:
            await self.open()
        await self._prepared()
        window, asking = self._window, self._asking
        if window is None or asking is None:
            raise UpstreamInterrupted("The page was closed.", acted=False, charged=False)
        with self._doubting():
            try:
                exchange = await within(
                    asking.ask(question, window.capture),
                    self._channel.submit_timeout,
                    self._clock,
                )
            except TimeoutError:
                raise UpstreamTimeout(
                    "The page did not send the question in time.", acted=False
                ) from None
        limits = Limits(
            first=self._channel.first_timeout,
            silence=self._channel.silence_timeout,
            total=self._channel.total_timeout,
        )
        self._model = question.model
        self._reading = Reading(exchange, limits, self._clock, self._notices)

    async def stream(self) -> AsyncGenerator[ChatEvent, None]:
        reading = self._reading
        if reading is None:
            raise UpstreamInterrupted("Nothing was asked.", acted=False, charged=False)
        with self._doubting():
            status = await reading.status()
            if status >= 400:
                found = refusal(
                    status, await _body(reading), model=self._model, now=self._seconds()
                )
                raise self._believed(found)
            answer = Answer(model=self._model, calls=self._calls(), now=self._seconds)
            async with contextlib.aclosing(reading.chunks()) as chunks:
                async for chunk in chunks:
                    for event in answer.push(chunk):
                        yield event
            last = list(answer.ended())
        self._refusals = 0
        # The page begins its next chat while this one's end is told.
        await self._ended()
        self._preparing = asyncio.create_task(self._prepare())
        for event in last:
            yield event

    async def cancel(self) -> None:
        reading = self._reading
        if reading is None:
            return
        if not reading.ended:
            window = self._window
            if window is not None and self._asking is not None and window.alive:
                with contextlib.suppress(PlugwayError, TimeoutError):
                    await within(self._asking.run.stop(), _STOPPED, self._clock)
            if not await reading.end(_STOPPED):
                # A page that is closed asks for nothing.
                self._doubt = "the page did not stop its answer"
                await self._close_window()
        await self._ended()

    def health(self) -> Health:
        there = self._window is not None and self._window.alive
        return Health(open=there, ready=there and not self._doubt, reason=self._doubt)

    async def state(self) -> dict[str, Any] | None:
        """Return the profile as the browser has it now; None: it is not open.

        Raises:
            Unavailable: The browser has ended.
        """
        return None if self._context is None else await self._context.state()

    async def close(self) -> None:
        if self._preparing is not None:
            self._preparing.cancel()
        await self._close_window()
        await self._ended()
        await self._close_context()

    def _usable(self) -> bool:
        return self._window is not None and self._window.alive and not self._doubt

    async def _open(self) -> None:
        """Open a page in the profile's context, which is made anew when its browser has ended."""
        if self._context is not None and not self._context.open:
            await self._close_context()
        if self._context is not None:
            try:
                window = await self._opened(self._context)
            except Unavailable:
                # The driver does not tell of its own death; whoever asks it hears of it.
                await self._close_context()
        if self._context is None:
            self._context = await self._browsers.context(self._state, proxy=self._proxy)
            window = await self._opened(self._context)
        self._window = window
        asking = Asking(
            window,
            self._base,
            temporary=self._channel.temporary,
            titles=self._titles,
            usual=self._usual,
        )
        await asking.chat.first(self._model)
        self._asking, self._doubt = asking, ""

    async def _opened(self, context: Context) -> Window:
        return await Window.opened(
            context.window,
            base=self._base,
            selectors=self._selectors,
            capture=self._settings.capture,
            clock=self._clock,
            models=self._models,
        )

    async def _prepare(self) -> None:
        """Begin the next chat, so that the next question finds it."""
        if self._asking is None:
            return
        with contextlib.suppress(PlugwayError):
            # What is not ready now is made so, or fails, when it is needed.
            await self._asking.chat.prepare(temporary=self._channel.temporary)

    async def _prepared(self) -> None:
        task, self._preparing = self._preparing, None
        if task is not None:
            await task

    async def _notices(self) -> PlugwayError | None:
        """Return what the page says while nothing comes."""
        if self._window is None or not self._window.alive:
            return None
        try:
            seen = await self._window.dom.look(*PARTS)
        except PlugwayError:
            # A page that is gone ends its requests, and those say why.
            return None
        found = meaning(seen, model=self._model, now=self._seconds())
        return None if found is None else self._believed(found)

    def _believed(self, error: PlugwayError) -> PlugwayError:
        """Return what an error is taken for: a first refusal need not be the account's.

        A page whose mark of itself is not good is refused in the same words (reference: "RPC that
        carries the answer"); it is opened anew.
        """
        if type(error) is not CredentialRestricted:
            return error
        self._refusals += 1
        if self._refusals > 1:
            return error
        return UpstreamError(error.message, acted=False, charged=False)

    async def _ended(self) -> None:
        reading, self._reading = self._reading, None
        if reading is not None:
            await reading.close()

    async def _close_window(self) -> None:
        task, self._preparing = self._preparing, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        window, self._window, self._asking = self._window, None, None
        if window is not None:
            await window.close()

    async def _close_context(self) -> None:
        context, self._context = self._context, None
        if context is not None:
            await context.close()

    @contextlib.contextmanager
    def _doubting(self) -> Iterator[None]:
        """Trust the page no more after an error, unless it is the question's."""
        try:
            yield
        except (BadRequest, NotFound):
            raise
        except GeneratorExit:
            # Nobody reads on; `cancel` says what becomes of the page.
            raise
        except BaseException as error:
            self._doubt = str(error) or type(error).__name__
            raise

    def _seconds(self) -> float:
        return self._clock.now() / 1_000_000

    def _calls(self) -> str:
        return f"call_{secrets.token_hex(8)}"


async def _body(reading: Reading) -> bytes:
    """Return what a refusal says; a page that goes elsewhere may cut it, and the status counts."""
    body = bytearray()
    with contextlib.suppress(UpstreamInterrupted):
        async with contextlib.aclosing(reading.chunks()) as chunks:
            async for chunk in chunks:
                body += chunk[: _REFUSAL - len(body)]
    return bytes(body)
