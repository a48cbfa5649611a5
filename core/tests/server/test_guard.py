"""The guard without a server: fast, and with messages that no server would send."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from plugway.errors import InsufficientCredits, PayloadTooLarge
from plugway.server.guard import REQUEST_ID, STARTED, Guard
from plugway.server.refusals import BodyTimeout
from plugway.settings import ServerSettings
from plugway.testing.clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

pytestmark = pytest.mark.anyio

START: Message = {"type": "http.response.start", "status": 200, "headers": []}
END: Message = {"type": "http.response.body", "body": b"ok"}
CHUNKED = (b"transfer-encoding", b"chunked")


def part(body: bytes, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


class Wire:
    """A server's side of one request; it delivers what it has, then waits."""

    def __init__(self, messages: Iterable[Message] = ()) -> None:
        self.incoming: asyncio.Queue[Message] = asyncio.Queue()
        for message in messages:
            self.incoming.put_nowait(message)
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        return await self.incoming.get()

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self.incoming.put_nowait({"type": "http.disconnect"})

    @property
    def status(self) -> int:
        status: int = self.sent[0]["status"]
        return status

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])

    def whole(self) -> bool:
        return bool(self.sent) and not self.sent[-1].get("more_body", False)


def scope(*headers: tuple[bytes, bytes], path: str = "/", method: str = "POST") -> Scope:
    return {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"gateway"), *headers],
    }


def guarded(app: ASGIApp, **settings: Any) -> Guard:
    limits = ServerSettings(**settings)
    return Guard(app, lambda: limits, ManualClock(), linger=0.05)


async def ok(scope: Scope, receive: Receive, send: Send) -> None:
    await send(START)
    await send(END)


async def reading(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body", False):
        pass
    await ok(scope, receive, send)


def running() -> set[asyncio.Task[Any]]:
    """Return the tasks besides the test's own and that of the test runner."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    return {task for task in tasks if "TestRunner" not in repr(task)}


async def settled(guard: Guard) -> None:
    """Check that nothing is left running."""
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(guard.inflight) == 0
    assert not running()


async def test_gives_each_request_an_id_and_its_time() -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        assert len(guard.inflight) == 1
        await ok(scope, receive, send)

    clock = ManualClock(start_us=5_000_000)
    guard = Guard(app, ServerSettings, clock)
    for _ in range(2):
        await guard(scope(method="GET"), Wire().receive, Wire().send)
    assert seen[0][STARTED] == 5.0
    assert len({each[REQUEST_ID] for each in seen}) == 2
    await settled(guard)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (b"my-id_1.2:3", True),
        (b"x" * 128, True),
        (b"", False),
        (b"x" * 129, False),
        (b"a b", False),
    ],
)
async def test_a_client_may_name_its_request(given: bytes, kept: bool) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert (scope[REQUEST_ID] == given.decode()) is kept
        raise InsufficientCredits

    wire = Wire()
    await guarded(app)(scope((b"x-request-id", given), method="GET"), wire.receive, wire.send)
    assert wire.status == 402
    assert (wire.headers[b"x-request-id"] == given) is kept


async def test_a_request_without_a_body_keeps_the_servers_receive() -> None:
    wire = Wire()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert receive == wire.receive
        await ok(scope, receive, send)

    await guarded(app)(scope(method="GET"), wire.receive, wire.send)
    assert wire.sent == [START, END]


async def test_refuses_in_plugways_shape_without_asking_the_app() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("never asked")

    guard = guarded(app)
    wire = Wire([part(b"", more=False)])
    await guard(scope(path="//admin"), wire.receive, wire.send)
    error = json.loads(wire.body)["error"]
    assert (wire.status, error["code"]) == (400, "bad_request")
    assert wire.headers[b"x-request-id"] == error["request_id"].encode()
    assert wire.headers[b"connection"] == b"close"
    assert wire.headers[b"content-length"] == str(len(wire.body)).encode()
    await settled(guard)


async def test_settings_hold_from_the_next_request_on() -> None:
    limits = [ServerSettings(max_headers=1)]
    guard = Guard(ok, lambda: limits[-1], ManualClock())
    for status in (431, 200):
        wire = Wire([part(b"", more=False)])
        await guard(scope((b"x", b"y"), method="GET"), wire.receive, wire.send)
        assert wire.status == status
        limits.append(ServerSettings())


async def test_renders_what_the_app_let_through() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise InsufficientCredits

    guard = guarded(app)
    wire = Wire()
    await guard(scope(method="GET"), wire.receive, wire.send)
    assert (wire.status, json.loads(wire.body)["error"]["code"]) == (402, "insufficient_credits")
    assert b"connection" not in wire.headers


async def test_an_exception_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise TimeoutError("detail")

    wire = Wire()
    with caplog.at_level(logging.ERROR):
        await guarded(app)(scope(method="GET"), wire.receive, wire.send)
    assert (wire.status, json.loads(wire.body)["error"]["code"]) == (500, "internal_error")
    assert b"detail" not in wire.body
    assert "detail" in caplog.text


async def test_a_response_that_broke_off_is_left_open() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        await send({**END, "more_body": True})
        raise ValueError

    wire = Wire()
    await guarded(app)(scope(method="GET"), wire.receive, wire.send)
    assert not wire.whole()
    assert len(wire.sent) == 2


async def test_the_deadline_is_a_504_or_a_response_that_broke_off() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/begun":
            await send(START)
        await asyncio.Event().wait()

    guard = guarded(app, request_timeout=0.02)
    wire, begun = Wire(), Wire()
    await guard(scope(method="GET"), wire.receive, wire.send)
    assert (wire.status, json.loads(wire.body)["error"]["code"]) == (504, "deadline_passed")
    await guard(scope(method="GET", path="/begun"), begun.receive, begun.send)
    assert begun.sent == [START]
    await settled(guard)


async def test_a_cancellation_is_not_a_deadline() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.Event().wait()

    guard = guarded(app)
    wire = Wire()
    task = asyncio.ensure_future(guard(scope(method="GET"), wire.receive, wire.send))
    await asyncio.sleep(0)
    assert guard.inflight.cancel() == 1
    with pytest.raises(asyncio.CancelledError):
        await task
    assert wire.sent == []
    await settled(guard)


async def test_no_task_is_made_for_an_ordinary_request() -> None:
    tasks: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await reading(scope, receive, send)
        tasks.append(len(running()))

    guard = guarded(app)
    length = (b"content-length", b"3")
    for messages in ([part(b"abc", more=False)], [part(b"a"), part(b"bc"), part(b"", more=False)]):
        wire = Wire(messages)
        await guard(scope(length), wire.receive, wire.send)
        assert wire.sent == [START, END]
    assert tasks == [0, 0]


async def test_a_body_that_was_read_leaves_the_connection_open() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # All that was declared is here; the empty end of it may stay where it is.
        await receive()
        await ok(scope, receive, send)

    wire = Wire([part(b"abc"), part(b"", more=False)])
    await guarded(app)(scope((b"content-length", b"3")), wire.receive, wire.send)
    assert wire.sent == [START, END]


async def test_an_early_answer_is_sent_at_once_and_ended_when_the_body_is_through() -> None:
    guard = guarded(ok)
    wire = Wire([part(b"x") for _ in range(30)])
    task = asyncio.ensure_future(guard(scope(CHUNKED), wire.receive, wire.send))
    for _ in range(50):
        await asyncio.sleep(0)
    assert wire.headers[b"connection"] == b"close"
    assert wire.body == b"ok"
    assert not wire.whole()
    wire.incoming.put_nowait(part(b"", more=False))
    await asyncio.wait_for(task, 5)
    assert wire.whole()
    await settled(guard)


async def test_an_early_answer_does_not_wait_long_for_the_body() -> None:
    guard = guarded(ok)
    wire = Wire([part(b"x")])
    await asyncio.wait_for(guard(scope(CHUNKED), wire.receive, wire.send), 5)
    assert wire.whole()
    await settled(guard)


async def test_an_early_answer_does_not_read_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugway.server.exchange.LINGER_BYTES", 10)
    guard = Guard(ok, ServerSettings, ManualClock(), linger=60)
    wire = Wire([part(b"xxxxx"), part(b"xxxxx"), part(b"x")])
    await asyncio.wait_for(guard(scope(CHUNKED), wire.receive, wire.send), 5)
    assert wire.whole()
    await settled(guard)


async def test_nobody_reads_an_abandoned_body_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugway.server.exchange.DRAIN_SECONDS", 0.02)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        raise ValueError

    guard = guarded(app)
    wire = Wire([part(b"x")])
    await guard(scope(CHUNKED), wire.receive, wire.send)
    (drain,) = running()
    await asyncio.wait_for(asyncio.shield(drain), 5)
    assert wire.incoming.empty()
    await settled(guard)


@pytest.mark.parametrize(
    ("headers", "messages", "error"),
    [
        ([CHUNKED], [part(b"x" * 6), part(b"x" * 6)], PayloadTooLarge),
        ([CHUNKED], [part(b"x")], BodyTimeout),
        ([(b"content-length", b"9")], [part(b"x")], BodyTimeout),
    ],
)
async def test_the_app_hears_what_is_wrong_with_a_body(
    headers: list[tuple[bytes, bytes]], messages: list[Message], error: type[Exception]
) -> None:
    raised: list[Exception] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(2):  # and hears it again if it asks again
            try:
                await reading(scope, receive, send)
            except (PayloadTooLarge, BodyTimeout) as failure:
                raised.append(failure)
        raise raised[0]

    guard = guarded(app, max_body_bytes=10, body_timeout=0.02)
    wire = Wire(messages)
    await guard(scope(*headers), wire.receive, wire.send)
    assert [type(failure) for failure in raised] == [error, error]
    assert wire.status == raised[0].status  # type: ignore[attr-defined]  # as both have
    await settled(guard)


async def test_a_body_that_ends_too_soon_is_refused() -> None:
    guard = guarded(reading)
    wire = Wire([part(b"abc", more=False)])
    await guard(scope((b"content-length", b"5")), wire.receive, wire.send)
    assert wire.status == 400
    await settled(guard)


async def test_a_departure_in_the_body_is_passed_on() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend([(await receive())["type"], (await receive())["type"]])

    guard = guarded(app)
    wire = Wire([part(b"a"), {"type": "http.disconnect"}])
    await guard(scope((b"content-length", b"5")), wire.receive, wire.send)
    assert seen == ["http.request", "http.disconnect"]
    await settled(guard)


async def test_the_pause_is_timed_in_whatever_task_reads() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        with pytest.raises(BodyTimeout):
            await asyncio.create_task(reading(scope, receive, send))
        await ok(scope, receive, send)

    guard = guarded(app, body_timeout=0.02)
    wire = Wire()
    await guard(scope(CHUNKED), wire.receive, wire.send)
    assert wire.status == 200
    await settled(guard)


async def test_lifespans_pass_and_sockets_only_with_a_proper_head() -> None:
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)

    guard = guarded(app)
    wire = Wire()
    await guard({"type": "lifespan"}, wire.receive, wire.send)
    head = {
        "type": "websocket",
        "scheme": "ws",
        "http_version": "1.1",
        "path": "/a",
        "query_string": b"",
        "headers": [(b"host", b"h")],
    }
    await guard(dict(head), wire.receive, wire.send)
    await guard({**head, "path": "/a//b"}, wire.receive, wire.send)
    await guard({**head, "headers": []}, wire.receive, wire.send)
    assert [scope["type"] for scope in scopes] == ["lifespan", "websocket"]
    assert wire.sent == [{"type": "websocket.close", "code": 1008}] * 2
