"""What a browser gets: the page of AI Studio, or what it shows to those who may not see it."""

from __future__ import annotations

from importlib import resources
from typing import Any

import msgspec
from aiohttp import web

from plugway_aistudio.emulated.accounts import Account, Accounts
from plugway_aistudio.emulated.behaviour import Behaviour
from plugway_aistudio.emulated.gate import Gate
from plugway_aistudio.emulated.mishaps import Mishap, Mishaps, Moment
from plugway_aistudio.emulated.profile import renewed
from plugway_aistudio.emulated.rpc import SERVICE, TOLD
from plugway_aistudio.emulated.signin import SignIn
from plugway_aistudio.emulated.tokens import Tokens

#: Where the page's own files are.
FILES = "/_site/"

#: Where the page asks what goes wrong; nothing of the real site.
MOMENT = "/_emulator/aistudio/moment"

#: As strict as the real one, which counts for whoever puts scripts into the page.
_POLICY = (
    "script-src 'self' 'unsafe-inline'; connect-src 'self'; object-src 'none'; "
    "img-src 'self' data: blob:; frame-src 'self' data:"
)

_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}

_MOVED = """<!doctype html><html lang="en"><head><title>Account moved</title></head>
<body><h1>This account has moved</h1>
<p>AI Studio is not available any more for this account. Use the service it has moved to.</p>
</body></html>"""


class Pages:
    """Serves the page and its files."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        behaviour: Behaviour,
        tokens: Tokens,
        mishaps: Mishaps,
        gate: Gate,
        signin: SignIn,
    ) -> None:
        """Prepare.

        Args:
            accounts: Who may see it.
            behaviour: How it behaves.
            tokens: Marks each load.
            mishaps: What is still to go wrong.
            gate: Lets go what waits.
            signin: Where those go who are not signed in.
        """
        self._accounts = accounts
        self._behaviour = behaviour
        self._tokens = tokens
        self._mishaps = mishaps
        self._gate = gate
        self._signin = signin
        self._site = resources.files("plugway_aistudio.emulated") / "website"

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/", self._start),
            web.get("/prompts/{chat}", self._page),
            web.get("/moved", self._moved),
            web.get("/favicon.ico", self._icon),
            web.get(FILES + "{file}", self._file),
            web.post(MOMENT, self._moment),
        ]

    async def _start(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("/prompts/new_chat")

    async def _page(self, request: web.Request) -> web.StreamResponse:
        account = self._admit(request)
        mishaps = self._mishaps.take("load", account.name)
        for slow in (each for each in mishaps if each.kind == "slow_page"):
            await self._gate.wait(slow.seconds)
        told = msgspec.json.encode(self._told(account, mishaps)).decode()
        html = (self._site / "index.html").read_text()
        # In a script's element, only this could end it.
        html = html.replace("{{config}}", told.replace("</", "<\\/"))
        answer = web.Response(text=html, content_type="text/html")
        answer.headers["Content-Security-Policy"] = _POLICY
        answer.headers["Cache-Control"] = "no-store"
        answer.headers.add("Set-Cookie", renewed(account))
        return answer

    def _admit(self, request: web.Request) -> Account:
        account = self._accounts.of(request.cookies)
        if account is None or not account.holds(request.cookies):
            raise web.HTTPFound(self._signin.address(request))
        if account.state == "challenge":
            raise web.HTTPFound(self._signin.challenge(request))
        if account.state == "migrated":
            raise web.HTTPFound("/moved")
        return account

    def _told(self, account: Account, mishaps: list[Mishap]) -> dict[str, Any]:
        behaviour = self._behaviour
        return {
            "mark": self._tokens.load(account.name).mark,
            "email": account.email,
            "layout": behaviour.layout,
            "renamed": sorted(behaviour.renamed),
            "temporaryIn": behaviour.temporary_in,
            "temporaryStays": behaviour.temporary_stays,
            "autosaveSeconds": behaviour.autosave_seconds,
            "uploadSeconds": behaviour.upload_seconds,
            "narrow": behaviour.narrow,
            "service": SERVICE,
            "moment": MOMENT,
            "told": TOLD,
            "mishaps": [each.shown() for each in mishaps],
        }

    async def _moved(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text=_MOVED, content_type="text/html")

    async def _icon(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=204)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["file"]
        kept = {each.name: each for each in self._site.iterdir()}
        if name not in kept:
            raise web.HTTPNotFound
        suffix = name[name.rfind(".") :]
        return web.Response(
            text=kept[name].read_text(),
            content_type=_TYPES.get(suffix, "text/plain"),
            headers={"Cache-Control": "no-cache"},
        )

    async def _moment(self, request: web.Request) -> web.StreamResponse:
        account = self._accounts.of(request.cookies)
        try:
            happens = msgspec.json.decode(await request.read(), type=_Happens)
        except msgspec.MsgspecError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        name = "" if account is None else account.name
        taken = self._mishaps.take(happens.moment, name)
        body = msgspec.json.encode([each.shown() for each in taken])
        return web.Response(body=body, content_type="application/json")


class _Happens(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    moment: Moment
