"""What is kept, found, replaced and removed; rows on every database, bytes in a folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from gallery import Gallery

from plugway.errors import NotFound, PayloadTooLarge, Unavailable, UpstreamError
from plugway.storage.database import Database
from plugway.storage.models import MediaRow

pytestmark = pytest.mark.anyio

DAY = 86_400
GIF = b"GIF89a"


async def rows(database: Database) -> int:
    return await database.run(lambda: MediaRow.all().count())


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def breaking(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    raise UpstreamError("it broke off")


async def test_rows_on_every_database(database: Database, gallery: Gallery) -> None:
    store = gallery.store(database, total_bytes=20, keep_days=2)
    second = await store.keep(GIF + b"2", call_id="a", user_id=1, position=1)
    first = await store.keep(
        GIF, call_id="a", user_id=1, mime_type="video/mp4", name="媒体\0\ud800"
    )
    assert (first.mime_type, first.name, first.size, first.kind) == (
        "image/gif",
        "媒体",
        6,
        "image",
    )
    assert first.expires_at == gallery.clock.now() + 2 * DAY * 1_000_000
    assert await store.of("a") == [first, second]
    assert await store.get(first.id) == first
    assert await store.get(first.id.upper()) is None
    # The same again, by several at once: one of them is it, and nothing of the others stays.
    again = await asyncio.gather(
        *(store.keep(GIF + b"!", call_id="a", user_id=1) for _ in range(4)), return_exceptions=True
    )
    last = await store.of("a")
    assert last[0] in again
    assert last[1] == second
    assert await store.get(first.id) is None
    assert len(gallery.files()) == 2
    assert await rows(database) == 2
    # Of other calls, which are listed and counted apart.
    gallery.clock.advance(DAY)
    other = await store.keep(GIF, call_id="b", user_id=2)
    now = gallery.clock.now()
    listed = [kept for _, kept in await store.rows.listed(now, limit=9)]
    assert listed[0] == other
    assert {kept.id for kept in listed[1:]} == {last[0].id, second.id}
    page = await store.rows.listed(now, limit=1)
    rest = await store.rows.listed(now, after=page[-1][0], limit=9)
    assert [kept for _, kept in page + rest] == listed
    totals = await store.rows.totals(now, user_id=1, call_id="a")
    assert (totals.number, totals.size) == (2, 14)
    assert (await store.rows.totals(now, user_id=3)).size == 0
    # 20 bytes are there, which is what may be; 1 more, and the oldest goes.
    assert await store.prune(now) == 0
    await store.keep(b"?", call_id="c", user_id=2)
    assert await store.prune(now) == 1
    assert await store.of("a") == last[:1]
    gallery.clock.advance(DAY)
    assert await store.of("a") == []
    assert await store.prune(gallery.clock.now()) == 1
    assert await store.remove(other.id)
    assert not await store.remove(other.id)
    assert (await rows(database), len(gallery.files())) == (1, 1)


async def test_files_are_their_owners_alone(sqlite: Database, gallery: Gallery) -> None:
    store = gallery.store(sqlite)
    content = bytes(range(256)) * 9_000
    kept = await store.keep(pieces(content[:10], content[10:]), call_id="a", user_id=1)
    (file,) = gallery.files()
    assert file.read_bytes() == content == await store.read(kept)
    part = [chunk async for chunk in await store.stream(kept, 300_000, 2_000_000)]
    assert len(part) > 1
    assert b"".join(part) == content[300_000:2_000_000]
    assert file.stat().st_mode & 0o777 == 0o600
    folders = (gallery.home / "media", file.parent)
    assert [path.stat().st_mode & 0o777 for path in folders] == [0o700, 0o700]
    file.unlink()
    with pytest.raises(NotFound):
        await store.read(kept)


async def test_what_is_not_whole_leaves_nothing(sqlite: Database, gallery: Gallery) -> None:
    store = gallery.store(sqlite, max_bytes=3_000_000)
    with pytest.raises(UpstreamError, match="broke off"):
        await store.keep(breaking(GIF, bytes(2_000_000)), call_id="a", user_id=1)
    with pytest.raises(PayloadTooLarge, match="3000000"):
        await store.keep(pieces(bytes(2_000_000), bytes(1_000_001)), call_id="a", user_id=1)
    assert gallery.files() == []
    assert await rows(sqlite) == 0
    kept = await store.keep(bytes(3_000_000), call_id="a", user_id=1)
    # What was kept before stays until its successor is whole.
    with pytest.raises(UpstreamError):
        await store.keep(breaking(GIF), call_id="a", user_id=1)
    assert await store.of("a") == [kept]
    empty = await store.keep(b"", call_id="b", user_id=1)
    assert (empty.size, await store.read(empty)) == (0, b"")


async def test_what_a_crash_leaves_is_removed(sqlite: Database, gallery: Gallery) -> None:
    store = gallery.store(sqlite, keep_days=0)
    waiting, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield bytes(2_000_000)
        waiting.set()
        await go_on.wait()

    keeping = asyncio.create_task(store.keep(slow(), call_id="a", user_id=1))
    await waiting.wait()
    kept = await store.keep(GIF, call_id="b", user_id=1)
    assert kept.expires_at is None
    # As if the process had died now: half a file, and a row that nobody finds.
    (half,) = [path for path in gallery.files() if path.suffix == ".part"]
    assert half.stat().st_mode & 0o777 == 0o600
    assert await store.of("a") == []
    assert await store.prune(gallery.clock.now()) == 0
    gallery.clock.advance(DAY)
    assert await store.prune(gallery.clock.now()) == 1
    assert len(gallery.files()) == 1
    gallery.clock.advance(10_000 * DAY)
    assert await store.prune(gallery.clock.now()) == 0
    assert await store.of("b") == [kept]
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping


async def test_bytes_that_cannot_be_removed_are_removed_later(
    sqlite: Database,
    gallery: Gallery,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = gallery.store(sqlite)
    kept = await store.keep(GIF, call_id="a", user_id=1)
    (file,) = gallery.files()
    # A folder cannot be unlinked, whoever runs the test.
    file.unlink()
    file.mkdir()
    assert await store.remove(kept.id)
    assert "could not be removed yet" in caplog.text
    assert await store.get(kept.id) is None
    assert await rows(sqlite) == 1
    file.rmdir()
    assert await store.prune(gallery.clock.now()) == 1
    assert await rows(sqlite) == 0


async def test_a_folder_that_cannot_be_written_is_said(
    sqlite: Database, gallery: Gallery, caplog: pytest.LogCaptureFixture
) -> None:
    (gallery.home / "taken").write_text("a file")
    store = gallery.store(sqlite, folder="taken")
    with pytest.raises(Unavailable) as refused:
        await store.keep(GIF, call_id="a", user_id=1)
    assert str(gallery.home) not in str(refused.value)
    assert "taken" in caplog.text


async def test_a_url_lives_no_longer_than_what_it_names(sqlite: Database, gallery: Gallery) -> None:
    store = gallery.store(sqlite, keep_days=0.5, url_hours=1)
    kept = await store.keep(GIF, call_id="a", user_id=1)
    now = gallery.clock.now() // 1_000_000
    assert f"https://x/media/{kept.id}.gif?until={now + 3_600}&" in store.url(kept, "https://x")
    gallery.clock.advance(DAY / 2 - 60)
    assert f"?until={now + DAY // 2}&" in store.url(kept, "https://x")
