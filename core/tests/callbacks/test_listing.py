"""The outbox as operators see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from plugway.callbacks import listing
from plugway.errors import NotFound
from plugway.storage.models import CallbackRow

if TYPE_CHECKING:
    from core.tests.callbacks.conftest import Post

pytestmark = pytest.mark.anyio


async def test_messages_are_found_the_newest_first_page_by_page(post_anywhere: Post) -> None:
    post = post_anywhere
    numbers = [await post.put(f"t{number % 3}") for number in range(7)]
    found: list[int] = []
    after = 0
    while page := await listing.search(post.database, after=after, limit=3):
        assert len(page) <= 3
        found += [one.id for one in page]
        after = page[-1].id
    assert found == numbers[::-1]


async def test_messages_are_chosen(post_anywhere: Post) -> None:
    post = post_anywhere
    first = await post.put("a")
    second = await post.put("b")
    user = post.user_id
    post.user_id = user + 1
    third = await post.put("b")
    await post.database.run(
        lambda: CallbackRow.filter(id=second).update(state="failed", next_try_at=None)
    )

    async def ids(**chosen: object) -> list[int]:
        return [one.id for one in await listing.search(post.database, **chosen)]  # type: ignore[arg-type]  # as given

    assert await ids() == [third, second, first]
    assert await ids(state="waiting") == [third, first]
    assert await ids(state="failed") == [second]
    assert await ids(state="delivered") == []
    assert await ids(call_id="b") == [third, second]
    assert await ids(call_id="b", user_id=user) == [second]
    assert await ids(user_id=user + 1, state="waiting", call_id="b") == [third]


async def test_a_message_that_is_not_there(post_anywhere: Post) -> None:
    database = post_anywhere.database
    with pytest.raises(NotFound):
        await listing.get(database, 99)
    with pytest.raises(NotFound):
        await listing.resend(database, 99, 0)


async def test_having_one_sent_again_changes_that_one(post_anywhere: Post) -> None:
    post = post_anywhere
    one, other = await post.put("a"), await post.put("a")
    await post.database.run(
        lambda: CallbackRow.all().update(state="delivered", next_try_at=None, tries=3, status=200)
    )
    before = await post.get(other)
    post.clock.advance(60)
    record = await listing.resend(post.database, one, post.clock.now())
    assert record == await post.get(one)
    assert (record.state, record.tries, record.next_try_at) == ("waiting", 0, post.clock.now())
    assert record.message_id == f"msg_a_{one}"
    assert await post.get(other) == before
