"""The upstream's jobs: submitted, looked at, done at the third look."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from itertools import count
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web

Endpoint = Callable[[web.Request], Awaitable[web.StreamResponse]]

_RUNWAY = ("image_to_video", "text_to_video", "video_to_video", "text_to_image", "video_upscale")
_RUNWAY_INPUTS = {"promptText", "promptImage", "videoUri"}


class Job(msgspec.Struct):
    """Is one job.

    Attributes:
        id: Looks like a UUID, and counts.
        kind: What was asked for.
        looks: How often its state was asked for.
    """

    id: str
    kind: str
    looks: int = 0

    def look(self, *states: str) -> str:
        """Return the state, which goes on by one with each look."""
        self.looks += 1
        return states[min(self.looks, len(states)) - 1]


class Jobs:
    """Keeps the jobs of one emulator."""

    def __init__(self, base_url: Callable[[], str]) -> None:
        """Prepare.

        Args:
            base_url: Returns where the emulator is, for the addresses of what jobs made.
        """
        self._base_url = base_url
        self._jobs: dict[str, Job] = {}
        self._numbers = count(1)

    def routes(self) -> Iterable[tuple[str, str, Endpoint]]:
        """Yield method, path and endpoint of what is known of the upstream."""
        for kind in _RUNWAY:
            yield "POST", f"/runwayml/v1/{kind}", self._runway_submit
        yield "GET", "/runwayml/v1/tasks/{id}", self._runway_look
        yield "DELETE", "/runwayml/v1/tasks/{id}", self._runway_cancel
        yield "POST", "/pika/generate", self._pika_submit
        yield "GET", "/pika/tasks/{id}", self._pika_look
        for kind in ("text2video", "image2video"):
            yield "POST", f"/kling/v1/videos/{kind}", self._kling_submit
            yield "GET", f"/kling/v1/videos/{kind}/{{id}}", self._kling_look
        for path in ("/jimeng", "/jimeng/"):
            yield "POST", path, self._jimeng
        for action in ("music", "lyrics", "concat"):
            yield "POST", f"/suno/submit/{action}", self._suno_submit
        yield "GET", "/suno/fetch/{id}", self._suno_look
        yield "POST", "/suno/fetch", self._suno_look_at_several

    async def _runway_submit(self, request: web.Request) -> web.StreamResponse:
        body = await _object(request)
        if not _RUNWAY_INPUTS & set(body):
            issue = {"code": "invalid_type", "path": ["promptText"], "message": "Required"}
            error = {"error": "Validation of body failed", "issues": [issue]}
            return web.json_response(error, status=400)
        return web.json_response({"id": self._new(request).id})

    async def _runway_look(self, request: web.Request) -> web.StreamResponse:
        job = self._find(request)
        if job is None:
            return web.json_response({"error": "Task not found"}, status=404)
        status = job.look("PENDING", "RUNNING", "SUCCEEDED")
        told: dict[str, Any] = {
            "id": job.id,
            "status": status,
            "createdAt": "2026-01-01T00:00:00.000Z",
        }
        if status == "RUNNING":
            told["progress"] = 0.5
        if status == "SUCCEEDED":
            told["output"] = [self._made(job)]
        return web.json_response(told)

    async def _runway_cancel(self, request: web.Request) -> web.StreamResponse:
        self._jobs.pop(request.match_info["id"], None)
        return web.Response(status=204)

    async def _pika_submit(self, request: web.Request) -> web.StreamResponse:
        if not request.content_type.startswith("multipart/"):
            body = await _object(request)
            if not body.get("promptText") and not body.get("image"):
                return web.json_response({"error": "promptText or image is needed"}, status=400)
        return web.json_response({"id": self._new(request).id, "status": "queued"})

    async def _pika_look(self, request: web.Request) -> web.StreamResponse:
        job = self._find(request)
        if job is None:
            return web.json_response({"error": "no such task"}, status=404)
        status = job.look("queued", "processing", "finished")
        url = self._made(job) if status == "finished" else None
        return web.json_response({"id": job.id, "status": status, "url": url})

    async def _kling_submit(self, request: web.Request) -> web.StreamResponse:
        body = await _object(request)
        needed = "image" if request.path.endswith("image2video") else "prompt"
        if not body.get(needed):
            message = f"{needed} is invalid"
            error = {"code": 1201, "message": message, "request_id": self._next_id()}
            return web.json_response(error, status=400)
        return _kling({"task_id": self._new(request).id, "task_status": "submitted"})

    async def _kling_look(self, request: web.Request) -> web.StreamResponse:
        job = self._find(request)
        if job is None:
            error = {"code": 1203, "message": "task not found", "request_id": self._next_id()}
            return web.json_response(error, status=404)
        status = job.look("submitted", "processing", "succeed")
        told: dict[str, Any] = {"task_id": job.id, "task_status": status, "task_status_msg": ""}
        if status == "succeed":
            video = {"id": job.id, "url": self._made(job), "duration": "5"}
            told["task_result"] = {"videos": [video]}
        return _kling(told)

    async def _jimeng(self, request: web.Request) -> web.StreamResponse:
        body = await _object(request)
        action = request.query.get("Action")
        if action == "CVSync2AsyncSubmitTask" and body.get("req_key"):
            return _jimeng({"task_id": self._new(request).id})
        job = self._jobs.get(str(body.get("task_id")))
        if action == "CVSync2AsyncGetResult" and job is not None:
            status = job.look("in_queue", "generating", "done")
            url = self._made(job) if status == "done" else ""
            return _jimeng({"status": status, "video_url": url})
        return web.json_response({"code": 50400, "message": "Invalid request"}, status=400)

    async def _suno_submit(self, request: web.Request) -> web.StreamResponse:
        body = await _object(request)
        if not any(body.get(name) for name in ("prompt", "gpt_description_prompt", "clip_id")):
            error = {"code": "invalid_request", "message": "prompt is empty", "data": None}
            return web.json_response(error, status=400)
        return _suno(self._new(request).id)

    async def _suno_look(self, request: web.Request) -> web.StreamResponse:
        job = self._find(request)
        if job is None:
            error = {"code": "task_not_exist", "message": "task not exist", "data": None}
            return web.json_response(error, status=400)
        return _suno(self._song(job))

    async def _suno_look_at_several(self, request: web.Request) -> web.StreamResponse:
        ids = (await _object(request)).get("ids")
        if not isinstance(ids, list):
            error = {"code": "invalid_request", "message": "ids is empty", "data": None}
            return web.json_response(error, status=400)
        jobs = (self._jobs.get(str(id_)) for id_ in ids)
        return _suno([self._song(job) for job in jobs if job is not None])

    def _song(self, job: Job) -> dict[str, Any]:
        status = job.look("SUBMITTED", "IN_PROGRESS", "SUCCESS")
        clips = [{"id": job.id, "audio_url": self._made(job), "title": "untitled"}]
        return {
            "task_id": job.id,
            "action": job.kind.upper(),
            "status": status,
            "fail_reason": "",
            "progress": {"SUBMITTED": "0%", "IN_PROGRESS": "50%", "SUCCESS": "100%"}[status],
            "data": clips if status == "SUCCESS" else None,
        }

    def _new(self, request: web.Request) -> Job:
        job = Job(self._next_id(), request.path.rpartition("/")[2])
        self._jobs[job.id] = job
        return job

    def _next_id(self) -> str:
        # Counted, so that the demo can name the first one; in the form of a random UUID.
        return str(UUID(int=next(self._numbers), version=4))

    def _find(self, request: web.Request) -> Job | None:
        return self._jobs.get(request.match_info["id"])

    def _made(self, job: Job) -> str:
        return f"{self._base_url()}/files/{job.id}.mp4"


async def _object(request: web.Request) -> dict[str, Any]:
    """Read a JSON object; the upstream refuses anything else as it is told here."""
    try:
        body = json.loads(await request.read())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text=json.dumps({"error": "the body is no JSON object"}))
    return body


def _kling(data: dict[str, Any]) -> web.Response:
    times = {"created_at": 1_767_225_600_000, "updated_at": 1_767_225_600_000}
    content = {"code": 0, "message": "SUCCEED", "request_id": data["task_id"]}
    return web.json_response({**content, "data": {**data, **times}})


def _jimeng(data: dict[str, Any]) -> web.Response:
    return web.json_response({"code": 10_000, "message": "Success", "status": 10_000, "data": data})


def _suno(data: Any) -> web.Response:
    return web.json_response({"code": "success", "message": "", "data": data})
