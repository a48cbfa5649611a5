"""What goes wrong with one page, and what its client hears of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aistudio_gateway import CHATS, AIStudioGateway, body

from plugway_aistudio.emulated.answer import answer
from plugway_aistudio.emulated.parts import text
from plugway_aistudio.emulator import AIStudioEmulator

pytestmark = pytest.mark.anyio

#: Seconds until an answer is given up that says nothing; more than a busy machine takes.
PATIENCE = 5

INTERRUPTED = (502, "upstream_interrupted")
UNREADABLE = (502, "unreadable_answer")
LATE = (504, "upstream_timeout")


@pytest.fixture(scope="module")
async def studio(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AIStudioGateway]:
    """Run a gateway with one profile that does not wait for ever."""
    home: Path = tmp_path_factory.mktemp("failures") / "home"
    channel = {"silence_timeout": PATIENCE, "first_timeout": PATIENCE, "wait": 20}
    async with AIStudioGateway.running(home, AIStudioEmulator(), channel=channel) as studio:
        yield studio


async def until_well(studio: AIStudioGateway) -> None:
    """Check that nothing was charged or is held, and that the next question is answered."""
    studio.emulator.release()
    # What was to come of the answer that failed comes no more.
    studio.emulator.mishaps.waiting.clear()
    answered = await studio.ask("And after?")
    assert answered.message["content"].startswith("You said: And after?\n")
    (row,) = await studio.rows()
    assert row.state == "ready"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("truncated", INTERRUPTED),
        ("cut", INTERRUPTED),
        ("garbage", UNREADABLE),
        ("navigate", INTERRUPTED),
        ("reload", INTERRUPTED),
        ("silence", LATE),
    ],
)
@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
async def test_an_answer_that_breaks_off_is_an_error_and_free(
    studio: AIStudioGateway, kind: str, expected: tuple[int, str], streams: bool
) -> None:
    before = await studio.charged()
    studio.emulator.mishap(kind, after=3)
    pieces = [f"{number} " for number in range(50)]
    studio.emulator.script(answer(*map(text, pieces), pause=0.02))
    async with studio.client.post(CHATS, json=body("Hello", stream=streams)) as response:
        raw = await response.read()
    status, code = expected
    if not streams:
        assert response.status == status
        error = msgspec.json.decode(raw)["error"]
    else:
        assert response.status == 200
        assert b"[DONE]" not in raw
        *chunks, last = [one.removeprefix(b"data: ") for one in raw.split(b"\n\n") if one]
        said = [msgspec.json.decode(one)["choices"][0] for one in chunks]
        written = "".join(one["delta"].get("content") or "" for one in said)
        # What came is kept, and nobody reads of an error in it.
        assert "".join(pieces).startswith(written)
        assert written
        assert all(one["finish_reason"] is None for one in said)
        error = msgspec.json.decode(last)["error"]
    assert (error["type"], error["code"]) == ("server_error", code)
    assert await studio.charged() == before
    row = (await studio.server.usage())[-1]
    assert row.credits == 0
    await until_well(studio)


@pytest.mark.parametrize(
    ("kind", "details", "expected", "words"),
    [
        ("truncated", {}, INTERRUPTED, ""),
        ("cut", {}, INTERRUPTED, ""),
        ("garbage", {}, UNREADABLE, ""),
        ("slow_start", {"seconds": 0}, LATE, "did not begin within 5 seconds"),
        ("status", {"status": 500, "text": "Internal error."}, (502, "upstream_error"), "Internal"),
        ("status", {"status": 503}, (502, "upstream_error"), "overloaded"),
        ("status", {"status": 504}, LATE, "Deadline"),
        ("status", {"status": 400, "text": "Too long."}, (400, None), "Too long."),
        ("toast", {"text": "Something is odd."}, (502, "upstream_error"), "Something is odd."),
        ("reload", {}, INTERRUPTED, ""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_failure_before_the_first_word_has_a_status(
    studio: AIStudioGateway,
    kind: str,
    details: dict[str, Any],
    expected: tuple[int, str | None],
    words: str,
) -> None:
    before = await studio.charged()
    for streams in (False, True):
        studio.emulator.mishap(kind, **details)
        if kind == "reload":
            # Else the first words may be here before the page has gone.
            studio.emulator.script(answer(text(""), text("Too late")))
            studio.emulator.mishap("silence", after=1)
        refused = await studio.ask("Hello", stream=streams)
        assert (refused.status, refused.error["code"]) == expected, refused.body
        assert words in refused.error["message"]
        assert await studio.charged() == before
        await until_well(studio)
        before = await studio.charged()


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("stuck_run", {}),
        ("stuck_run", {"seconds": 1}),
        ("run_ignored", {}),
        ("confirm", {}),
        ("dialog", {"at": "chat"}),
        ("survey", {"at": "chat"}),
        ("welcome", {"at": "chat"}),
        ("dialog", {"at": "typed"}),
        ("no_end", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value.values())),
)
async def test_what_is_in_the_way_of_a_question_is_got_over(
    studio: AIStudioGateway, kind: str, details: dict[str, Any]
) -> None:
    # The page begins its next chat by itself, so the second question meets it at the latest.
    studio.emulator.mishap(kind, **details)
    for said in ("First", "Second"):
        answered = await studio.ask(said)
        assert answered.message["content"].startswith(f"You said: {said}\n")
    assert not studio.emulator.mishaps.waiting


async def test_a_page_that_keeps_another_model_is_not_asked(studio: AIStudioGateway) -> None:
    before = await studio.charged()
    asked = len(studio.emulator.asked)
    studio.emulator.mishap("wrong_model")
    refused = await studio.ask("Hello", "gemini-2.5-pro")
    assert (refused.status, refused.error["code"]) == (404, "model_not_found")
    assert len(studio.emulator.asked) == asked
    assert await studio.charged() == before
    await until_well(studio)


async def test_an_upstream_that_is_gone_is_told_and_is_back_when_it_is(tmp_path: Path) -> None:
    async with AIStudioGateway.running(tmp_path / "home", AIStudioEmulator()) as studio:
        await studio.ask()
        before = await studio.charged()
        studio.emulator.fail("status", path="/prompts", status=500, times=3)
        refused = await studio.ask("Hi", "gemini-2.5-pro")
        assert refused.status == 502, refused.body
        assert await studio.charged() == before
        assert (await studio.rows())[0].state == "ready"
