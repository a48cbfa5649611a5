"""The sign-in, at another host name of the same machine: as with Google, another origin."""

from __future__ import annotations

import html
import secrets
from urllib.parse import quote, urlsplit

from aiohttp import web

from plugway_aistudio.emulated.accounts import LASTING, OPEN, Account, Accounts
from plugway_aistudio.emulated.profile import renewed

#: Paths of its steps.
IDENTIFIER, PASSWORD, CHALLENGE = (
    "/v3/signin/identifier",
    "/v3/signin/challenge/pwd",
    "/v3/signin/challenge/dp",
)

#: Where the page's own host gets its cookies.
SET_SID = "/accounts/SetSID"

#: Tickets of sign-ins that have not come back yet.
_TICKETS = 100

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><main><h1>{heading}</h1><div role="alert">{problem}</div>{form}</main></body></html>"""


class SignIn:
    """Signs people in, in two steps."""

    def __init__(self, accounts: Accounts) -> None:
        """Prepare.

        Args:
            accounts: Who can sign in.
        """
        self._accounts = accounts
        self._tickets: dict[str, str] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/ServiceLogin", self._service_login),
            web.get(IDENTIFIER, self._identifier),
            web.post(IDENTIFIER, self._identified),
            web.post(PASSWORD, self._signed_in),
            web.get(CHALLENGE, self._challenge),
            web.get(SET_SID, self._set_sid),
        ]

    def address(self, request: web.Request) -> str:
        """Return where a visitor who is not signed in goes.

        Args:
            request: The visit.
        """
        return f"{_elsewhere(request)}{IDENTIFIER}?continue={_back(request)}"

    def challenge(self, request: web.Request) -> str:
        """Return where a visitor goes of whom a person is wanted.

        Args:
            request: The visit.
        """
        return f"{_elsewhere(request)}{CHALLENGE}?continue={_back(request)}"

    async def _service_login(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(f"{IDENTIFIER}?{request.query_string}")

    async def _identifier(self, request: web.Request) -> web.StreamResponse:
        return _ask_email(request.query.get("continue", ""))

    async def _identified(self, request: web.Request) -> web.StreamResponse:
        given = await request.post()
        onward, email = str(given.get("continue", "")), str(given.get("identifier", ""))
        if self._accounts.of_email(email) is None:
            return _ask_email(onward, "Couldn't find your Google Account")
        return _ask_password(onward, email)

    async def _signed_in(self, request: web.Request) -> web.StreamResponse:
        given = await request.post()
        onward, email = str(given.get("continue", "")), str(given.get("identifier", ""))
        account = self._accounts.of_email(email)
        if account is None:
            return _ask_email(onward, "Couldn't find your Google Account")
        if given.get("Passwd") != account.password:
            return _ask_password(onward, email, "Wrong password. Try again.")
        if account.state == "challenge":
            raise web.HTTPSeeOther(f"{CHALLENGE}?continue={quote(onward, safe='')}")
        ticket = secrets.token_hex(16)
        self._tickets[ticket] = account.name
        while len(self._tickets) > _TICKETS:
            del self._tickets[next(iter(self._tickets))]
        parts = urlsplit(onward)
        if parts.scheme not in ("http", "https"):
            raise web.HTTPBadRequest(text="continue: not an address")
        home = f"{parts.scheme}://{parts.netloc}"
        where = f"{home}{SET_SID}?ticket={ticket}&continue={quote(onward, safe='')}"
        raise web.HTTPSeeOther(where)

    async def _challenge(self, request: web.Request) -> web.StreamResponse:
        return _html("Sign in - Google Accounts", "Verify it's you", "", "<p>Use your phone.</p>")

    async def _set_sid(self, request: web.Request) -> web.StreamResponse:
        name = self._tickets.pop(request.query.get("ticket", ""), None)
        if name is None:
            raise web.HTTPForbidden(text="This sign-in was used already.")
        account = self._accounts[name]
        account.sign_in()
        answer = web.Response(status=302, headers={"Location": request.query.get("continue", "/")})
        set_cookies(answer, account)
        return answer


def set_cookies(answer: web.Response, account: Account) -> None:
    """Give a browser an account's newest cookies.

    Args:
        answer: What carries them.
        account: Whose.
    """
    for name, value in account.cookies().items():
        secure = "; Secure" if name.startswith("__Secure-") else ""
        only = "" if name in OPEN else "; HttpOnly"
        marks = f"Path=/; Max-Age={LASTING}; SameSite=Lax{secure}{only}"
        if name != "SIDCC":
            answer.headers.add("Set-Cookie", f"{name}={value}; {marks}")
    answer.headers.add("Set-Cookie", renewed(account))


def _elsewhere(request: web.Request) -> str:
    """Return the other origin: the machine has two names."""
    host, _, port = request.host.rpartition(":")
    other = "127.0.0.1" if host == "localhost" else "localhost"
    return f"{request.scheme}://{other}:{port}"


def _back(request: web.Request) -> str:
    return quote(str(request.url), safe="")


def _ask_email(onward: str, problem: str = "") -> web.Response:
    form = (
        f'<form method="post" action="{IDENTIFIER}">{_kept("continue", onward)}'
        '<input type="email" name="identifier" id="identifierId" aria-label="Email or phone">'
        "<button>Next</button></form>"
    )
    return _html("Sign in - Google Accounts", "Sign in", problem, form)


def _ask_password(onward: str, email: str, problem: str = "") -> web.Response:
    form = (
        f'<form method="post" action="{PASSWORD}">{_kept("continue", onward)}'
        f"{_kept('identifier', email)}"
        '<input type="password" name="Passwd" aria-label="Enter your password">'
        "<button>Next</button></form>"
    )
    return _html("Sign in - Google Accounts", "Welcome", problem, form)


def _kept(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{html.escape(value)}">'


def _html(title: str, heading: str, problem: str, form: str) -> web.Response:
    page = _PAGE.format(
        title=title, heading=html.escape(heading), problem=html.escape(problem), form=form
    )
    return web.Response(text=page, content_type="text/html")
