"""An applet of the operator's own, and the API that it may ask (reference: "Build app relay").

The applet runs in a frame of another origin. The host lets its requests to the API through: it
sends them here instead, with a mark of the account that has opened the applet.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from importlib import resources
from secrets import token_hex
from typing import Any

from aiohttp import web

from plugway_aistudio.emulated.accounts import Account, Accounts
from plugway_aistudio.emulated.gate import Gate
from plugway_aistudio.emulated.models import MODELS, THINKING
from plugway_aistudio.emulated.quotas import Quotas
from plugway_aistudio.emulated.refusals import Refusal
from plugway_aistudio.emulated.signin import SignIn

#: Header by which the API knows whose applet asks; nothing of the real service.
MARK = "X-Emulated-Applet"

_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Allow-Methods": "POST",
}


class Applet:
    """Serves the applet and the API.

    Attributes:
        bodies: The last requests to the API, oldest first.
        scripted: Answers still to be given, each a list of events, of which a text is sent as it
            is; without one the last text is said again.
        refused: Statuses with which the next requests are refused.
        hidden: The applet's frame has no mark.
        unlisted: Nobody gets the list of models.
        pause: Seconds before each event, at the most: a release ends them.
        left: Answers that the applet did not wait for.
    """

    def __init__(self, accounts: Accounts, signin: SignIn, quotas: Quotas, gate: Gate) -> None:
        """Prepare.

        Args:
            accounts: Who may see it.
            signin: Where those go who are not signed in.
            quotas: Counts questions.
            gate: Lets events go that a test steps through.
        """
        self._accounts = accounts
        self._signin = signin
        self._quotas = quotas
        self._gate = gate
        self._marks: dict[str, str] = {}
        self._site = resources.files("plugway_aistudio.emulated") / "website"
        self.bodies: deque[dict[str, Any]] = deque(maxlen=1_000)
        self.scripted: deque[list[dict[str, Any] | str]] = deque()
        self.refused: deque[int] = deque()
        self.hidden = self.unlisted = False
        self.pause = 0.0
        self.left = 0

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/apps/{name}", self._host),
            web.get("/_applet/{mark}", self._frame),
            web.options("/v1beta/models", self._preflight),
            web.get("/v1beta/models", self._list),
            web.options("/v1beta/models/{rest}", self._preflight),
            web.post("/v1beta/models/{rest}", self._generate),
        ]

    async def _host(self, request: web.Request) -> web.StreamResponse:
        account = self._accounts.of(request.cookies)
        if account is None or not account.holds(request.cookies):
            raise web.HTTPFound(self._signin.address(request))
        mark = token_hex(8)
        self._marks[mark] = account.name
        other = f"http://localhost:{request.url.port}/_applet/{mark}"
        html = (self._site / "applet_host.html").read_text().replace("{{frame}}", other)
        return web.Response(text=html, content_type="text/html")

    async def _frame(self, request: web.Request) -> web.StreamResponse:
        html = (self._site / "applet.html").read_text()
        html = html.replace("{{mark}}", request.match_info["mark"]).replace("{{header}}", MARK)
        if self.hidden:
            html = html.replace("plugway-relay", "something-else")
        return web.Response(text=html, content_type="text/html")

    async def _preflight(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=204, headers=_CORS)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        try:
            self._account(request)
            if self.unlisted:
                raise Refusal(429)
        except Refusal as refusal:
            return _refused(refusal)
        rows = [
            {
                "name": f"models/{one.id}",
                "displayName": one.title,
                "description": one.description,
                "inputTokenLimit": one.input_limit,
                "outputTokenLimit": one.output_limit,
                "supportedGenerationMethods": list(one.methods),
                "thinking": THINKING in one.codes,
            }
            for one in MODELS
        ]
        return web.json_response({"models": rows}, headers=_CORS)

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        try:
            account = self._account(request)
            model, _, method = request.match_info["rest"].partition(":")
            if method != "streamGenerateContent":
                raise Refusal(404, "There is no such method.")
            body = json.loads(await request.read())
            self.bodies.append({"model": model, "account": account.name, **body})
            if self.refused:
                raise Refusal(self.refused.popleft())
            self._quotas.use(account, model)
        except Refusal as refusal:
            return _refused(refusal)
        events: list[dict[str, Any] | str] = [*_echo(body)]
        if self.scripted:
            events = self.scripted.popleft()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **_CORS})
        await response.prepare(request)
        try:
            async for event in self._paced(events):
                text = json.dumps(event, ensure_ascii=False) if isinstance(event, dict) else event
                await response.write(f"data: {text}\r\n\r\n".encode())
        except (ConnectionError, asyncio.CancelledError):
            self.left += 1
            raise
        return response

    async def _paced(
        self, events: list[dict[str, Any] | str]
    ) -> AsyncIterator[dict[str, Any] | str]:
        for event in events:
            if self.pause:
                await self._gate.wait(self.pause)
            yield event

    def _account(self, request: web.Request) -> Account:
        name = self._marks.get(request.headers.get(MARK, ""))
        if name is None:
            raise Refusal(403)
        account = self._accounts[name]
        if account.state != "good":
            raise Refusal(403)
        return account


def _echo(body: dict[str, Any]) -> list[dict[str, Any]]:
    said = "".join(part.get("text", "") for part in body["contents"][-1]["parts"])
    declared = {
        one["name"]
        for tool in body.get("tools", [])
        for one in tool.get("functionDeclarations", [])
    }
    parts: list[dict[str, Any]] = [
        {"functionCall": {"name": name, "args": {"said": said}}}
        for name in sorted(declared)
        if f"call {name}" in said
    ]
    thinks = body.get("generationConfig", {}).get("thinkingConfig", {}).get("includeThoughts")
    events = [_event([{"text": "It was said: ", "thought": True}])] if thinks else []
    events += [_event([part]) for part in parts] or [
        _event([{"text": word}]) for word in _cut(said)
    ]
    usage = {"promptTokenCount": len(said), "candidatesTokenCount": len(said)}
    if thinks:
        usage["thoughtsTokenCount"] = 3
    events.append({**_event([], "STOP"), "usageMetadata": usage})
    return events


def _event(parts: list[dict[str, Any]], finish: str = "") -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate]}


def _cut(text: str) -> list[str]:
    return [text[place : place + 8] for place in range(0, len(text), 8)]


def _refused(refusal: Refusal) -> web.Response:
    error: dict[str, Any] = {"code": refusal.status, "message": f"Refused: {refusal.status}."}
    if refusal.status == 429:
        detail = "type.googleapis.com/google.rpc.RetryInfo"
        error["details"] = [{"@type": detail, "retryDelay": "37s"}]
    return web.json_response({"error": error}, status=refusal.status, headers=_CORS)
