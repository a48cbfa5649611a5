"""The methods that the page calls (reference: "RPC that carries the answer")."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec
from aiohttp import web

from plugway_aistudio.emulated.accounts import Account, Accounts
from plugway_aistudio.emulated.answer import Answer
from plugway_aistudio.emulated.asked import Asked, read
from plugway_aistudio.emulated.behaviour import Behaviour
from plugway_aistudio.emulated.echo import echo, tokens
from plugway_aistudio.emulated.gate import Gate
from plugway_aistudio.emulated.mishaps import SHOWN, Mishap, Mishaps
from plugway_aistudio.emulated.models import Model, listing
from plugway_aistudio.emulated.profile import renewed
from plugway_aistudio.emulated.quotas import Quotas
from plugway_aistudio.emulated.refusals import CONTENT_TYPE, Refusal, exhausted
from plugway_aistudio.emulated.sparse import sparse
from plugway_aistudio.emulated.streaming import Streaming
from plugway_aistudio.emulated.tokens import Tokens

#: Where the methods are.
SERVICE = "/$rpc/google.internal.alkali.applications.makersuite.v1.MakerSuiteService"

#: Tells the page what it is to do wrong with an answer; nothing of the real service.
TOLD = "X-Emulated-Page"

#: Requests that are remembered; older ones are forgotten.
REMEMBERED = 1_000


class Rpc:
    """Answers the methods.

    Attributes:
        asked: The last requests for an answer, oldest first.
        written: Answers that are still to be given, by the order of the questions.
    """

    def __init__(
        self,
        *,
        models: Callable[[], tuple[Model, ...]],
        accounts: Accounts,
        behaviour: Behaviour,
        tokens: Tokens,
        mishaps: Mishaps,
        quotas: Quotas,
        gate: Gate,
    ) -> None:
        """Prepare.

        Args:
            models: Returns those there are.
            accounts: Who may ask.
            behaviour: How it behaves.
            tokens: Takes the page's tokens.
            mishaps: What is still to go wrong.
            quotas: Counts questions.
            gate: Lets frames go.
        """
        self._models = models
        self._accounts = accounts
        self._behaviour = behaviour
        self._tokens = tokens
        self._mishaps = mishaps
        self._quotas = quotas
        self._streaming = Streaming(behaviour, gate)
        self.asked: deque[Asked] = deque(maxlen=REMEMBERED)
        self.written: deque[Answer] = deque()
        self._questions = 0
        self._arrived = asyncio.Event()

    async def until(self, count: int) -> Asked:
        """Wait until answers were asked for, and return the last question.

        Args:
            count: How many in all since the start.
        """
        while self._questions < count:
            await self._arrived.wait()
        return self.asked[-1]

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.post(f"{SERVICE}/GenerateContent", self._generate),
            web.post(f"{SERVICE}/ListModels", self._list),
            web.post(f"{SERVICE}/CountTokens", self._count),
        ]

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        asked = Asked()
        self.asked.append(asked)
        try:
            return await self._answer(request, asked)
        except Refusal as refusal:
            asked.status, asked.ended = refusal.status, "refused"
            return refusal.response()

    async def _answer(self, request: web.Request, asked: Asked) -> web.StreamResponse:
        account = self._account(request)
        asked.account = account.name
        try:
            sent, contents = read(await request.read())
        except ValueError as error:
            raise Refusal(400, str(error)) from None
        for name in sent.__struct_fields__:
            if name != "account":
                setattr(asked, name, getattr(sent, name))
        self._questions += 1
        self._arrived.set()
        self._arrived = asyncio.Event()
        if not self._tokens.take(account.name, asked.token, contents):
            raise Refusal(403)
        model = self._model(asked.model)
        mishaps: dict[str, Mishap] = {
            each.kind: each for each in self._mishaps.take("answer", account.name, model.id)
        }
        if refused := mishaps.get("status"):
            raise Refusal(refused.status, refused.text)
        if used := mishaps.get("quota"):
            raise exhausted(model.id, used.unit, 0, self._quotas.window(used.unit))
        self._quotas.use(account, model.id)
        if self.written:
            answer = self.written.popleft()
        else:
            answer = echo(asked, model, self._behaviour.pause)
        headers = {"Set-Cookie": renewed(account)}
        if shown := [each.shown() for each in mishaps.values() if each.kind in SHOWN]:
            headers[TOLD] = msgspec.json.encode(shown).decode()
        return await self._streaming.send(request, asked, answer, mishaps, headers)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        try:
            account = self._account(request)
        except Refusal as refusal:
            return refusal.response()
        body = sparse(listing(self._models()), self._behaviour.nulls)
        guard = ")]}'\n" if self._behaviour.guarded_list else ""
        headers = {"Content-Type": CONTENT_TYPE, "Set-Cookie": renewed(account)}
        return web.Response(body=(guard + body).encode(), headers=headers)

    async def _count(self, request: web.Request) -> web.StreamResponse:
        try:
            self._account(request)
            sent, _ = read(await request.read())
            self._model(sent.model)
        except ValueError as error:
            return Refusal(400, str(error)).response()
        except Refusal as refusal:
            return refusal.response()
        count = sum(tokens(text) for _, text in sent.turns) + 258 * len(sent.files)
        return web.Response(body=sparse([count]).encode(), headers={"Content-Type": CONTENT_TYPE})

    def _account(self, request: web.Request) -> Account:
        found = self._accounts.of(request.cookies)
        if found is None or not found.holds(request.cookies):
            raise Refusal(401)
        if found.state != "good":
            raise Refusal(403)
        return found

    def _model(self, wanted: str) -> Model:
        for model in self._models():
            if model.id == wanted and "generateContent" in model.methods:
                return model
        raise Refusal(404, f"models/{wanted} is not found, or not supported for generateContent.")
