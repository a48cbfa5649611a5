"""One visit to the upstream's front page in a browser: what the network and the pages tell."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import msgspec

from plugway import Browser, UnreadableAnswer, UpstreamUnreachable
from plugway_gemini_business import account_file, cookie_jar, dead_end
from plugway_gemini_business.account import SESSION_COOKIE, Account, Cookie

if TYPE_CHECKING:
    from collections.abc import Iterable

    from playwright.async_api import BrowserContext, Frame, Page, Request, Response

#: Seconds until a page is looked at again that has told nothing new, that the answer to the
#: request with the bearer is waited for, and that a page gets to show its text.
_AGAIN, _ANSWER, _TEXT = 1.0, 10.0, 2.0

#: Where the page asks for the key of its bearer (reference: "Minting the bearer").
_KEY = "/auth/getoxsrf"

_CONFIG = re.compile(r"/cid/([0-9A-Za-z_-]{1,128})(?:/|$)")
_DIGITS = re.compile(r"[0-9]{1,32}")
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")

#: Characters of a page that are looked through for an address.
_PAGE = 100_000


class Place(msgspec.Struct, frozen=True):
    """Says where the upstream is.

    Attributes:
        front: Scheme and host of the page for people.
        api: Scheme and host of the API that the page uses.
    """

    front: str
    api: str


class Visit:
    """Follows one browser from the front page on; it looks and never types."""

    page: Page

    def __init__(self, context: BrowserContext, place: Place) -> None:
        """Begin to follow.

        Args:
            context: The browser, which is nobody else's.
            place: Where the upstream is.
        """
        self._context = context
        self._place = place
        self._news = asyncio.Event()
        self._bearer: Request | None = None
        self._document: Response | None = None
        self._key: Response | None = None
        self._read = False
        context.on("request", self._requested)
        context.on("response", self._responded)

    async def begin(self, cookies: Iterable[Cookie] = ()) -> None:
        """Open the front page.

        Args:
            cookies: Those of the account.

        Raises:
            UpstreamUnreachable: The network did not let it.
        """
        from playwright.async_api import Error

        for cookie in cookies:
            try:
                given = cookie_jar.carried(cookie, self._place.front)
                await self._context.add_cookies([given])  # type: ignore[list-item]  # a dict does
            except Error:
                # One that no browser takes does not keep the others out.
                continue
        self.page = await self._context.new_page()
        self.page.on("framenavigated", self._navigated)
        self.page.on("domcontentloaded", self._loaded)
        self.page.on("close", self._closed)
        try:
            await self.page.goto(self._place.front, wait_until="commit", timeout=0)
        except Error as error:
            found = Browser.problem(error)
            # One that is aborted goes on elsewhere, or its window was closed.
            if isinstance(found, UpstreamUnreachable) and "ABORTED" not in found.message:
                raise found from None

    async def proof(self) -> None:
        """Wait until the page has used a bearer, which shows that its cookies are good.

        Raises:
            CredentialExpired: Somebody must sign in.
            ChallengeRequired: The upstream wants a person.
            CredentialRestricted: The account may not be used.
            QuotaExhausted: It was visited too often.
            UpstreamUnreachable: Something before the upstream failed.
        """
        while (bearer := self._bearer) is None:
            self._news.clear()
            await self._look()
            await self._hear()
        refused = dead_end.of_status(await self._status(bearer))
        # What else the API says, or does not say, is nothing that new cookies would help.
        if refused is not None and not isinstance(refused, UpstreamUnreachable):
            raise refused

    async def signed_in(self) -> bool:
        """Wait until a person has signed in.

        Returns:
            Whether that happened before the last window was closed.

        Raises:
            CredentialRestricted: The account may not be used.
        """
        while True:
            self._news.clear()
            if (bearer := self._bearer) is not None:
                status = await self._status(bearer)
                if status == 403:
                    raise dead_end.restricted()
                if status != 401:
                    return True
                # Of a page that asks for the sign-in next.
                self._bearer = None
            if not self._context.pages:
                return False
            await self._hear()

    async def account(self, before: Account | None, *, now: float) -> Account:
        """Take what the browser has of the account.

        Args:
            before: As it was; what cannot be seen is taken from it.
            now: Seconds since 1970.

        Raises:
            UnreadableAnswer: Something is missing.
        """
        found = cookie_jar.kept(
            await self._context.cookies(),
            self._place.front,
            # The browser's own: its cookies end by it.
            now=time.time(),
        )
        session = [left for one, left in found if one.sent and one.name == SESSION_COOKIE]
        if not session:
            raise UnreadableAnswer(f"The browser has no cookie {SESSION_COOKIE}.", acted=False)
        csesidx, config_id = self._ids()
        csesidx = csesidx or (before.csesidx if before else "")
        config_id = config_id or (before.config_id if before else "")
        if not csesidx or not config_id:
            missing = "configId" if csesidx else "csesidx"
            raise UnreadableAnswer(f"The signed-in page does not tell the {missing}.", acted=False)
        # A cookie may be kept for longer than the sign-in holds.
        left = min(session[0] or account_file.LIFETIME, account_file.LIFETIME)
        return Account(
            email=before.email if before else "",
            csesidx=csesidx,
            config_id=config_id,
            cookies=tuple(one for one, _ in found),
            expires_at=int(now + left),
        )

    async def address(self) -> str:
        """Return the e-mail address that the pages show; empty: none, or several."""
        from playwright.async_api import Error

        found: set[str] = set()
        for page in self._context.pages:
            try:
                text = await page.locator("body").inner_text(timeout=_TEXT * 1000)
            except Error:
                continue
            found |= {address.lower() for address in _ADDRESS.findall(text[:_PAGE])}
        return found.pop() if len(found) == 1 else ""

    async def _look(self) -> None:
        """Look at what the page is, as far as it has come.

        Raises:
            UpstreamError: It leads no further.
        """
        from playwright.async_api import Error

        try:
            found = None
            for answer in (self._document, self._key):
                if found is None and answer is not None:
                    after = (await answer.all_headers()).get("retry-after", "")
                    found = dead_end.of_status(answer.status, after)
            found = found or await dead_end.of_page(self.page, read=self._read)
        except Error:
            if self.page.is_closed():
                raise
            # It has gone on meanwhile.
            return
        if found is not None:
            raise found

    async def _status(self, request: Request) -> int:
        """Return the status of a request's answer; 0: none came."""
        from playwright.async_api import Error

        try:
            async with asyncio.timeout(_ANSWER):
                answer = await request.response()
        except (Error, TimeoutError):
            return 0
        return answer.status if answer is not None else 0

    async def _hear(self) -> None:
        """Wait for news, or until it is time to look again."""
        try:
            async with asyncio.timeout(_AGAIN):
                await self._news.wait()
        except TimeoutError:
            return

    def _ids(self) -> tuple[str, str]:
        """Return `csesidx` and `configId` as far as they can be seen (reference: "Account
        material"): the bearer names one, what it is used for the other, and pages both.
        """
        csesidx = config_id = ""
        if (request := self._bearer) is not None:
            csesidx = account_file.of_bearer(request.headers.get("authorization", ""))
            config_id = _config_of_body(request)
        for address in [urlsplit(page.url) for page in self._context.pages]:
            match = _CONFIG.search(address.path)
            config_id = config_id or (match[1] if match else "")
            shown = parse_qs(address.query).get("csesidx", [""])[0]
            csesidx = csesidx or (shown if _DIGITS.fullmatch(shown) else "")
        return csesidx, config_id

    def _requested(self, request: Request) -> None:
        if self._bearer is None and _origin(request.url) == self._place.api:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme == "Bearer" and token.count(".") == 2:
                self._bearer = request
                self._news.set()

    def _responded(self, response: Response) -> None:
        request = response.request
        if urlsplit(response.url).path == _KEY and _origin(response.url) == self._place.front:
            self._key = response
            self._news.set()
        if not request.is_navigation_request() or 300 <= response.status < 400:
            return
        if request.frame.parent_frame is None:
            self._document = response
            self._news.set()

    def _navigated(self, frame: Frame) -> None:
        if frame.parent_frame is None:
            self._read = False
            self._news.set()

    def _loaded(self, _: Page) -> None:
        self._read = True
        self._news.set()

    def _closed(self, _: Page) -> None:
        self._news.set()


def _config_of_body(request: Request) -> str:
    try:
        given = msgspec.json.decode(request.post_data or "{}")
    except (ValueError, RecursionError):
        return ""
    found = given.get("configId") if isinstance(given, dict) else None
    return found if isinstance(found, str) and _CONFIG.fullmatch(f"/cid/{found}") else ""


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
