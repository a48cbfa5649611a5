"""A client of the emulated service, that knows nothing of the plugin's own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any

import aiohttp

from plugway.testing import ManualClock
from plugway_gemini_business.emulated.accounts import OSES, SES
from plugway_gemini_business.emulator import GeminiBusinessEmulator

WIDGETS = "/v1alpha/locations/global"
IMAGES = "file_origin_type = AI_GENERATED"

#: All that a client can allow.
TOOLS = {
    "webGroundingSpec": {},
    "toolRegistry": "default_tool_registry",
    "imageGenerationSpec": {},
    "videoGenerationSpec": {},
}


def encoded(part: bytes | dict[str, Any]) -> str:
    """Write a part of a JWT."""
    content = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def jwt(key: bytes, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Sign a JWT; parts of None are left out."""
    message = ".".join(
        encoded({name: value for name, value in part.items() if value is not None})
        for part in (header, claims)
    )
    return f"{message}.{encoded(hmac.digest(key, message.encode(), hashlib.sha256))}"


class Visitor:
    """Runs an emulator with a clock that stands, and asks it.

    Attributes:
        emulator: The emulator.
        clock: Its time.
        client: Asks.
    """

    def __init__(self, *accounts: str, **behaviour: Any) -> None:
        """Prepare.

        Args:
            accounts: None: `demo`.
            behaviour: Of the emulator.
        """
        self.clock = ManualClock()
        self.emulator = GeminiBusinessEmulator(
            accounts=accounts or ("demo",), now=self.now, **behaviour
        )
        self.client: aiohttp.ClientSession

    def now(self) -> float:
        """Return seconds since 1970."""
        return self.clock.now() / 1_000_000

    async def __aenter__(self) -> Visitor:
        await self.emulator.start()
        # Cookies are sent as given, and never taken over.
        jar = aiohttp.DummyCookieJar()
        self.client = aiohttp.ClientSession(self.emulator.url, cookie_jar=jar)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.client.close()
        await self.emulator.stop()

    def cookies(self, account: str = "demo") -> dict[str, str]:
        """Return the header with an account's newest cookies."""
        pair = self.emulator.accounts[account].sign_ins[-1]
        return {"Cookie": f"{SES}={pair.ses}; {OSES}={pair.oses}"}

    async def mint(
        self, account: str = "demo", headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """Ask for an account's key, and return status and body."""
        params = {"csesidx": self.emulator.accounts[account].csesidx}
        given = self.cookies(account) if headers is None else headers
        async with self.client.get("/auth/getoxsrf", params=params, headers=given) as answer:
            return answer.status, await answer.text()

    async def key(self, account: str = "demo") -> tuple[str, bytes]:
        """Return the id of an account's key, and the key."""
        status, body = await self.mint(account)
        assert status == 200, body
        prefix, _, text = body.partition("\n")
        assert prefix == ")]}'"
        token = json.loads(text)["xsrfToken"]
        assert "=" not in token
        return json.loads(text)["keyId"], base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))

    def claims(self, account: str = "demo") -> dict[str, Any]:
        """Return the claims of reference §1.3."""
        now = int(self.now())
        return {
            "iss": "https://business.gemini.google",
            "aud": "https://biz-discoveryengine.googleapis.com",
            "sub": f"csesidx/{self.emulator.accounts[account].csesidx}",
            "iat": now,
            "nbf": now,
            "exp": now + 300,
        }

    async def bearer(self, account: str = "demo") -> str:
        """Make a bearer."""
        key_id, key = await self.key(account)
        return jwt(key, {"alg": "HS256", "typ": "JWT", "kid": key_id}, self.claims(account))

    async def headers(self, account: str = "demo") -> dict[str, str]:
        """Return the headers of a widget call."""
        return {"Authorization": f"Bearer {await self.bearer(account)}"}

    def body(self, method: str, asked: dict[str, Any], account: str = "demo") -> dict[str, Any]:
        """Put a request into its envelope."""
        name = method.removeprefix("widget")
        return {
            "configId": self.emulator.accounts[account].config_id,
            "additionalParams": {"token": "-"},
            f"{name[0].lower()}{name[1:]}Request": asked,
        }

    async def raw(
        self, method: str, body: Any, account: str = "demo", **headers: str
    ) -> tuple[int, bytes, Any]:
        """Post a body, and return status, body and headers."""
        given = {**await self.headers(account), **headers}
        url = f"{WIDGETS}/{method}"
        async with self.client.post(url, json=body, headers=given) as answer:
            return answer.status, await answer.read(), answer.headers

    async def call(
        self, method: str, asked: dict[str, Any], account: str = "demo"
    ) -> tuple[int, Any]:
        """Use a widget method, and return status and decoded body."""
        status, body, _ = await self.raw(method, self.body(method, asked, account), account)
        return status, json.loads(body)

    async def good(self, method: str, asked: dict[str, Any], account: str = "demo") -> Any:
        """Use a widget method that is to succeed, and return the decoded body."""
        status, body = await self.call(method, asked, account)
        assert status == 200, body
        return body

    async def session(self, account: str = "demo") -> str:
        """Begin a session, and return its short name."""
        asked = {"session": {"name": "", "displayName": ""}}
        made = await self.good("widgetCreateSession", asked, account)
        name: str = made["session"]["name"]
        return name

    @staticmethod
    def question(session: str, text: str, **more: Any) -> dict[str, Any]:
        """Write a question as reference §1.7 has it."""
        return {
            "session": session,
            "query": {"parts": [{"text": text}]},
            "filter": "",
            "fileIds": [],
            "answerGenerationMode": "NORMAL",
            "assistSkippingMode": "REQUEST_ASSIST",
            "languageCode": "de-DE",
            "userMetadata": {"timeZone": "Europe/Berlin"},
            "toolsSpec": TOOLS,
            "assistGenerationConfig": {"modelId": "gemini-2.5-flash"},
            **more,
        }

    async def ask(self, text: str, account: str = "demo", **more: Any) -> list[dict[str, Any]]:
        """Ask in a session of its own what is to be answered, and return the elements."""
        asked = self.question(await self.session(account), text, **more)
        elements: list[dict[str, Any]] = await self.good("widgetStreamAssist", asked, account)
        return elements

    @asynccontextmanager
    async def stream(self, text: str, **more: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask, and give the answer while it comes."""
        asked = self.question(await self.session(), text, **more)
        url, headers = f"{WIDGETS}/widgetStreamAssist", await self.headers()
        body = self.body("widgetStreamAssist", asked)
        async with self.client.post(url, json=body, headers=headers) as answer:
            yield answer

    async def download(
        self, session: str, file_id: str, *, base: str = "/download/v1alpha"
    ) -> tuple[int, bytes]:
        """Fetch a file, and return status and body."""
        params = {"fileId": file_id, "alt": "media"}
        path, headers = f"{base}/{session}:downloadFile", await self.headers()
        async with self.client.get(path, params=params, headers=headers) as answer:
            return answer.status, await answer.read()

    async def control(self, method: str, path: str, json: Any = None) -> Any:
        """Use the emulator's own surface."""
        url = f"/_emulator/gemini_business/{path}"
        async with self.client.request(method, url, json=json) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()


def contents(elements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the replies of an answer hold."""
    return [
        reply["groundedContent"]["content"]
        for element in elements
        for reply in element.get("streamAssistResponse", {}).get("answer", {}).get("replies", [])
    ]


def text_of(elements: list[dict[str, Any]]) -> str:
    """Return the text of an answer, without thoughts."""
    return "".join(part.get("text", "") for part in contents(elements) if not part.get("thought"))


def files_of(elements: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Return the files of an answer."""
    return [part["file"] for part in contents(elements) if "file" in part]


def state_of(elements: list[dict[str, Any]]) -> str:
    """Return the state that an answer ends in."""
    state: str = elements[-1]["streamAssistResponse"]["answer"]["state"]
    return state
