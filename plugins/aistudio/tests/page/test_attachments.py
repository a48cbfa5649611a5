"""Files beside the text, from memory."""

from __future__ import annotations

import hashlib

import pytest
from aistudio_page import Desk

from plugway import BadRequest
from plugway_aistudio.page.attachments import LIMIT
from plugway_aistudio.question import File

pytestmark = pytest.mark.anyio

IMAGE = File("picture.png", "image/png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
NOTE = File("Größe 日本.txt", "text/plain", "Grüße".encode())


def sent(studio: Desk) -> list[tuple[str, int, str]]:
    return [(each.mime_type, each.size, each.sha256) for each in studio.asked.files]


def given(*files: File) -> list[tuple[str, int, str]]:
    return [
        (each.mime_type, len(each.data), hashlib.sha256(each.data).hexdigest()) for each in files
    ]


async def test_files_arrive_whole_and_in_order(either: Desk) -> None:
    await either.ask("What is this?", files=(IMAGE, NOTE))
    assert sent(either) == given(IMAGE, NOTE)
    assert "What is this?" in either.asked.text
    await either.ask("Without")
    assert either.asked.files == ()


async def test_a_slow_upload_is_waited_for_and_consent_is_given(studio: Desk) -> None:
    studio.emulator.behaviour.upload_seconds = 0.5
    studio.emulator.mishap("consent")
    # A new page: it is told how it behaves when it is loaded.
    await studio.driver.close()
    await studio.ask(files=(IMAGE,))
    assert sent(studio) == given(IMAGE)
    assert not studio.emulator.mishaps.waiting


async def test_files_of_a_question_that_was_refused_are_not_left_over(studio: Desk) -> None:
    with pytest.raises(BadRequest, match="several lines"):
        await studio.submit(files=(IMAGE,), stop=("a\nb",))
    await studio.ask("After")
    assert studio.asked.files == ()


async def test_more_than_the_page_takes_is_refused(studio: Desk) -> None:
    large = File("large.bin", "application/octet-stream", bytes(LIMIT + 1))
    with pytest.raises(BadRequest, match="50 MiB") as caught:
        await studio.submit(files=(large,))
    assert caught.value.field == "files"
