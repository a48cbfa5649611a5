"""Tests of the base for emulators: what it remembers, and how it fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from io import BytesIO
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web

from plugway import Emulator
from plugway.testing import EmulatorServer, Fault

pytestmark = pytest.mark.anyio

#: Longer than anything here takes; reached only when something is broken.
PATIENCE = 10


class Parrot(EmulatorServer):
    provider = "parrot"
    secret = "parrot-secret"
    models = ("grey",)
    unread = ("/stream",)

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            web.route("*", "/say/{words:.*}", self.say),
            web.post("/stream", self.repeat),
            web.get("/teapot", self.refuse_coffee),
        ]

    async def say(self, request: web.Request) -> web.StreamResponse:
        return web.Response(
            body=b"You said: " + await request.read(), headers={"X-Parrot": "grey"}, status=201
        )

    async def repeat(self, request: web.Request) -> web.StreamResponse:
        return await self.stream(request, self.pieces(request), headers={"X-Parrot": "stream"})

    async def refuse_coffee(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPGone(text="no coffee")

    async def pieces(self, request: web.Request) -> AsyncIterator[bytes]:
        async for piece in request.content.iter_any():
            yield piece


@pytest.fixture
async def parrot() -> AsyncIterator[Parrot]:
    parrot = Parrot()
    await parrot.start()
    yield parrot
    await parrot.stop()


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as client:
        yield client


async def say(client: aiohttp.ClientSession, parrot: Parrot, words: str = "hi") -> tuple[int, str]:
    async with client.post(f"{parrot.url}/say/it", data=words) as answer:
        return answer.status, await answer.text()


async def answered(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Yield what came of an answer before it broke off."""
    with suppress(aiohttp.ClientPayloadError):
        async for piece in answer.content.iter_any():
            yield piece


def test_it_is_an_emulator() -> None:
    emulator: Emulator = Parrot()
    assert emulator.models == ("grey",)
    assert emulator.settings == {}
    assert emulator.tour == ()


async def test_it_answers_and_remembers(client: aiohttp.ClientSession, parrot: Parrot) -> None:
    url = f"{parrot.url}/say/a%2Fb/c?x=1&x=2"
    headers = [("X-One", "1"), ("X-One", "2"), ("content-encoding", "gzip")]
    async with client.put(url, data=b"\x1f\x8b raw", headers=headers) as answer:
        assert answer.status == 201
        assert await answer.read() == b"You said: \x1f\x8b raw"
    (seen,) = parrot.seen
    assert seen.method == "PUT"
    assert seen.path == "/say/a%2Fb/c"
    assert seen.target == "/say/a%2Fb/c?x=1&x=2"
    assert seen.body == b"\x1f\x8b raw"
    assert [value for name, value in seen.headers if name == "X-One"] == ["1", "2"]
    assert seen.header("x-one") == "1"
    assert seen.header("x-two") is None
    assert (seen.status, seen.left) == (201, False)


async def test_a_json_body_is_decoded(client: aiohttp.ClientSession, parrot: Parrot) -> None:
    async with client.post(f"{parrot.url}/say/it", json={"a": [1]}) as answer:
        assert answer.status == 201
    assert parrot.seen[0].json() == {"a": [1]}


async def test_an_unknown_path_and_an_http_error_are_remembered(
    client: aiohttp.ClientSession, parrot: Parrot
) -> None:
    for path in ("/nowhere", "/teapot"):
        async with client.get(parrot.url + path) as answer:
            await answer.read()
    assert [seen.status for seen in parrot.seen] == [404, 410]


async def test_a_large_body_is_left_to_the_endpoint(
    client: aiohttp.ClientSession, parrot: Parrot
) -> None:
    body = b"x" * (1 << 20)
    async with client.post(f"{parrot.url}/say/it", data=BytesIO(body + b"y")) as answer:
        assert len(await answer.read()) == len(body) + 1 + len(b"You said: ")
    async with client.post(f"{parrot.url}/say/it", data=BytesIO(body)) as answer:
        await answer.read()
    assert [seen.body and len(seen.body) for seen in parrot.seen] == [None, 1 << 20]


async def test_it_streams_while_the_request_still_comes(
    client: aiohttp.ClientSession, parrot: Parrot
) -> None:
    pieces: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def sending() -> AsyncIterator[bytes]:
        while (piece := await pieces.get()) is not None:
            yield piece

    # The client sends nothing, not even headers, before it has a first piece.
    await pieces.put(b"one")
    async with client.post(f"{parrot.url}/stream", data=sending()) as answer:
        assert await answer.content.readany() == b"one"
        await pieces.put(b"two")
        assert await answer.content.readany() == b"two"
        await pieces.put(None)
        assert await answer.content.read() == b""
    assert parrot.seen[0].body is None


async def test_waiting_for_requests(client: aiohttp.ClientSession, parrot: Parrot) -> None:
    waiting = asyncio.create_task(parrot.until(2, PATIENCE))
    await say(client, parrot, "one")
    assert not waiting.done()
    await say(client, parrot, "two")
    assert (await waiting).body == b"two"
    assert (await parrot.until(1)).body == b"two"
    with pytest.raises(TimeoutError):
        await parrot.until(3, 0.001)


async def test_a_status_on_demand_happens_once(
    client: aiohttp.ClientSession, parrot: Parrot
) -> None:
    parrot.fail("status", status=429, headers={"retry-after": "7"}, json={"code": 1303})
    async with client.post(f"{parrot.url}/say/it") as answer:
        assert answer.status == 429
        assert answer.headers["retry-after"] == "7"
        assert await answer.json() == {"code": 1303}
    assert (await say(client, parrot))[0] == 201
    assert [seen.status for seen in parrot.seen] == [429, 201]


async def test_a_fault_waits_for_the_request_it_fits(
    client: aiohttp.ClientSession, parrot: Parrot
) -> None:
    parrot.fail("status", path="/say/other", method="POST", times=2)
    assert (await say(client, parrot))[0] == 201
    statuses = []
    for method in ("GET", "POST", "POST", "POST"):
        async with client.request(method, f"{parrot.url}/say/other/x") as answer:
            statuses.append(answer.status)
    assert statuses == [201, 503, 503, 201]
    assert list(parrot.faults) == []


def test_faults_are_checked() -> None:
    parrot = Parrot()
    for details in ({"status": 99}, {"times": 0}, {"statsu": 500}, {"seconds": -1}):
        with pytest.raises(msgspec.ValidationError):
            parrot.fail("status", **details)
    with pytest.raises(msgspec.ValidationError):
        parrot.fail("explode")
    assert list(parrot.faults) == []


@pytest.mark.parametrize("fault", [{"kind": "drop"}, {"kind": "drop", "after": 5}, {"kind": "cut"}])
async def test_an_answer_can_be_lost_after_the_request_was_read(
    client: aiohttp.ClientSession, parrot: Parrot, fault: dict[str, Any]
) -> None:
    parrot.fail(**fault)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await say(client, parrot)
    (seen,) = parrot.seen
    assert (seen.body, seen.status) == (b"hi", None)
    assert (await say(client, parrot))[0] == 201


async def test_garbage_is_not_http(client: aiohttp.ClientSession, parrot: Parrot) -> None:
    parrot.fail("garbage")
    with pytest.raises(aiohttp.ClientResponseError):
        await say(client, parrot)


@pytest.mark.parametrize("path", ["/say/it", "/stream"])
@pytest.mark.parametrize("after", [0, 5])
async def test_an_answer_is_cut_in_the_middle(
    client: aiohttp.ClientSession, parrot: Parrot, path: str, after: int
) -> None:
    parrot.fail("cut", after=after)
    async with client.post(parrot.url + path, data=b"You said: nothing") as answer:
        assert answer.status in (200, 201)
        assert "X-Parrot" in answer.headers
        got = [piece async for piece in answered(answer)]
        assert b"".join(got) == b"You s"[:after]
        assert isinstance(answer.content.exception(), aiohttp.ClientPayloadError)


async def test_a_stall_before_the_headers_ends_when_released(
    client: aiohttp.ClientSession, parrot: Parrot
) -> None:
    parrot.fail("stall")
    saying = asyncio.create_task(say(client, parrot))
    await parrot.until(1, PATIENCE)
    assert not saying.done()
    parrot.release()
    assert (await saying) == (201, "You said: hi")


async def test_a_stall_in_the_middle_goes_on_when_released(
    client: aiohttp.ClientSession, parrot: Parrot
) -> None:
    parrot.fail("stall", after=4)
    async with client.post(f"{parrot.url}/say/it", data="hi") as answer:
        assert await answer.content.readany() == b"You "
        parrot.release()
        assert await answer.content.read() == b"said: hi"


async def test_a_stall_and_a_delay_end_by_themselves(
    client: aiohttp.ClientSession, parrot: Parrot
) -> None:
    parrot.fail("delay", seconds=0.001)
    parrot.fail("stall", seconds=0.001)
    parrot.fail("stall", seconds=0.001, after=1)
    for _ in range(3):
        assert await say(client, parrot) == (201, "You said: hi")


async def test_an_early_answer_does_not_read_the_body(
    client: aiohttp.ClientSession, parrot: Parrot
) -> None:
    parrot.fail("status", status=401, read=False)
    never = asyncio.Event()

    async def sending() -> AsyncIterator[bytes]:
        yield b"begin"
        await never.wait()

    async with client.post(f"{parrot.url}/say/it", data=sending()) as answer:
        assert answer.status == 401
    assert parrot.seen[0].body is None


async def test_a_client_that_leaves_is_noticed(parrot: Parrot) -> None:
    parrot.fail("stall")
    async with aiohttp.ClientSession() as client:
        saying = asyncio.create_task(say(client, parrot))
        seen = await parrot.until(1, PATIENCE)
        saying.cancel()
        await asyncio.gather(saying, return_exceptions=True)
    async with asyncio.timeout(PATIENCE):
        while not seen.left:
            await asyncio.sleep(0)
    assert seen.status is None


async def test_connections_are_refused_and_taken_again_on_the_same_port(
    client: aiohttp.ClientSession, parrot: Parrot
) -> None:
    # The connection that is kept alive must not get through either.
    assert (await say(client, parrot))[0] == 201
    url = parrot.url
    await parrot.refuse()
    with pytest.raises((aiohttp.ClientConnectorError, aiohttp.ServerDisconnectedError)):
        await say(client, parrot)
    with pytest.raises(aiohttp.ClientConnectorError):
        await say(client, parrot)
    await parrot.resume()
    assert parrot.url == url
    assert (await say(client, parrot))[0] == 201


async def test_silence_never_says_a_word(parrot: Parrot) -> None:
    await parrot.silence()
    port = int(parrot.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    reading = asyncio.create_task(reader.read())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not reading.done()
    await parrot.resume()
    assert await asyncio.wait_for(reading, PATIENCE) == b""
    writer.close()
    async with aiohttp.ClientSession() as client:
        assert (await say(client, parrot))[0] == 201


async def test_a_tls_handshake_with_silence_stalls(parrot: Parrot) -> None:
    await parrot.silence()
    timeout = aiohttp.ClientTimeout(total=0.2)
    async with aiohttp.ClientSession(timeout=timeout) as client:
        with pytest.raises(TimeoutError):
            await client.get(parrot.url.replace("http:", "https:"))


async def test_stopping_while_requests_wait(client: aiohttp.ClientSession) -> None:
    parrot = Parrot()
    await parrot.start()
    parrot.fail("stall")
    saying = asyncio.create_task(say(client, parrot))
    await parrot.until(1, PATIENCE)
    await parrot.stop()
    await asyncio.gather(saying, return_exceptions=True)
    await parrot.stop()


async def test_it_can_start_again_and_in_two_at_once() -> None:
    parrot, other = Parrot(), Parrot()
    assert await parrot.start() != await other.start()
    parrot.fail("drop")
    assert list(other.faults) == []
    await parrot.stop()
    with pytest.raises(RuntimeError, match="not running"):
        await parrot.refuse()
    await parrot.start()
    await parrot.stop()
    await other.stop()


async def control(
    client: aiohttp.ClientSession, parrot: Parrot, method: str, path: str, body: Any = None
) -> tuple[int, Any]:
    async with client.request(method, f"{parrot.url}/_emulator/{path}", json=body) as answer:
        text = await answer.text()
        return answer.status, msgspec.json.decode(text) if answer.ok else text


async def test_the_same_over_http(client: aiohttp.ClientSession, parrot: Parrot) -> None:
    fault = {"kind": "status", "status": 500, "times": 3}
    assert await control(client, parrot, "POST", "faults", fault) == (200, {})
    assert (await say(client, parrot))[0] == 500
    status, faults = await control(client, parrot, "GET", "faults")
    assert status == 200
    assert msgspec.convert(faults, list[Fault])[0].times == 2
    await control(client, parrot, "DELETE", "faults")
    assert (await say(client, parrot))[0] == 201
    _, requests = await control(client, parrot, "GET", "requests")
    assert [request["status"] for request in requests] == [500, 201]
    assert requests[0]["body"] == "hi"
    assert requests[0]["target"] == "/say/it"
    await control(client, parrot, "DELETE", "requests")
    assert list(parrot.seen) == []


async def test_a_stall_is_released_over_http(client: aiohttp.ClientSession, parrot: Parrot) -> None:
    await control(client, parrot, "POST", "faults", {"kind": "stall"})
    saying = asyncio.create_task(say(client, parrot))
    await parrot.until(1, PATIENCE)
    await control(client, parrot, "POST", "release")
    assert (await saying)[0] == 201


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"kind": "explode"}),
        ("faults", []),
        ("away", {"mode": "refuse"}),
        ("away", {"mode": "refuse", "seconds": 0}),
    ],
)
async def test_nonsense_over_http_is_refused(
    client: aiohttp.ClientSession, parrot: Parrot, path: str, body: Any
) -> None:
    assert (await control(client, parrot, "POST", path, body))[0] == 400
    assert (await say(client, parrot))[0] == 201


async def test_it_goes_away_and_comes_back_over_http(
    client: aiohttp.ClientSession, parrot: Parrot
) -> None:
    away = {"mode": "refuse", "seconds": 0.05}
    assert await control(client, parrot, "POST", "away", away) == (200, {})
    refused = False
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await say(client, parrot)
            except aiohttp.ClientConnectorError:
                refused = True
            except aiohttp.ServerDisconnectedError:
                continue
            else:
                if refused:
                    break
            await asyncio.sleep(0.005)


async def test_stopping_while_it_is_away(client: aiohttp.ClientSession) -> None:
    parrot = Parrot()
    await parrot.start()
    parrot.leave("silence", 3_000)
    await parrot.stop()
