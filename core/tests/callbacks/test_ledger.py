"""A message that the ledger wrote with the end of its task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from plugway.ids import new_id
from plugway.ledger.ledger import Ledger
from plugway.ledger.operations import Adjust, Advance, Finish, NewCallback, NewTask, Reserve
from plugway.storage.models import User

if TYPE_CHECKING:
    from core.tests.callbacks.conftest import Post

pytestmark = pytest.mark.anyio


async def test_what_the_ledger_writes_is_delivered_in_order_and_once(post_anywhere: Post) -> None:
    post = post_anywhere
    now = post.clock.now()
    user = await post.database.run(lambda: User.get(id=post.user_id))
    ledger = Ledger(post.database.url, post.clock, metrics=post.metrics)
    await ledger.open()
    post.stack.push_async_callback(ledger.close)
    await ledger.submit(
        Adjust(
            account_id=user.account_id,
            kind="credit",
            amount=100,
            actor="test",
            reason="test",
            idempotency_key="credit",
            at=now,
        )
    )
    call_id = new_id()
    task = NewTask(
        provider="shop",
        kind="parcel",
        model="parcel",
        user_id=user.id,
        request_id="r",
        ip="",
        external_id=None,
        callback_url=post.url,
        request="{}",
        facts="{}",
        price=10,
        next_poll_at=now,
        deadline=now + 10**9,
    )
    await ledger.submit(
        Reserve(
            call_id=call_id,
            account_id=user.account_id,
            key_account_id=None,
            key_id=None,
            amount=10,
            quote="{}",
            created_at=now,
            expires_at=now + 10**9,
            task=task,
        )
    )

    def message(body: str) -> NewCallback:
        return NewCallback(user_id=user.id, url=post.url, body=body)

    begun = Advance(call_id=call_id, at=now, state="processing", callback=message("processing"))
    ended = Finish(call_id=call_id, at=now, state="succeed", callback=message("succeed"))
    for operation in (begun, begun, ended, ended):
        await ledger.submit(operation)
    await post.work_off(await post.node())
    assert [seen.body for seen in post.receiver.seen] == [b"processing", b"succeed"]
    assert await post.states() == ["delivered"] * 2
