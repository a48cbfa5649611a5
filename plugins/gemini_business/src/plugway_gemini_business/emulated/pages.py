"""The pages of the sign-in and behind it, for a real browser (reference §2.2).

| request | answers |
|---|---|
| `GET /` | redirects to the page after the sign-in, or to the sign-in |
| `GET /home/cid/<configId>?csesidx=<n>` | that page: sets cookies, and uses a bearer |
| `GET /login`, `POST /login` | asks for the e-mail address of an account there is |
| `GET /verify-oob-code`, `POST` | asks for `Account.code`; right: sets new cookies |
| `GET /challenge` | wants a person; nothing leads on from it |
| `GET /restricted` | says with status 403 that the account may not be used |

Only `/`, `/cid/<configId>` and `csesidx` are facts; the other paths are made up. What an
account's browser gets is `Account.page`: `challenge` and `restricted` lead to those pages,
from the sign-in and behind it; `endless` is a page whose loading never ends; `idle` one that
loads and asks for nothing.

The cookies are `Secure`, as their names demand. Chromium takes them over plain HTTP from
`127.0.0.1` and `localhost`, and has `crypto.subtle` there, so the emulator needs no
certificate. Who puts the cookie `__Host-C_OSES` into a browser by the DevTools protocol
gives it an address that begins with `https:`, and no domain; ports do not count for cookies.
"""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from plugway_gemini_business.emulated import html
from plugway_gemini_business.emulated.accounts import OSES, SES, Account, Accounts
from plugway_gemini_business.emulated.behaviour import Behaviour
from plugway_gemini_business.emulated.door import Door, Handler, Plain
from plugway_gemini_business.emulated.minting import Minting
from plugway_gemini_business.emulated.moment import Moment
from plugway_gemini_business.emulated.truth import Truth, Use


class Pages:
    """Answers browsers."""

    def __init__(
        self,
        door: Door,
        minting: Minting,
        accounts: Accounts,
        behaviour: Behaviour,
        moment: Moment,
        truth: Truth,
    ) -> None:
        """Prepare.

        Args:
            door: The way in.
            minting: Knows who is signed in.
            accounts: Who may sign in.
            behaviour: How it behaves.
            moment: Tells the time.
            truth: Keeps what really happened.
        """
        self._door = door
        self._minting = minting
        self._accounts = accounts
        self._behaviour = behaviour
        self._moment = moment
        self._truth = truth

    def routes(self) -> list[web.RouteDef]:
        """Return its routes."""
        return [
            web.get("/", self._page(self._front)),
            web.get("/home/cid/{config}", self._page(self._home)),
            web.get("/login", self._page(self._login)),
            web.post("/login", self._page(self._named)),
            web.get("/verify-oob-code", self._page(self._code)),
            web.post("/verify-oob-code", self._page(self._coded)),
            web.get("/challenge", self._page(self._challenge)),
            web.get("/restricted", self._page(self._restricted)),
            web.get("/favicon.ico", self._icon),
        ]

    def _page(self, plain: Plain) -> Handler:
        """Return what answers a page, unless a mishap does."""

        async def answer(request: web.Request, use: Use) -> web.StreamResponse:
            account = self._minting.signed_in(request)
            if account is not None:
                self._truth.belongs(use, account.name)
            early = await self._door.before(request, self._door.mishap(use))
            return early if early is not None else await plain(request, use)

        return self._door.handler("page", answer)

    async def _front(self, request: web.Request, use: Use) -> web.StreamResponse:
        account = self._minting.signed_in(request)
        if account is None:
            raise web.HTTPFound("/login?continueUrl=%2F")
        raise web.HTTPFound(f"/home/cid/{account.config_id}?csesidx={account.csesidx}")

    async def _home(self, request: web.Request, use: Use) -> web.StreamResponse:
        account = self._minting.signed_in(request)
        if account is None or account.config_id != request.match_info["config"]:
            raise web.HTTPFound("/login?continueUrl=%2F")
        self._divert(account)
        if account.page == "endless":
            response = web.StreamResponse(headers={"Content-Type": "text/html; charset=utf-8"})
            await response.prepare(request)
            await response.write(html.unfinished().encode())
            await self._door.wait(0)
            return response
        now = int(self._moment.now())
        asks = account.page == "normal"
        page = html.home(account.email, account.csesidx, account.config_id, now, asks=asks)
        answer = _html(page)
        if self._behaviour.renews and asks:
            if self._behaviour.renewal_revokes:
                account.revoke()
            self._set_cookies(answer, account)
        return answer

    async def _login(self, request: web.Request, use: Use) -> web.StreamResponse:
        return _html(html.login())

    async def _named(self, request: web.Request, use: Use) -> web.StreamResponse:
        account = self._accounts.of_email(await _given(request, "email"))
        if account is None:
            return _html(html.login("Couldn’t find an account with that address."))
        self._truth.belongs(use, account.name)
        self._divert(account)
        raise web.HTTPSeeOther(f"/verify-oob-code?email={quote(account.email)}")

    async def _code(self, request: web.Request, use: Use) -> web.StreamResponse:
        account = self._accounts.of_email(request.query.get("email", ""))
        if account is None:
            raise web.HTTPFound("/login?continueUrl=%2F")
        return _html(html.code(account.email, self._mailed(account)))

    async def _coded(self, request: web.Request, use: Use) -> web.StreamResponse:
        account = self._accounts.of_email(await _given(request, "email"))
        if account is None:
            raise web.HTTPSeeOther("/login?continueUrl=%2F")
        self._truth.belongs(use, account.name)
        given = (await _given(request, "code")).strip().upper()
        if given != account.code.upper():
            complaint = "That code is wrong. Try again."
            return _html(html.code(account.email, self._mailed(account), complaint))
        self._divert(account)
        if account.state == "expired":
            account.state = "good"
        # The cookies go with the redirect, as its page asks for them at once.
        answer = web.Response(status=303, headers={"Location": "/"})
        self._set_cookies(answer, account)
        return answer

    async def _challenge(self, request: web.Request, use: Use) -> web.StreamResponse:
        return _html(html.challenge())

    async def _restricted(self, request: web.Request, use: Use) -> web.StreamResponse:
        return _html(html.restricted(), status=403)

    async def _icon(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=204)

    def _mailed(self, account: Account) -> str:
        return account.code if self._behaviour.show_code else ""

    def _divert(self, account: Account) -> None:
        """Lead an account that may not go on elsewhere."""
        if account.state == "restricted" or account.page == "restricted":
            raise web.HTTPSeeOther("/restricted")
        if account.page == "challenge":
            raise web.HTTPSeeOther("/challenge")

    def _set_cookies(self, answer: web.Response, account: Account) -> None:
        pair = account.sign_in(self._moment.now())
        lasts = f"Path=/; Max-Age={int(self._behaviour.cookie_seconds)}; Secure; HttpOnly"
        for name, value in ((SES, pair.ses), (OSES, pair.oses)):
            answer.headers.add("Set-Cookie", f"{name}={value}; {lasts}; SameSite=Lax")


async def _given(request: web.Request, name: str) -> str:
    value = (await request.post()).get(name)
    return value if isinstance(value, str) else ""


def _html(page: str, status: int = 200) -> web.Response:
    return web.Response(text=page, status=status, content_type="text/html")
