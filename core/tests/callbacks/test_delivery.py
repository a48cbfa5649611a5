"""One message, one receiver: what is sent, and what each answer means."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from plugway.credentials.vault import Vault
from plugway.identity import webhook_secret
from plugway.testing.scripted import Seen, answer
from plugway.webhooks import verify_webhook

if TYPE_CHECKING:
    from core.tests.callbacks.conftest import Post

pytestmark = pytest.mark.anyio

SECOND = 1_000_000
OK = answer("200 OK", b"")


def signed_with(secret: str, seen: Seen, now: int) -> bool:
    return verify_webhook([secret], dict(seen.headers), seen.body, now // SECOND)


async def test_a_message_is_posted_as_json(post: Post) -> None:
    body = '{"task_status":"succeed","text":"张三"}'
    number = await post.put("call1", body, f"{post.url}/hook?token=1")
    node = await post.node()
    assert await node.run_once(post.clock.now()) == 1
    (seen,) = post.receiver.seen
    assert seen.line == "POST /hook?token=1 HTTP/1.1"
    assert seen.body.decode() == body
    assert seen.header("content-type") == "application/json; charset=utf-8"
    assert seen.header("webhook-id") == f"msg_call1_{number}"
    assert seen.header("webhook-timestamp") == str(post.clock.now() // SECOND)
    assert seen.header("webhook-signature") is None
    record = await post.get(number)
    assert (record.state, record.tries, record.status) == ("delivered", 1, 200)
    assert (record.next_try_at, record.reason) == (None, None)
    assert post.counted("callbacks_total", result="delivered") == 1
    assert await node.run_once(post.clock.now()) == 0


async def test_a_user_with_a_secret_gets_signed_messages(post: Post) -> None:
    node, now = await post.node(), post.clock.now
    where = (post.database, post.vault)
    first = (await webhook_secret.renew(*where, post.clock, post.user_id)).reveal()
    await post.put()
    await node.run_once(now())
    assert signed_with(first, post.receiver.seen[-1], now())

    # Changed: seen at the next message, and the old one signs too for a day.
    second = (await webhook_secret.renew(*where, post.clock, post.user_id)).reveal()
    await post.put()
    await node.run_once(now())
    assert signed_with(first, post.receiver.seen[-1], now())
    assert signed_with(second, post.receiver.seen[-1], now())
    post.clock.advance(webhook_secret.OVERLAP)
    await post.put()
    await node.run_once(now())
    assert not signed_with(first, post.receiver.seen[-1], now())
    assert signed_with(second, post.receiver.seen[-1], now())

    await webhook_secret.remove(post.database, post.user_id)
    await post.put()
    await node.run_once(now())
    assert post.receiver.seen[-1].header("webhook-signature") is None


async def test_each_try_is_signed_anew_with_the_same_id(post: Post) -> None:
    secret = await webhook_secret.renew(post.database, post.vault, post.clock, post.user_id)
    post.receiver.scripts = [answer("500 No"), OK]
    await post.put()
    node = await post.node()
    await node.run_once(post.clock.now())
    post.clock.advance(600)
    await node.run_once(post.clock.now())
    first, second = post.receiver.seen
    assert first.header("webhook-id") == second.header("webhook-id")
    assert not signed_with(secret.reveal(), first, post.clock.now())
    assert signed_with(secret.reveal(), second, post.clock.now())


async def test_nothing_is_sent_unsigned_because_a_secret_does_not_open(post: Post) -> None:
    await webhook_secret.renew(post.database, Vault([b"x" * 32]), post.clock, post.user_id)
    number = await post.put()
    await (await post.node()).run_once(post.clock.now())
    assert post.receiver.seen == []
    record = await post.get(number)
    assert (record.state, record.tries, record.status) == ("waiting", 1, None)
    assert record.reason == "the user's webhook secret cannot be opened"


@pytest.mark.parametrize("status", ["201 Created", "202 Accepted", "204 No Content", "299 x"])
async def test_any_2xx_is_delivered(post: Post, status: str) -> None:
    post.receiver.scripts = [answer(status, b"")]
    number = await post.put()
    await (await post.node()).run_once(post.clock.now())
    assert (await post.get(number)).state == "delivered"


@pytest.mark.parametrize(
    "status", ["301 Moved", "307 Moved", "400 Bad", "401 x", "404 x", "410 x", "503 x"]
)
async def test_anything_else_is_tried_again(post: Post, status: str) -> None:
    post.receiver.scripts = [answer(status, b"secret words", f"location: {post.other_url}/")]
    number = await post.put()
    await (await post.node()).run_once(post.clock.now())
    record = await post.get(number)
    assert (record.state, record.tries, record.status) == ("waiting", 1, int(status[:3]))
    assert record.reason == f"answered with {status[:3]}"
    assert record.next_try_at == post.clock.now() + 5 * SECOND
    assert post.counted("callbacks_total", result="retried") == 1
    assert (len(post.receiver.seen), post.other.seen) == (1, [])


async def test_the_body_of_an_answer_does_not_count(post: Post) -> None:
    async def pour(seen: Seen, reader: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    async def break_off(seen: Seen, reader: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\ncontent-encoding: br\r\n\r\nx")
        writer.close()

    for script in (pour, break_off):
        post.receiver.scripts = [script]
        number = await post.put()
        await (await post.node()).run_once(post.clock.now())
        assert (await post.get(number)).state == "delivered"


async def test_a_receiver_that_is_silent_or_gone(post: Post) -> None:
    async def say_nothing(seen: Seen, reader: asyncio.StreamReader, writer: Any) -> None:
        await reader.read()

    post.receiver.scripts = [say_nothing]
    post.settings = msgspec.structs.replace(post.settings, timeout=0.2)
    await post.other.stop()
    silent, gone = await post.put("c1"), await post.put("c2", url=post.other_url)
    assert await (await post.node()).run_once(post.clock.now()) == 2
    assert (await post.get(silent)).reason == "The server behind that URL took too long."
    reason = (await post.get(gone)).reason
    assert reason == "The upstream could not be reached: connection refused."


async def test_no_private_address_is_ever_sent_to(post: Post) -> None:
    node = await post.node(upstream=await post.upstream(exempt=False))
    port = post.receiver.port
    hosts = ("127.0.0.1", "localhost", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0")  # noqa: S104  # not bound to
    urls = [f"http://{host}:{port}/" for host in hosts]
    urls += ["file:///etc/passwd", f"http://user:s3cret@127.0.0.1:{port}/", "http://[", "x"]
    numbers = [await post.put(f"c{place}", url=url) for place, url in enumerate(urls)]
    await post.work_off(node)
    assert (post.receiver.seen, post.other.seen) == ([], [])
    for number in numbers:
        record = await post.get(number)
        assert (record.state, record.tries, record.status) == ("waiting", 1, None)
        assert record.reason
        assert "s3cret" not in record.reason
