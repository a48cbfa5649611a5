from __future__ import annotations

import pytest

from plugway.storage.database import Database
from plugway.tasks import receipts

pytestmark = pytest.mark.anyio


async def test_what_was_told_is_kept_in_its_order(database: Database) -> None:
    for number in range(4):
        assert await receipts.keep(database, "c1", f"body {number}", number % 2 == 1, number)
    assert await receipts.keep(database, "c2", "other", True, 9)
    kept = await receipts.of(database, "c1", 10)
    assert [(one.body, one.verified, one.created_at) for one in kept] == [
        ("body 0", False, 0),
        ("body 1", True, 1),
        ("body 2", False, 2),
        ("body 3", True, 3),
    ]
    # The last ones.
    assert await receipts.of(database, "c1", 2) == kept[2:]
    assert await receipts.of(database, "none", 2) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", ""),
        ("a" * 65_536, "a" * 65_536),
        ("a" * 65_537, "a" * 65_536),
        # Three bytes each: the one that the cut goes through is left out.
        ("猫" * 30_000, "猫" * 21_845),
        ("a\0b", "a�b"),
        ("a\ud800b", "a?b"),
    ],
)
async def test_long_or_strange_bodies_are_kept_as_far_as_they_can_be(
    database: Database, body: str, expected: str
) -> None:
    await receipts.keep(database, "c1", body, True, 0)
    (kept,) = await receipts.of(database, "c1", 1)
    assert kept.body == expected


async def test_unproven_ones_are_not_kept_for_ever(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(receipts, "MOST_UNPROVEN", 3)
    # Proven ones have no part in it.
    assert await receipts.keep(database, "c1", "proven", True, 0)
    kept = [await receipts.keep(database, "c1", str(number), False, 0) for number in range(5)]
    assert kept == [True, True, True, False, False]
    caplog.clear()
    assert await receipts.keep(database, "c1", "proven", True, 0)
    assert caplog.records == []
    assert not await receipts.keep(database, "c1", "secret", False, 0)
    assert "secret" not in caplog.text
    assert await receipts.keep(database, "c2", "0", False, 0)
    assert len(await receipts.of(database, "c1", 100)) == 5
