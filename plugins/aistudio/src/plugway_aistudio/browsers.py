"""The one browser, and in it a context for each profile."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from plugway import Browser, CredentialExpired, Unavailable
from plugway_aistudio.camoufox import camoufox
from plugway_aistudio.holding import Held
from plugway_aistudio.settings import AIStudioSettings

if TYPE_CHECKING:
    from playwright.async_api import Browser as Running
    from playwright.async_api import BrowserContext, ProxySettings

    from plugway import Clock

#: Seconds that a context gets to close or to open, before its browser is held to be dead.
PATIENCE = 30.0


class BrowserHealth(msgspec.Struct, frozen=True, kw_only=True):
    """Says how the browser is.

    Attributes:
        running: It runs; one that nobody needs does not.
        contexts: Contexts that are open in it.
        restarts: How often one has been started after one that ended by itself.
        seconds: Since it was started; 0: it does not run.
        failed: It could not be started when it was wanted last.
    """

    running: bool
    contexts: int
    restarts: int
    seconds: float
    failed: bool


class Context:
    """Is a browser context of one profile, with a way out of its own.

    Attributes:
        window: The driver's; pages are opened in it.
    """

    def __init__(self, window: BrowserContext, way: Held[Any], closed: Callable[[], None]) -> None:
        """Keep them; `Browsers.context` makes one.

        Args:
            window: The driver's.
            way: What leads it through its proxy.
            closed: Called when it has been closed.
        """
        self.window = window
        self._way = way
        self._closed = closed
        self._closing: asyncio.Task[None] | None = None

    @property
    def open(self) -> bool:
        """Return whether it can be used, as far as that is known."""
        browser = self.window.browser
        return self._closing is None and browser is not None and browser.is_connected()

    async def state(self) -> dict[str, Any]:
        """Return its cookies and storage, as the profile's file has them.

        Raises:
            Unavailable: The browser ended.
        """
        from playwright.async_api import Error

        try:
            return dict(await self.window.storage_state())
        except Error as error:
            raise Browser.problem(error) from None

    async def close(self) -> None:
        """Close it and its way, in bounded time; a second time does nothing.

        A wait that is cancelled closes it all the same.
        """
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        from playwright.async_api import Error

        try:
            with contextlib.suppress(Error, TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self.window.close()
            await self._way.close()
        finally:
            self._closed()


class Browsers:
    """Runs one browser for all profiles: from the first that needs it, anew when it has ended."""

    def __init__(
        self, browser: Browser, settings: Callable[[], AIStudioSettings], clock: Clock
    ) -> None:
        """Prepare; nothing runs before the first context.

        Args:
            browser: The machine's.
            settings: Gives the plugin's settings as they are now.
            clock: The gateway's.
        """
        self._browser = browser
        self._settings = settings
        self._clock = clock
        self._run: _Run | None = None
        self._contexts: set[Context] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._ended_itself = False
        self._closed = False
        self.restarts = 0

    def health(self) -> BrowserHealth:
        """Say how the browser is, without asking it."""
        run = self._run
        there = run is not None and run.alive
        return BrowserHealth(
            running=there,
            contexts=0 if run is None or not there else len(run.contexts),
            restarts=self.restarts,
            seconds=0.0 if run is None or not there else self._clock.monotonic() - run.began,
            failed=run is not None and not there and not run.ran,
        )

    async def context(self, state: Mapping[str, Any], *, proxy: str | None) -> Context:
        """Open a context with a profile's cookies and storage, and nothing else's.

        Args:
            state: As the profile's file has it (Playwright's `storage_state`).
            proxy: URL of its proxy, login included; `direct`: none; None: the machine's.

        Raises:
            ConfigurationError: There is no browser, no display, or no proxy of this kind.
            Unavailable: The browser did not open, or ended meanwhile.
            CredentialExpired: The state is not one that a browser takes.
        """
        way: Held[ProxySettings | None] = Held(self._browser.way(proxy))
        try:
            through = await way.value()
            while True:
                run = self._running()
                with run.wanted():
                    running = await run.started()
                    window = await self._window(run, running, state, through)
                    if window is not None:
                        return self._kept(run, window, way)
        except BaseException:
            await way.close()
            raise

    async def rest(self) -> None:
        """End the browser if it runs and nobody has a context; the next one starts it again."""
        run = self._run
        if run is not None and run.alive and not run.contexts and not run.asking:
            self._run = None
            await run.end()

    async def close(self) -> None:
        """End the browser and every context, in bounded time; a second time does nothing."""
        self._closed = True
        run, self._run = self._run, None
        # Together: each may take its time.
        await asyncio.gather(*(context.close() for context in list(self._contexts)))
        if run is not None:
            await run.end()
        if self._ending:
            await asyncio.wait(self._ending)

    def _running(self) -> _Run:
        """Return the browser that runs or is being started; starts one if there is none."""
        if self._closed:
            raise Unavailable("The gateway stops.")
        if self._run is not None and not self._run.alive:
            self._drop(self._run)
        if self._run is None:
            self.restarts += self._ended_itself
            self._ended_itself = False
            self._run = _Run(self._block(), self._clock.monotonic(), self._drop)
        return self._run

    def _kept(self, run: _Run, window: BrowserContext, way: Held[Any]) -> Context:
        def closed() -> None:
            run.contexts.discard(context)
            self._contexts.discard(context)

        context = Context(window, way, closed)
        run.contexts.add(context)
        self._contexts.add(context)
        return context

    def _drop(self, run: _Run) -> None:
        """Let go of a browser that ended by itself; what is left of it ends beside."""
        if self._run is run:
            self._run = None
            self._ended_itself = run.ran
            self._beside(run.end())

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _block(self) -> AbstractAsyncContextManager[Running]:
        settings = self._settings()
        if settings.engine == "camoufox":
            return camoufox(visible=settings.visible)
        return self._browser.run(visible=settings.visible)

    async def _window(
        self,
        run: _Run,
        running: Running,
        state: Mapping[str, Any],
        proxy: ProxySettings | None,
    ) -> BrowserContext | None:
        """Open a context; None: the browser had ended before, and another is to be asked."""
        from playwright.async_api import Error

        settings = self._settings()
        # In a task of its own: cut short, it would leave a context that nobody closes.
        opening = asyncio.create_task(
            running.new_context(
                storage_state=state,  # type: ignore[arg-type]  # the driver checks it
                viewport={"width": settings.width, "height": settings.height},
                proxy=proxy,
            )
        )
        try:
            async with asyncio.timeout(PATIENCE):
                return await asyncio.shield(opening)
        except (Error, TimeoutError):
            if await _answers(running):
                raise CredentialExpired(
                    "The browser does not take this profile: sign in anew.", acted=False
                ) from None
            self._drop(run)
            return None
        finally:
            if not opening.done():
                self._beside(_abandoned(opening))


class _Run:
    """Is one run of the browser, from its start to its end."""

    def __init__(
        self,
        block: AbstractAsyncContextManager[Running],
        began: float,
        ended: Callable[[_Run], None],
    ) -> None:
        self.began = began
        self.contexts: set[Context] = set()
        #: How many ask for a context.
        self.asking = 0
        self._ended = ended
        self._running: Running | None = None
        self._held = Held(self._watched(block))

    @property
    def ran(self) -> bool:
        """Return whether it was ever there."""
        return self._running is not None

    @property
    def alive(self) -> bool:
        """Return whether it runs or is being started."""
        return not self._held.ended and (self._running is None or self._running.is_connected())

    @contextlib.contextmanager
    def wanted(self) -> Iterator[None]:
        self.asking += 1
        try:
            yield
        finally:
            self.asking -= 1

    async def started(self) -> Running:
        return await self._held.value()

    async def end(self) -> None:
        await self._held.close()

    @asynccontextmanager
    async def _watched(self, block: AbstractAsyncContextManager[Running]) -> AsyncIterator[Running]:
        async with block as running:
            self._running = running
            running.on("disconnected", lambda _: self._ended(self))
            yield running


async def _abandoned(opening: asyncio.Task[BrowserContext]) -> None:
    """Close a context that came too late for whoever wanted it."""
    from playwright.async_api import Error

    with contextlib.suppress(Error, TimeoutError):
        async with asyncio.timeout(PATIENCE):
            await (await opening).close()


async def _answers(running: Running) -> bool:
    """Ask the browser for something small; its driver does not tell of its own death."""
    from playwright.async_api import Error

    try:
        async with asyncio.timeout(PATIENCE):
            await (await running.new_context()).close()
    except (Error, TimeoutError):
        return False
    return True
