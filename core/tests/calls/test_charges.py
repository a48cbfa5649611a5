"""What a call costs, by what became of it."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from small import PRICE, SmallGateway

from plugway.testing.scripted import Seen, answer

pytestmark = pytest.mark.anyio


async def test_an_accepted_call_is_charged_once(small: SmallGateway) -> None:
    status, body, headers = await small.call("/small/a%2Fb?x=%2f&y", data=b"payload")
    assert (status, body) == (200, b'{"ok":true}')
    assert small.upstream.seen[0].line == "POST /small/a%2Fb?x=%2f&y HTTP/1.1"
    assert small.upstream.seen[0].body == b"payload"
    assert headers["x-request-id"]
    assert float(headers["x-plugway-overhead-ms"]) > 0
    # The settlement was durable before the answer was complete: no waiting here.
    assert await small.server.balance(small.user) == (1000 - PRICE, 0)
    await small.until_charged(PRICE)
    (row,) = await small.server.usage()
    assert (row.status, row.credits, row.model, row.error) == (200, PRICE, "one", None)
    assert row.request_id == headers["x-request-id"]
    assert [event.credits for event in small.plugin.settled] == [PRICE]


async def test_the_client_key_never_reaches_the_upstream(small: SmallGateway) -> None:
    await small.call(headers={"x-api-key": "", "cookie": "a=b"}, cookies={"c": "d"})
    status, *_ = await small.call(headers={"cookie": "a=b", "X-Custom": "kept"})
    assert status == 200
    seen = small.upstream.seen[-1]
    assert seen.header("authorization") == "Bearer upstream-secret"
    assert seen.header("cookie") is None
    assert seen.header("x-custom") == "kept"
    assert small.key not in str(seen.headers)


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "500 Oops", "503 Busy"])
async def test_what_the_upstream_refuses_is_relayed_and_costs_nothing(
    small: SmallGateway, status: str
) -> None:
    small.upstream.scripts = [answer(status, b"the reason", "x-upstream: yes")]
    seen, body, headers = await small.call()
    assert (seen, body) == (int(status[:3]), b"the reason")
    assert headers["x-upstream"] == "yes"
    await small.until_charged(0)
    (row,) = await small.server.usage()
    assert (row.status, row.credits, row.error) == (int(status[:3]), 0, "upstream_refused")


async def test_an_upstream_that_is_not_there_costs_nothing(small: SmallGateway) -> None:
    await small.upstream.stop()
    status, body, _ = await small.call()
    assert status == 502
    assert b"refused" in body
    assert b"127.0.0.1" not in body
    await small.until_charged(0)


async def test_a_free_call_holds_nothing_and_is_recorded(small: SmallGateway) -> None:
    status, *_ = await small.call("/free/x", "GET")
    assert status == 200
    await small.until_charged(0)
    (row,) = await small.server.usage()
    assert (row.status, row.credits) == (200, 0)


async def test_an_answer_cut_in_the_middle_is_charged_and_seen_cut(small: SmallGateway) -> None:
    async def cut(seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
        await writer.drain()
        raise ConnectionResetError

    small.upstream.scripts = [cut]
    with pytest.raises(aiohttp.ClientPayloadError):
        await small.call()
    await small.until_charged(PRICE)
    (row,) = await small.server.usage()
    assert row.error == "upstream_interrupted"


async def test_headers_that_never_come_cost_nothing(small: SmallGateway) -> None:
    async def silent(
        seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.read()

    await small.server.channel(
        "small",
        f"http://127.0.0.1:{small.upstream.port}",
        name="impatient",
        models=["one"],
        priority=1,
        secrets=["s"],
        settings={"headers_timeout": 0.2},
    )
    small.upstream.scripts = [silent]
    status, body, _ = await small.call()
    assert status == 504, body
    # Ambiguous: no other channel was asked.
    assert len(small.upstream.seen) == 1
    await small.until_charged(0)


async def test_an_upstream_that_dies_before_its_answer_is_not_asked_twice(
    small: SmallGateway,
) -> None:
    async def die(seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise ConnectionResetError

    small.upstream.scripts = [die]
    for method in ("POST", "GET", "PUT"):
        status, *_ = await small.call(method=method)
        assert status == 502
    assert len(small.upstream.seen) == 3
    await small.until_charged(0, rows=3)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/unpriced/x", 400, "no_price"),
        ("/unserved/x", 503, "no_available_channel"),
        ("/nowhere", 404, "not_found"),
    ],
)
async def test_what_cannot_be_served_is_refused_by_name(
    small: SmallGateway, path: str, status: int, code: str
) -> None:
    seen, body, headers = await small.call(path)
    assert seen == status
    assert f'"{code}"'.encode() in body
    assert headers["x-request-id"].encode() in body
    assert small.upstream.seen == []
    assert await small.charged() == (0, 0)


async def test_a_wrong_key_is_refused(small: SmallGateway) -> None:
    for header in ("Bearer sk-wrong", "Basic abc", "Bearer", ""):
        status, body, answered = await small.call(headers={"authorization": header})
        assert status == 401
        assert answered["www-authenticate"] == "Bearer"
        assert b"not_authenticated" in body
    assert small.upstream.seen == []


async def test_too_little_credit_is_refused_before_anything_is_sent(small: SmallGateway) -> None:
    poor = await small.server.user("poor", credits_=PRICE - 1)
    key = await small.server.key(poor)
    status, body, _ = await small.call(headers={"authorization": f"Bearer {key}"})
    assert status == 402
    assert b"insufficient_credits" in body
    assert small.upstream.seen == []
    assert await small.server.balance(poor) == (PRICE - 1, 0)


async def test_a_key_quota_is_a_second_account_that_must_admit(small: SmallGateway) -> None:
    key = await small.server.key(small.user, "limited", quota=PRICE + 1)
    headers = {"authorization": f"Bearer {key}"}
    assert (await small.call(headers=headers))[0] == 200
    assert (await small.call(headers=headers))[0] == 402
    assert (await small.call())[0] == 200
    await small.until_charged(2 * PRICE, rows=2)


async def test_a_key_without_the_model_is_told_so(small: SmallGateway) -> None:
    key = await small.server.key(small.user, "other", models=["two"])
    status, body, _ = await small.call(headers={"authorization": f"Bearer {key}"})
    assert status == 403
    assert b"no available channel" in body
    assert b'"model"' in body


async def test_parallel_calls_are_admitted_as_far_as_the_credits_go(small: SmallGateway) -> None:
    answers = await asyncio.gather(*(small.call() for _ in range(30)))
    statuses = [status for status, *_ in answers]
    # Each call is settled before its answer ends, so all ten are spent for good.
    assert statuses.count(200) == 10
    assert statuses.count(402) == 20
    await small.until_charged(10 * PRICE, rows=10)
