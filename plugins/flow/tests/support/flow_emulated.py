"""A client of the emulated service, that knows nothing of the plugin's own."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Any

import aiohttp
import msgspec

from plugway_flow.emulated.accounts import COOKIE
from plugway_flow.emulated.pictures import png
from plugway_flow.emulator import FlowEmulator

SESSION = "/fx/api/auth/session"
TRPC = "/fx/api/trpc"
VIDEO = "/v1/video:batchAsyncGenerateVideo"
POLL = "/v1/video:batchCheckAsyncVideoGenerationStatus"

#: How a refusal is told: HTTP status, name of the status, and reason.
Refused = tuple[int, str, str]


class Visitor:
    """Runs an emulator, and asks it as its front end would.

    Attributes:
        emulator: The emulator.
        client: Asks; takes over no cookies, and follows no redirects.
    """

    def __init__(
        self,
        *accounts: str,
        now: Callable[[], float] = time.time,
        **behaviour: Any,
    ) -> None:
        """Prepare.

        Args:
            accounts: None: `demo`.
            now: Returns seconds since 1970.
            behaviour: Of the emulator.
        """
        self.emulator = FlowEmulator(accounts=accounts or ("demo",), now=now, **behaviour)
        self.client: aiohttp.ClientSession
        self._projects: dict[str, str] = {}
        self._usual = msgspec.json.encode(self.emulator.behaviour)

    async def __aenter__(self) -> Visitor:
        await self.emulator.start()
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

    def reset(self) -> None:
        """Let all be as usual again, and forget what was seen; what was made stays."""
        self.emulator.behaviour.change(self._usual)
        self.emulator.mishaps.waiting.clear()
        self.emulator.faults.clear()
        self.emulator.truth.clear()
        for account in self.emulator.accounts:
            account.credits, account.tier, account.state = 1_000, "PAYGATE_TIER_ONE", "good"
            account.token_seconds = None
            if account.sessions[-1].revoked:
                self.emulator.sign_in(account.name)

    async def raw(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes, Any]:
        """Ask, and return status, body and headers."""
        async with self.client.request(
            method, path, json=body, headers=headers or {}, allow_redirects=False
        ) as answer:
            return answer.status, await answer.read(), answer.headers

    def cookies(self, account: str = "demo") -> dict[str, str]:
        """Return the header with an account's newest cookie."""
        return {"Cookie": f"{COOKIE}={self.emulator.accounts[account].secret}"}

    async def session(self, account: str = "demo") -> Any:
        """Ask for an account's session, and return what is told."""
        status, body, _ = await self.raw("GET", SESSION, headers=self.cookies(account))
        assert status == 200, body
        return json.loads(body)

    async def bearer(self, account: str = "demo") -> dict[str, str]:
        """Return the header with an access token."""
        return {"Authorization": f"Bearer {(await self.session(account))['access_token']}"}

    async def trpc(self, name: str, asked: Any, account: str = "demo") -> tuple[int, Any]:
        """Use a procedure of the site, and return status and what is told."""
        path, headers = f"{TRPC}/{name}", self.cookies(account)
        status, body, _ = await self.raw("POST", path, {"json": asked}, headers)
        return status, json.loads(body)

    async def project(self, account: str = "demo") -> str:
        """Return an account's project, made if there is none yet."""
        if self._projects.get(account) not in self.emulator.accounts[account].projects:
            asked = {"projectTitle": "tests", "toolName": "PINHOLE"}
            status, told = await self.trpc("project.createProject", asked, account)
            assert status == 200, told
            self._projects[account] = told["result"]["data"]["json"]["result"]["projectId"]
        return self._projects[account]

    async def ask(
        self, path: str, body: Any = None, account: str = "demo", method: str = ""
    ) -> tuple[int, Any]:
        """Use the API, and return status and what is told."""
        method = method or ("GET" if body is None else "POST")
        status, content, _ = await self.raw(method, path, body, await self.bearer(account))
        return status, json.loads(content)

    async def good(self, path: str, body: Any = None, account: str = "demo") -> Any:
        """Use the API where it is to succeed, and return what is told."""
        status, told = await self.ask(path, body, account)
        assert status == 200, told
        return told

    async def refused(self, path: str, body: Any = None, account: str = "demo") -> Refused:
        """Use the API where it is to refuse, and return how."""
        status, told = await self.ask(path, body, account)
        error = told["error"]
        assert error["code"] == status, told
        details = error.get("details", [])
        return status, error["status"], next((each.get("reason", "") for each in details), "")

    async def context(self, account: str = "demo", **more: Any) -> dict[str, Any]:
        """Return the context that requests bring."""
        return {
            "sessionId": ";1790000000000",
            "projectId": await self.project(account),
            "tool": "PINHOLE",
            "userPaygateTier": self.emulator.accounts[account].tier,
            **more,
        }

    async def image(self, account: str = "demo", **more: Any) -> dict[str, Any]:
        """Return a body for one image, of the new shape."""
        asked = {
            "seed": 7,
            "imageModelName": "GEM_PIX_2",
            "imageAspectRatio": "IMAGE_ASPECT_RATIO_LANDSCAPE",
            "structuredPrompt": {"parts": [{"text": "a lighthouse"}]},
            "imageInputs": [],
            **more,
        }
        return {
            "clientContext": await self.context(account),
            "mediaGenerationContext": {"batchId": str(uuid.uuid4())},
            "useNewMedia": True,
            "requests": [asked],
        }

    async def images_path(self, account: str = "demo") -> str:
        """Return where images are made."""
        return f"/v1/projects/{await self.project(account)}/flowMedia:batchGenerateImages"

    async def make_image(self, account: str = "demo", **more: Any) -> str:
        """Make an image, and return its name."""
        path, body = await self.images_path(account), await self.image(account, **more)
        name: str = (await self.good(path, body, account))["media"][0]["name"]
        return name

    async def upload(self, account: str = "demo", content: bytes = b"") -> str:
        """Send an image there, and return its name."""
        context = await self.context(account)
        context.pop("userPaygateTier")
        body = {
            "clientContext": context,
            "fileName": "a.png",
            "imageBytes": base64.b64encode(content or png("a sailor", 24, 16)).decode(),
            "isHidden": False,
            "isUserUploaded": True,
            "mimeType": "image/png",
        }
        name: str = (await self.good("/v1/flow/uploadImage", body, account))["media"]["name"]
        return name

    async def video(
        self, key: str = "veo_3_1_t2v_fast", account: str = "demo", **more: Any
    ) -> dict[str, Any]:
        """Return a body for one video, of the new shape; parts of None are left out."""
        asked = {
            "aspectRatio": "VIDEO_ASPECT_RATIO_LANDSCAPE",
            "seed": 7,
            "textInput": {"structuredPrompt": {"parts": [{"text": "a lighthouse"}]}},
            "videoModelKey": key,
            "metadata": {},
            **more,
        }
        return {
            "clientContext": await self.context(account),
            "mediaGenerationContext": {
                "batchId": str(uuid.uuid4()),
                "audioFailurePreference": "BLOCK_SILENCED_VIDEOS",
            },
            "useV2ModelConfig": True,
            "requests": [{name: value for name, value in asked.items() if value is not None}],
        }

    async def old_video(
        self, key: str = "veo_3_1_t2v_fast", account: str = "demo", **more: Any
    ) -> dict[str, Any]:
        """Return a body for one video, of the old shape."""
        asked = {"textInput": {"prompt": "a lighthouse"}, "metadata": {"sceneId": scene()}, **more}
        body = await self.video(key, account, **asked)
        return {name: body[name] for name in ("clientContext", "requests")}

    async def submit(self, body: dict[str, Any], act: str = "Text", account: str = "demo") -> str:
        """Ask for a video, and return its name, or that of its operation."""
        told = await self.good(f"{VIDEO}{act}", body, account)
        if "media" in told:
            name: str = told["media"][0]["name"]
            return name
        old: str = told["operations"][0]["operation"]["name"]
        return old

    async def poll(self, name: str, account: str = "demo") -> tuple[str, Any]:
        """Ask about a video in the new shape, and return its state and all that is told."""
        asked = {"media": [{"name": name, "projectId": await self.project(account)}]}
        (told,) = (await self.good(POLL, asked, account))["media"]
        status = told["mediaMetadata"]["mediaStatus"]["mediaGenerationStatus"]
        return status.removeprefix("MEDIA_GENERATION_STATUS_"), told

    async def poll_old(self, name: str, account: str = "demo") -> tuple[str, Any]:
        """Ask about a video in the old shape, and return its state and all that is told."""
        asked = {"operations": [{"operation": {"name": name}, "sceneId": scene()}]}
        (told,) = (await self.good(POLL, asked, account))["operations"]
        return told["status"].removeprefix("MEDIA_GENERATION_STATUS_"), told

    async def make_video(self, account: str = "demo", **more: Any) -> str:
        """Make a video to its end, and return its name."""
        name = await self.submit(await self.video(account=account, **more), account=account)
        self.emulator.finish(name)
        return name

    async def redirect(self, name: str, account: str = "demo") -> tuple[int, str]:
        """Ask the site where a medium is, and return status and link."""
        path = f"{TRPC}/media.getMediaUrlRedirect"
        query = f"name={name}&mediaUrlType=MEDIA_URL_TYPE_FULL_MEDIA"
        found = await self.raw("GET", f"{path}?{query}", headers=self.cookies(account))
        return found[0], found[2].get("Location", "")

    async def fetch(self, link: str) -> tuple[int, bytes, str]:
        """Fetch a link, and return status, body and type."""
        async with self.client.get(link) as answer:
            return answer.status, await answer.read(), answer.content_type

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        """Use the emulator's own surface."""
        status, content, _ = await self.raw(method, f"/_emulator/flow/{path}", body)
        assert status == 200, content
        return json.loads(content)


def scene() -> str:
    """Return the id of a scene."""
    return str(uuid.uuid4())
