"""Old keys let in whom they let in before, as long as their line is there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aistudio_front import Front, serving

pytestmark = pytest.mark.anyio


async def test_keys_are_read_at_start_while_a_user_is_named(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    home = tmp_path / "home"
    async with serving(home, environ) as front:
        await front.prepare()
        assert not await front.enters("my-old-key")
    (home / "key.txt").write_text("my-old-key\n")
    async with serving(home, environ) as front:
        await front.until("my-old-key", enters=True)
    async with serving(home, {}) as front:
        await front.until("my-old-key", enters=False)
    async with serving(home, environ) as front:
        await front.until("my-old-key", enters=True)


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
async def test_both_headers_take_an_old_key(front: Front, header: str) -> None:
    front.write("old-key8\npass!word#1\n")
    await front.until("old-key8", enters=True)
    assert await front.enters("old-key8", header)
    assert await front.enters("pass!word#1", header)
    assert not await front.enters("old-key9", header)


async def test_a_file_that_changes_is_followed(front: Front) -> None:
    front.write("first-key\nother-key\n")
    await front.until("first-key", enters=True)
    front.write("other-key\nthird-key\n")
    await front.until("first-key", enters=False)
    assert await front.enters("other-key")
    await front.until("third-key", enters=True)
    front.path.unlink()
    await front.until("other-key", enters=False)
    assert not await front.enters("third-key")


async def test_no_file_lets_nobody_in(front: Front) -> None:
    await front.looks()
    assert (await front.call("GET /v1/models", role="")).status == 401
    front.write("")
    await front.looks()
    assert (await front.call("GET /v1/models", role="")).status == 401


async def test_a_line_that_is_too_short_is_no_key_and_is_not_logged(
    front: Front, caplog: pytest.LogCaptureFixture
) -> None:
    front.write("test1\nlong-enough\nlong-enough\n")
    await front.until("long-enough", enters=True)
    assert not await front.enters("test1")
    await front.looks()
    assert "key.txt: line 1 must be 8 to 256" in caplog.text
    assert "key.txt: line 3 has the key of line 1" not in caplog.text
    assert "key.txt: line 3 has the key of line 2 again" in caplog.text
    assert "test1" not in caplog.text
    assert "long-enough" not in caplog.text


async def test_keys_added_by_other_means_are_left_alone(
    front: Front, caplog: pytest.LogCaptureFixture
) -> None:
    user = await front.server.user("somebody")
    await front.server.key(user, "own", secret="key-of-hers")
    front.write("key-of-hers\nold-key-1\n")
    await front.until("old-key-1", enters=True)
    async with asyncio.timeout(30):
        # The keys count a moment before it is told.
        while "key.txt: line 1 has a key that was added by other means" not in caplog.text:
            await asyncio.sleep(0.01)
    front.write("\n")
    await front.until("old-key-1", enters=False)
    assert await front.enters("key-of-hers")


async def test_a_file_that_cannot_be_read_changes_nothing(
    front: Front, caplog: pytest.LogCaptureFixture
) -> None:
    front.write("first-key\n")
    await front.until("first-key", enters=True)
    front.path.write_bytes(b"\xff\xfe\xfa\n")
    await front.looks(8)
    assert await front.enters("first-key")
    assert caplog.text.count("key.txt is not UTF-8") == 1
    front.write("other-key\n")
    await front.until("other-key", enters=True)
    assert not await front.enters("first-key")


class TestWithoutThatUser:
    """The settings name somebody whom there is not."""

    @pytest.fixture
    def environ(self) -> dict[str, str]:
        """Name a user who comes later."""
        return {"PLUGWAY__PLUGINS__AISTUDIO__KEY_USER": "later"}

    async def test_nobody_gets_in_before_there_is_the_user(
        self, front: Front, caplog: pytest.LogCaptureFixture
    ) -> None:
        front.write("first-key\n")
        await front.looks()
        assert not await front.enters("first-key")
        told = [*caplog.get_records("setup"), *caplog.get_records("call")]
        assert sum("no user named later" in record.getMessage() for record in told) == 1
        await front.server.user("later")
        await front.until("first-key", enters=True)


class TestUnused:
    """The settings name nobody."""

    @pytest.fixture
    def environ(self) -> dict[str, str]:
        """Name nobody."""
        return {}

    async def test_the_file_is_not_read(self, front: Front) -> None:
        front.write("first-key\n")
        await front.looks()
        assert not await front.enters("first-key")
