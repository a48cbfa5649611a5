"""Media in a bucket, at a service that checks every signature."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import pytest
from bucket_service import ACCESS_KEY, REGION, SECRET_KEY, BucketService
from gallery import Gallery

from plugway.errors import ConfigurationError, NotFound, Unavailable, UpstreamError
from plugway.storage.database import Database

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
async def service(anyio_backend: str) -> AsyncIterator[BucketService]:
    """Run a service."""
    async with BucketService() as service:
        yield service


def said(service: BucketService, **other: str) -> dict[str, str]:
    return {
        "bucket": service.bucket,
        "endpoint": service.url,
        "region": REGION,
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
        "prefix": "plugway/",
        **other,
    }


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def test_what_is_small_goes_in_one_request(
    sqlite: Database, gallery: Gallery, service: BucketService
) -> None:
    store = gallery.store(sqlite, **said(service))
    kept = await store.keep(pieces(PNG, b"1" * 100), call_id="a", user_id=1)
    key = f"plugway/{kept.id[:2]}/{kept.id}"
    assert kept.place == f"s3://gallery/{key}"
    assert service.objects == {key: PNG + b"1" * 100}
    assert service.asked == ["PUT"]
    assert await store.read(kept) == service.objects[key]
    assert b"".join([chunk async for chunk in await store.stream(kept, 7, 12)]) == b"\n1111"
    empty = await store.keep(b"", call_id="b", user_id=1)
    assert await store.read(empty) == b""
    # Another node, and one whose settings have changed, find it as well.
    other = gallery.store(sqlite, **said(service, prefix=""))
    assert await other.read(kept) == service.objects[key]
    await other.keep(PNG, call_id="a", user_id=1)
    assert key not in service.objects
    with pytest.raises(NotFound):
        await store.read(kept)
    gallery.clock.advance(8 * 86_400)
    assert await store.prune(gallery.clock.now()) == 2
    assert service.objects == {}
    assert gallery.files() == []


async def test_what_is_large_goes_and_comes_in_parts(
    sqlite: Database, gallery: Gallery, service: BucketService
) -> None:
    store = gallery.store(sqlite, **said(service))
    chunks = [bytes([number]) * 3_000_000 for number in range(4)]
    kept = await store.keep(pieces(*chunks), call_id="a", user_id=1)
    assert kept.size == 12_000_000
    assert service.asked[0] == "POST uploads"
    assert service.asked.count("PUT partNumber uploadId") == 2
    assert service.unfinished == {}
    got = [chunk async for chunk in await store.stream(kept)]
    assert len(got) == 3
    assert b"".join(got) == b"".join(chunks)


async def test_an_upload_that_breaks_off_is_taken_back(
    sqlite: Database, gallery: Gallery, service: BucketService
) -> None:
    store = gallery.store(sqlite, **said(service))

    async def breaking() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield bytes(4_000_000)
        raise UpstreamError("it broke off")

    with pytest.raises(UpstreamError, match="broke off"):
        await store.keep(breaking(), call_id="a", user_id=1)
    assert (service.objects, service.unfinished) == ({}, {})
    assert await store.of("a") == []


async def test_a_bucket_that_fails_is_said_without_its_secret(
    sqlite: Database, gallery: Gallery, service: BucketService, caplog: pytest.LogCaptureFixture
) -> None:
    store = gallery.store(sqlite, **said(service))
    kept = await store.keep(PNG, call_id="a", user_id=1)
    stranger = gallery.store(sqlite, **said(service, secret_key="another"))
    with pytest.raises(Unavailable, match="read"):
        await stranger.read(kept)
    with pytest.raises(Unavailable, match="written"):
        await stranger.keep(PNG, call_id="b", user_id=1)
    assert await stranger.remove(kept.id)
    assert "could not be read" in caplog.text
    assert "another" not in caplog.text
    # What could not be removed is, once it can be.
    assert len(service.objects) == 1
    assert await store.prune(gallery.clock.now()) == 1
    assert service.objects == {}


async def test_folder_and_bucket_live_side_by_side(
    sqlite: Database, gallery: Gallery, service: BucketService
) -> None:
    old = gallery.store(sqlite)
    before = await old.keep(PNG, call_id="a", user_id=1)
    store = gallery.store(sqlite, **said(service))
    after = await store.keep(PNG, call_id="a", user_id=1, position=1)
    assert [await store.read(kept) for kept in await store.of("a")] == [PNG, PNG]
    with pytest.raises(Unavailable, match="not set any more"):
        await old.read(after)
    gallery.clock.advance(8 * 86_400)
    assert await store.prune(gallery.clock.now()) == 2
    assert (service.objects, gallery.files(), await store.of(before.call_id)) == ({}, [], [])


def test_a_bucket_needs_its_extra(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(ConfigurationError, match=r"plugway\[s3\]"):
        gallery.store(Database("sqlite://unused.db"), bucket="gallery")
