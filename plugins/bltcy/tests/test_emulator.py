"""The emulator answers as the upstream does."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from plugway_bltcy.emulator import PATTERN, BltcyEmulator

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(emulator: BltcyEmulator) -> AsyncIterator[aiohttp.ClientSession]:
    """Open a client with the emulator's secret."""
    headers = {"Authorization": f"Bearer {emulator.secret}"}
    async with aiohttp.ClientSession(emulator.url, headers=headers) as client:
        yield client


async def ask(
    client: aiohttp.ClientSession, method: str, path: str, **options: Any
) -> tuple[int, Any]:
    async with client.request(method, path, **options) as response:
        return response.status, await response.json(content_type=None)


@pytest.mark.parametrize("given", [None, "Bearer sk-wrong", "sk-emulator-0123456789abcdef"])
async def test_another_key_is_refused(emulator: BltcyEmulator, given: str | None) -> None:
    headers = {} if given is None else {"Authorization": given}
    async with aiohttp.ClientSession(emulator.url, headers=headers) as client:
        for path in ("/runway/x", "/runwayml/v1/tasks/1", "/pika/_test/mirror", "/jimeng"):
            status, body = await ask(client, "POST", path, json={})
            assert (status, body["error"]["message"]) == (401, "Invalid token")


async def test_it_tells_what_it_got(client: aiohttp.ClientSession) -> None:
    status, told = await ask(client, "PUT", "/suno/any/path?a=1&b=", data=b"\x00\xff body")
    assert status == 200
    assert told["method"] == "PUT"
    assert told["target"] == "/suno/any/path?a=1&b="
    assert told["body_bytes"] == 7
    assert told["body_sha256"] == hashlib.sha256(b"\x00\xff body").hexdigest()
    assert ["Content-Length", "7"] in told["headers"]


async def test_a_large_body_is_told_too(client: aiohttp.ClientSession) -> None:
    body = PATTERN * 40
    _, told = await ask(client, "POST", "/pika/upload", data=io.BytesIO(body))
    assert told["body_sha256"] == hashlib.sha256(body).hexdigest()


async def test_answers_of_a_kind(client: aiohttp.ClientSession) -> None:
    async with client.get("/runway/_test/bytes/200000") as response:
        assert response.content_length == 200_000
        assert await response.read() == (PATTERN * 4)[:200_000]
    async with client.get("/runway/_test/bytes/1000?coding=gzip") as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert await response.read() in (PATTERN[:1000], gzip.compress(PATTERN[:1000], mtime=0))
    async with client.get("/kling/_test/stream?events=2") as response:
        assert response.content_type == "text/event-stream"
        assert await response.text() == (
            'data: {"index": 0}\n\ndata: {"index": 1}\n\ndata: [DONE]\n\n'
        )
    async with client.post("/jimeng/_test/mirror", data=b"same") as response:
        assert await response.read() == b"same"
    for code in (204, 404, 429, 500):
        async with client.delete(f"/suno/_test/status/{code}") as response:
            assert response.status == code


async def test_a_mirror_answers_while_it_reads(client: aiohttp.ClientSession) -> None:
    more = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        await more.wait()
        yield b"second"

    async with client.post("/runway/_test/mirror", data=body()) as response:
        async with asyncio.timeout(10):
            assert await response.content.readany() == b"first"
        more.set()
        assert await response.content.read() == b"second"


@pytest.mark.parametrize(
    ("submit", "wrong", "right", "id_at", "look", "states"),
    [
        (
            "/runwayml/v1/image_to_video",
            {"model": "gen4"},
            {"promptImage": "https://example.com/a.png"},
            ("id",),
            "/runwayml/v1/tasks/{}",
            ("status", ["PENDING", "RUNNING", "SUCCEEDED"]),
        ),
        (
            "/pika/generate",
            {},
            {"promptText": "a cat"},
            ("id",),
            "/pika/tasks/{}",
            ("status", ["queued", "processing", "finished"]),
        ),
        (
            "/kling/v1/videos/text2video",
            {"model_name": "kling-v1"},
            {"prompt": "a cat"},
            ("data", "task_id"),
            "/kling/v1/videos/text2video/{}",
            ("data.task_status", ["submitted", "processing", "succeed"]),
        ),
        (
            "/suno/submit/music",
            {"mv": "chirp-v4"},
            {"prompt": "a song"},
            ("data",),
            "/suno/fetch/{}",
            ("data.status", ["SUBMITTED", "IN_PROGRESS", "SUCCESS"]),
        ),
    ],
)
async def test_a_job_goes_its_way(
    client: aiohttp.ClientSession,
    submit: str,
    wrong: Any,
    right: Any,
    id_at: tuple[str, ...],
    look: str,
    states: tuple[str, list[str]],
) -> None:
    assert (await ask(client, "POST", submit, json=wrong))[0] == 400
    assert (await ask(client, "POST", submit, json=["no object"]))[0] == 400
    assert (await ask(client, "GET", look.format("unknown")))[0] in (400, 404)
    status, told = await ask(client, "POST", submit, json=right)
    assert status == 200
    for name in id_at:
        told = told[name]
    where, expected = states
    seen = []
    text = ""
    for _ in range(4):
        status, answer = await ask(client, "GET", look.format(told))
        assert status == 200
        text = str(answer)
        for name in where.split("."):
            answer = answer[name]
        seen.append(answer)
    assert seen == [*expected, expected[-1]]
    made = text[text.index("http://") :].partition("'")[0]
    async with aiohttp.request("GET", made) as response:
        assert (response.status, response.content_type) == (200, "video/mp4")


async def test_jimeng_says_in_the_query_what_it_does(client: aiohttp.ClientSession) -> None:
    submit = {"Action": "CVSync2AsyncSubmitTask", "Version": "2022-08-31"}
    status, told = await ask(client, "POST", "/jimeng/", params=submit, json={"req_key": "a"})
    assert (status, told["code"]) == (200, 10000)
    look = {"Action": "CVSync2AsyncGetResult", "Version": "2022-08-31"}
    body = {"req_key": "a", "task_id": told["data"]["task_id"]}
    _, told = await ask(client, "POST", "/jimeng", params=look, json=body)
    assert told["data"]["status"] == "in_queue"
    assert (await ask(client, "POST", "/jimeng", params=look, json={"task_id": "x"}))[0] == 400


async def test_suno_takes_several_looks_at_once(client: aiohttp.ClientSession) -> None:
    ids = []
    for prompt in ("one", "two"):
        _, told = await ask(client, "POST", "/suno/submit/music", json={"prompt": prompt})
        ids.append(told["data"])
    _, told = await ask(client, "POST", "/suno/fetch", json={"ids": [*ids, "unknown"]})
    assert [task["task_id"] for task in told["data"]] == ids
    assert (await ask(client, "POST", "/suno/fetch", json={}))[0] == 400


async def test_a_cancelled_job_is_gone(client: aiohttp.ClientSession) -> None:
    _, told = await ask(client, "POST", "/runwayml/v1/text_to_video", json={"promptText": "a"})
    async with client.delete(f"/runwayml/v1/tasks/{told['id']}") as response:
        assert response.status == 204
    assert (await ask(client, "GET", f"/runwayml/v1/tasks/{told['id']}"))[0] == 404
    _, other = await ask(client, "POST", "/runwayml/v1/text_to_video", json={"promptText": "a"})
    assert other["id"] != told["id"]


async def test_an_answer_is_cut(emulator: BltcyEmulator, client: aiohttp.ClientSession) -> None:
    emulator.fail("cut", path="/runway/_test/bytes", after=1000)
    async with client.get("/runway/_test/bytes/200000") as response:
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_the_tour_works(emulator: BltcyEmulator, client: aiohttp.ClientSession) -> None:
    for call in emulator.tour:
        status, _ = await ask(client, call.method, call.path, json=call.json)
        assert status == call.expect, call.title
