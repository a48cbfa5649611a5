"""One visit to the page in a browser: whether somebody is signed in there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from plugway import (
    BadRequest,
    Browser,
    CredentialRestricted,
    QuotaExhausted,
    UnreadableAnswer,
    UpstreamError,
    UpstreamUnreachable,
)
from plugway_aistudio.capture.capture import MODELS
from plugway_aistudio.page import address
from plugway_aistudio.profiles import profile_file

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Frame, Page, Response

    from plugway_aistudio.profiles.profile import Profile

#: Where a new chat is; that page asks for the list of models (reference: "Parts").
PATH = "/prompts/new_chat"

#: Seconds that a sign-in page must stay, for some only pass a visitor on.
_STAY = 1.0


class Visit:
    """Follows one browser from the page of a new chat on; it looks and never types.

    The page asks for its list of models as soon as somebody is signed in (reference: "Auth
    profiles"), so an answer to that is the proof.
    """

    page: Page

    def __init__(self, context: BrowserContext, base: str) -> None:
        """Begin to follow.

        Args:
            context: The browser's, which is nobody else's.
            base: The channel's base URL.
        """
        self._context = context
        self._base = base.rstrip("/")
        self._news = asyncio.Event()
        self._models: int | None = None
        self._document = 200
        self._read = False
        context.on("response", self._responded)

    async def begin(self) -> None:
        """Open the page.

        Raises:
            UpstreamUnreachable: The network did not let it.
        """
        from playwright.async_api import Error

        self.page = await self._context.new_page()
        self.page.on("framenavigated", self._navigated)
        self.page.on("domcontentloaded", self._loaded)
        self.page.on("close", self._closed)
        try:
            await self.page.goto(self._base + PATH, wait_until="commit", timeout=0)
        except Error as error:
            found = Browser.problem(error)
            # One that is aborted goes on elsewhere, or its window was closed.
            if isinstance(found, UpstreamUnreachable) and "ABORTED" not in found.message:
                raise found from None

    async def proof(self) -> None:
        """Wait until the page shows that somebody is signed in.

        Raises:
            CredentialExpired: Nobody is.
            ChallengeRequired: The upstream wants a person.
            CredentialRestricted: The account may not use AI Studio.
            QuotaExhausted: It was visited too often.
            UpstreamUnreachable: Something before the upstream failed.
        """
        while self._models is None:
            self._news.clear()
            if refused := _refusal(self._document):
                raise refused
            elsewhere = self._elsewhere() if self._read else None
            if not await self._hear() and elsewhere is not None and self._models is None:
                raise elsewhere
        if refused := _refusal(self._models):
            raise refused

    async def signed_in(self) -> bool:
        """Wait until a person has signed in.

        Returns:
            Whether that happened before the last window was closed.

        Raises:
            CredentialRestricted: The account may not use AI Studio.
        """
        while True:
            self._news.clear()
            if self._models is not None:
                refused = _refusal(self._models)
                if isinstance(refused, CredentialRestricted):
                    raise refused
                if refused is None:
                    return True
                # Of a page that asks for the sign-in next.
                self._models = None
            if not self._context.pages:
                return False
            await self._hear()

    async def profile(self, name: str, now: float) -> Profile:
        """Take what the browser has.

        Args:
            name: What it is called.
            now: Seconds since 1970.

        Raises:
            UnreadableAnswer: There is no sign-in of Google's in it.
        """
        return taken(await self._context.storage_state(), name, now)

    def _elsewhere(self) -> UpstreamError | None:
        """Return what it means where the page is; None: it is AI Studio, or nothing yet."""
        url = self.page.url
        return address.meaning(url, self._base) if url.startswith(("http://", "https://")) else None

    async def _hear(self) -> bool:
        """Wait for news; False: there was none for a while."""
        try:
            async with asyncio.timeout(_STAY):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    def _responded(self, response: Response) -> None:
        request = response.request
        if urlsplit(response.url).path.endswith(MODELS) and request.method == "POST":
            self._models = response.status
            self._news.set()
        elif request.is_navigation_request() and self._is_page(response):
            self._document = response.status
            self._news.set()

    def _is_page(self, response: Response) -> bool:
        """Say whether an answer is the page's own, not one that leads elsewhere."""
        if response.request.frame.parent_frame is not None or 300 <= response.status < 400:
            return False
        return _origin(response.url) == _origin(self._base)

    def _navigated(self, frame: Frame) -> None:
        if frame.parent_frame is None:
            self._read = False
            self._news.set()

    def _loaded(self, _: Page) -> None:
        self._read = True
        self._news.set()

    def _closed(self, _: Page) -> None:
        self._news.set()


def taken(state: object, name: str, now: float) -> Profile:
    """Return what a browser's context has as a profile.

    Args:
        state: Its storage state.
        name: What the profile is called.
        now: Seconds since 1970.

    Raises:
        UnreadableAnswer: It is not one of a browser that is signed in.
    """
    try:
        found = profile_file.profile_of(msgspec.json.encode(state).decode(), name)
    except BadRequest as error:
        raise UnreadableAnswer(
            f"The browser has no profile to keep: {error.message.removeprefix('secret: ')}.",
            acted=False,
        ) from None
    return msgspec.structs.replace(found, saved_at=int(now))


def _refusal(status: int) -> UpstreamError | None:
    """Return what a status of the page or of its list means; None: nothing bad."""
    if status == 429:
        return QuotaExhausted("The upstream answered with status 429.", acted=False)
    return address.of_status(status)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or usual
