"""Texts of every kind, from the client to the page's request and back."""

from __future__ import annotations

import pytest
from aistudio_gateway import AIStudioGateway
from aistudio_said import say

from plugway_aistudio.emulated.answer import answer
from plugway_aistudio.emulated.parts import text, thought

pytestmark = pytest.mark.anyio

TEXTS = {
    "chinese": "你好，世界。三十六計走為上策",
    "right to left": "مرحبا بالعالم \u202eabc\u202c שלום",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 é e\u0301 \U0010ffff",
    "null": "a\x00b\x01\x1f\x7f\u2028\u2029\ufeffc",
    "fences": "```python\nprint('```')\n```\n~~~\n# Title\n| a | b |\n|---|---|\n<b>&amp;</b>",
    "page": '</textarea><script>alert(1)</script><!-- [[[[[,"]},{]]]] ${x} \\n \\u0041 %s',
    "array": '[[[null,"x"]],"model"]',
    "long line": "ab " * 50_000,
    "many lines": "line\n" * 5_000 + "end",
    "space around": "    indented\n\tcode  \n\n",
    "tabs": "a\tb\u00a0c\u3000d",
}


@pytest.mark.parametrize("name", TEXTS)
async def test_a_text_arrives_as_it_was_written(studio: AIStudioGateway, name: str) -> None:
    said = TEXTS[name]
    await say(studio, said, streams=True)
    assert studio.emulator.asked[-1].text == said
    # The same in the box of the system instructions.
    messages = [{"role": "system", "content": said}, {"role": "user", "content": "Hi"}]
    await say(studio, messages, streams=False)
    assert studio.emulator.asked[-1].text == "Hi"
    assert studio.emulator.asked[-1].system == said


async def test_ends_of_lines_are_those_of_a_page(studio: AIStudioGateway) -> None:
    # What is typed into a page has one kind of them.
    await say(studio, "a\r\nb\rc\n", streams=False)
    assert studio.emulator.asked[-1].text == "a\nb\nc\n"


@pytest.mark.parametrize("name", TEXTS)
async def test_an_answer_comes_as_it_was_said(
    studio: AIStudioGateway, streams: bool, name: str
) -> None:
    whole = TEXTS[name]
    pieces = [text(whole[at : at + 997]) for at in range(0, len(whole), 997)]
    studio.emulator.script(answer(thought(whole[:100]), *pieces, chunks="character"))
    said = await say(studio, streams=streams)
    assert said.text == whole
    assert said.thoughts == whole[:100]


async def test_a_question_of_a_megabyte(studio: AIStudioGateway) -> None:
    said = "Woorden! 字🙂\n" * 80_000
    assert len(said.encode()) > 1 << 20
    answered = await say(studio, said, streams=True)
    assert studio.emulator.asked[-1].text == said
    assert f"({len(said)} characters)" in answered.text


async def test_an_answer_of_megabytes(studio: AIStudioGateway, streams: bool) -> None:
    studio.emulator.script(answer(*[text("Answer 字🙂\n" * 1_000)] * 100))
    said = await say(studio, streams=streams)
    assert said.text == "Answer 字🙂\n" * 100_000


@pytest.mark.parametrize(
    "content",
    ["", "  \n", [], [{"type": "text", "text": ""}]],
    ids=["empty", "blank", "none", "part"],
)
async def test_nothing_said_is_refused(studio: AIStudioGateway, content: object) -> None:
    asked = len(studio.emulator.asked)
    refused = await studio.ask([{"role": "user", "content": content}])
    assert (refused.status, refused.error["param"]) == (400, "messages"), refused.body
    assert len(studio.emulator.asked) == asked
