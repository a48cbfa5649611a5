"""What a client sends and gets: B1 and B2."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from bltcy_gateway import PassThrough
from yarl import URL

from plugway_bltcy.emulator import PATTERN

pytestmark = pytest.mark.anyio

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@pytest.mark.parametrize("prefix", ["runway", "runwayml", "pika", "kling", "jimeng", "suno"])
async def test_any_method_and_any_path(gateway: PassThrough, prefix: str) -> None:
    for method in METHODS:
        for target in (f"/{prefix}/any/{method}?x=1", f"/{prefix}/a/"):
            status, told = await gateway.call(method, target, data=b"body of %s" % method.encode())
            assert status == 200, told
            assert told["method"] == method
            assert told["target"] == target
            assert told["body_sha256"] == hashlib.sha256(f"body of {method}".encode()).hexdigest()
    assert (await gateway.call("GET", f"/{prefix}"))[1]["target"] == f"/{prefix}"
    async with gateway.client.head(f"/{prefix}/x") as response:
        assert response.status == 200
        assert int(response.headers["content-length"]) > 0
    assert gateway.emulator.seen[-1].method == "HEAD"


@pytest.mark.parametrize(
    "target",
    [
        "/runwayml/v1/a%2Fb/c%20d;p=1?x=1&x=2&y=%7E%E4&empty=&plus=a+b",
        "/runwayml/v1/%7euser/?",
        "/runwayml/v1/caf%C3%A9?q=%00%0d%0a",
        "/runwayml/",
        "/runwayml/v1?url=https://example.com/a?b=c",
    ],
)
async def test_the_target_crosses_as_it_is(gateway: PassThrough, target: str) -> None:
    url = URL(gateway.server.url + target, encoded=True)
    async with gateway.client.get(url) as response:
        told = await response.json()
    sent = target.removesuffix("?")
    assert told["target"] == sent


async def test_other_paths_are_not_passed_through(gateway: PassThrough) -> None:
    for path in ("/runwayx/v1", "/Runway/v1", "/v1/runway", "/luma/x"):
        status, _ = await gateway.call("GET", path)
        assert status == 404
    assert not gateway.emulator.seen


async def test_json_multipart_and_binary_bodies(gateway: PassThrough) -> None:
    text = '{"prompt": "caf\u00e9",  "n":1}'.encode()
    with aiohttp.MultipartWriter("form-data", boundary="b0undary") as form:
        form.append("a cat", {"Content-Disposition": 'form-data; name="prompt"'})
        part = form.append(PATTERN[:5000], {"Content-Type": "image/png"})
        part.set_content_disposition("form-data", name="image", filename="a.png")
    multipart = await form.as_bytes()
    for body, type_ in (
        (text, "application/json; charset=utf-8"),
        (multipart, "multipart/form-data; boundary=b0undary"),
        (PATTERN[:50_000], "video/mp4"),
        (gzip.compress(text, mtime=0), "application/json"),
        (b"", "application/json"),
    ):
        headers = {"Content-Type": type_}
        status, told = await gateway.call("POST", "/runway/x", data=body, headers=headers)
        assert status == 200
        assert told["body_bytes"] == len(body)
        assert told["body_sha256"] == hashlib.sha256(body).hexdigest()
        assert ["content-type", type_] in [[name.lower(), value] for name, value in told["headers"]]


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_large_body_streams_both_ways(gateway: PassThrough, chunked: bool) -> None:
    body = PATTERN * 64

    async def pieces() -> AsyncIterator[bytes]:
        for begin in range(0, len(body), 50_000):
            yield body[begin : begin + 50_000]

    data = pieces() if chunked else io.BytesIO(body)
    async with gateway.client.post("/runway/_test/mirror", data=data) as response:
        assert response.status == 200
        assert response.content_length == (None if chunked else len(body))
        got = await response.read()
    assert hashlib.sha256(got).digest() == hashlib.sha256(body).digest()


async def test_the_answer_is_the_upstream_s_byte_for_byte(gateway: PassThrough) -> None:
    async with gateway.client.get("/runway/_test/bytes/300000") as response:
        assert response.content_length == 300_000
        assert await response.read() == (PATTERN * 5)[:300_000]
    async with gateway.client.get("/runway/_test/bytes/9999?coding=gzip") as response:
        assert response.headers["content-encoding"] == "gzip"
        assert await response.read() == gzip.compress(PATTERN[:9999], mtime=0)
    async with gateway.client.get("/runway/_test/bytes/0") as response:
        assert (response.content_length, await response.read()) == (0, b"")


@pytest.mark.parametrize("code", [201, 204, 304, 400, 404, 418, 429, 500, 502, 503])
async def test_the_upstream_s_status_is_the_client_s(gateway: PassThrough, code: int) -> None:
    async with gateway.client.post(f"/runway/_test/status/{code}") as response:
        body = await response.read()
        assert response.status == code
        assert response.headers.get("retry-after") == ("7" if code in (429, 503) else None)
    if code not in (204, 304):
        assert json.loads(body)["error"]["message"] == f"status {code} was asked for"


async def test_events_arrive_while_the_upstream_goes_on(gateway: PassThrough) -> None:
    emulator = gateway.emulator
    first = b'data: {"index": 0}\n\n'
    emulator.fail("stall", path="/runway/_test/stream", after=len(first))
    async with gateway.client.get("/runway/_test/stream?events=2") as response:
        assert response.headers["content-type"] == "text/event-stream"
        async with asyncio.timeout(10):
            assert await response.content.readexactly(len(first)) == first
            emulator.release()
            rest = await response.content.read()
    assert rest == b'data: {"index": 1}\n\ndata: [DONE]\n\n'


async def test_a_slow_answer_arrives(gateway: PassThrough) -> None:
    emulator = gateway.emulator
    emulator.fail("delay", path="/runway/x")
    call = asyncio.create_task(gateway.call("POST", "/runway/x"))
    await emulator.until(1)
    assert not call.done()
    emulator.release()
    assert (await call)[0] == 200


async def test_what_is_the_client_s_own_stays_here(gateway: PassThrough) -> None:
    canary = "canary-7c1d"
    headers = {
        "Cookie": f"session={canary}",
        "X-Goog-Api-Key": canary,
        "Proxy-Authorization": f"Basic {canary}",
        "X-Forwarded-For": canary,
        "X-Real-IP": canary,
        "Via": canary,
        "TE": "trailers",
        "Upgrade": canary,
        "Connection": "X-Private",
        "X-Private": canary,
        "X-Runway-Version": "2024-11-06",
        "User-Agent": "client/1.0",
        "Accept": "application/json",
    }
    status, told = await gateway.call("POST", "/runwayml/x", json={}, headers=headers)
    assert status == 200
    got = {name.lower(): value for name, value in told["headers"]}
    assert got["authorization"] == f"Bearer {gateway.emulator.secret}"
    assert got["x-runway-version"] == "2024-11-06"
    assert got["user-agent"] == "client/1.0"
    assert got["host"] == gateway.emulator.url.removeprefix("http://")
    assert canary not in str(told["headers"])
    assert gateway.key not in str(told["headers"])


async def test_the_client_s_key_is_replaced_wherever_it_is(gateway: PassThrough) -> None:
    async with (
        aiohttp.ClientSession(gateway.server.url) as client,
        client.post("/runway/x", headers={"X-API-Key": gateway.key}) as response,
    ):
        assert response.status == 200
        told = await response.json()
    assert gateway.key not in str(told)


async def test_what_is_the_upstream_s_own_stays_there(gateway: PassThrough) -> None:
    async with gateway.client.get("/runway/x") as response:
        assert response.headers.getall("x-told") == ["first", "second"]
        assert "set-cookie" not in response.headers
        assert response.headers["content-type"] == "application/json; charset=utf-8"


async def test_a_job_from_submission_to_result(gateway: PassThrough) -> None:
    status, told = await gateway.call(
        "POST", "/runwayml/v1/image_to_video", json={"promptText": "a lighthouse"}
    )
    assert status == 200
    states = []
    for _ in range(3):
        status, task = await gateway.call("GET", f"/runwayml/v1/tasks/{told['id']}")
        states.append(task["status"])
    assert states == ["PENDING", "RUNNING", "SUCCEEDED"]
    assert task["output"][0].startswith(gateway.emulator.url)
    assert await gateway.charged(calls=4) == 1000
