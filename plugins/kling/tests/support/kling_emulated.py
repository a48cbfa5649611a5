"""A client of the emulated service, and a receiver of its callbacks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any

import aiohttp
from aiohttp import web

from plugway.testing import EmulatorServer
from plugway_kling.emulator import KlingEmulator

#: The least that each legacy kind takes; `{…}` stands for what belongs to the account.
LEAST: dict[str, dict[str, Any]] = {
    "/v1/videos/text2video": {"prompt": "a cat"},
    "/v1/videos/image2video": {"image": "https://example.com/a.png"},
    "/v1/videos/multi-image2video": {
        "prompt": "a cat",
        "image_list": [{"image": "https://example.com/a.png"}],
    },
    "/v1/videos/omni-video": {"prompt": "a cat", "aspect_ratio": "16:9"},
    "/v1/videos/motion-control": {
        "mode": "std",
        "image_url": "https://example.com/a.png",
        "video_url": "https://example.com/a.mp4",
        "character_orientation": "image",
    },
    "/v1/videos/multi-elements": {
        "prompt": "no cat",
        "edit_mode": "removal",
        "session_id": "{session}",
        "image_list": [],
    },
    "/v1/videos/video-extend": {"video_id": "{video}"},
    "/v1/videos/advanced-lip-sync": {
        "session_id": "{faces}",
        "face_choose": [{"face_id": "{face}", "sound_file": "aGVsbG8="}],
    },
    "/v1/videos/lip-sync": {"input": {"video_id": "{video}"}},
    "/v1/videos/avatar/image2video": {
        "image": "https://example.com/a.png",
        "sound_file": "aGVsbG8=",
    },
    "/v1/videos/effects": {
        "effect_scene": "squish",
        "input": {"image": "https://example.com/a.png"},
    },
    "/v1/images/generations": {"prompt": "a cat"},
    "/v1/images/multi-image2image": {
        "subject_image_list": [{"subject_image": "https://example.com/a.png"}]
    },
    "/v1/images/omni-image": {"prompt": "a cat"},
    "/v1/images/editing/expand": {
        "image": "https://example.com/a.png",
        "up_expansion_ratio": 0.1,
        "down_expansion_ratio": 0.1,
        "left_expansion_ratio": 0.1,
        "right_expansion_ratio": 0.1,
    },
    "/v1/images/kolors-virtual-try-on": {
        "human_image": "https://example.com/a.png",
        "cloth_image": "https://example.com/b.png",
    },
    "/v1/audio/text-to-audio": {"prompt": "rain", "duration": 3.0},
    "/v1/audio/video-to-audio": {"video_id": "{video}"},
    "/v1/general/ai-multi-shot": {"element_frontal_image": "https://example.com/a.png"},
    "/v1/general/custom-voices": {
        "voice_name": "me",
        "voice_url": "https://example.com/a.mp3",
    },
    "/v1/general/advanced-custom-elements": {"element_name": "me"},
    "/v1/general/custom-elements": {"element_name": "me"},
}


def jwt(access_key: str, secret_key: str, **claims: Any) -> str:
    """Sign a token as the official sample does; claims of None are left out."""
    now = int(time.time())
    header = {"alg": "HS256", "typ": "JWT"}
    body = {"iss": access_key, "exp": now + 1_800, "nbf": now - 5, **claims}
    parts = [_encoded(part) for part in (header, {k: v for k, v in body.items() if v is not None})]
    message = ".".join(parts)
    digest = hmac.new(secret_key.encode(), message.encode(), hashlib.sha256).digest()
    return f"{message}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


class Visitor:
    """Runs an emulator, and asks it.

    Attributes:
        emulator: The emulator.
    """

    def __init__(self, emulator: KlingEmulator | None = None) -> None:
        """Prepare.

        Args:
            emulator: None: one with the defaults.
        """
        self.emulator = emulator or KlingEmulator()
        self._client: aiohttp.ClientSession

    async def __aenter__(self) -> Visitor:
        await self.emulator.start()
        self._client = aiohttp.ClientSession(self.emulator.url)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.close()
        await self.emulator.stop()

    def headers(self, account: str = "demo", *, plain: bool = False) -> dict[str, str]:
        """Return the headers of an account: a JWT, or its plain API key."""
        found = self.emulator.accounts[account]
        token = found.api_key if plain else jwt(found.access_key, found.secret_key)
        return {"Authorization": f"Bearer {token}"}

    async def raw(
        self, method: str, path: str, **options: Any
    ) -> tuple[int, bytes, aiohttp.typedefs.LooseHeaders]:
        """Ask, and return status, body and headers."""
        options.setdefault("headers", self.headers())
        async with self._client.request(method, path, **options) as response:
            return response.status, await response.read(), response.headers

    async def ask(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        account: str = "demo",
        plain: bool = False,
    ) -> tuple[int, Any]:
        """Ask for an account, and return status and decoded body."""
        headers = self.headers(account, plain=plain)
        status, body, _ = await self.raw(method, path, json=json, headers=headers)
        return status, _decoded(body)

    async def post(self, path: str, json: Any, **options: Any) -> Any:
        """Post what is to succeed, and return the answer's data."""
        status, body = await self.ask("POST", path, json, **options)
        assert (status, body["code"]) == (200, 0), body
        return body["data"]

    async def get(self, path: str, **options: Any) -> Any:
        """Get what is to succeed, and return the answer's data."""
        status, body = await self.ask("GET", path, **options)
        assert (status, body["code"]) == (200, 0), body
        return body["data"]

    async def refused(self, path: str, json: Any, **options: Any) -> tuple[int, int, str]:
        """Post what is to be refused, and return status, code and message."""
        status, body = await self.ask("POST", path, json, **options)
        assert set(body) == {"code", "message", "request_id"}, body
        return status, body["code"], body["message"]

    async def control(self, method: str, path: str, json: Any = None) -> Any:
        """Use the emulator's own surface."""
        async with self._client.request(method, f"/_emulator/kling/{path}", json=json) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def fill(self, body: dict[str, Any], account: str = "demo") -> dict[str, Any]:
        """Make what a body of `LEAST` refers to, and put its ids in."""
        text = json.dumps(body)
        if "{session}" in text:
            url = {"video_url": "https://example.com/a.mp4"}
            path = "/v1/videos/multi-elements/init-selection"
            found = await self.post(path, url, account=account)
            text = text.replace("{session}", found["session_id"])
        if "{video}" in text:
            text = text.replace("{video}", await self.video(account))
        if "{faces}" in text:
            source = {"video_id": await self.video(account)}
            found = await self.post("/v1/videos/identify-face", source, account=account)
            text = text.replace("{faces}", found["session_id"])
            text = text.replace("{face}", found["face_data"][0]["face_id"])
        filled: dict[str, Any] = json.loads(text)
        return filled

    async def video(self, account: str = "demo") -> str:
        """Make a video, and return its id."""
        path = "/v1/videos/text2video"
        made = await self.post(path, LEAST[path], account=account)
        self.emulator.finish(made["task_id"])
        task = await self.get(f"{path}/{made['task_id']}", account=account)
        video: str = task["task_result"]["videos"][0]["id"]
        return video


class Inbox(EmulatorServer):
    """Receives callbacks: `seen` has them."""

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return its routes."""
        return [web.post("/{rest:.*}", self._take)]

    def bodies(self) -> list[Any]:
        """Return what was told, in the order it came."""
        return [seen.json() for seen in self.seen]

    async def _take(self, request: web.Request) -> web.Response:
        return web.Response()


def _encoded(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def _decoded(body: bytes) -> Any:
    return json.loads(body)
