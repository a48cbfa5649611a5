"""Texts before which an answer ends, as clients of OpenAI's API see them."""

from __future__ import annotations

import pytest
from aistudio_gateway import AIStudioGateway
from aistudio_said import say

from plugway_aistudio.emulated.answer import answer
from plugway_aistudio.emulated.parts import text, thought

pytestmark = pytest.mark.anyio


async def test_the_page_is_told_where_to_end(studio: AIStudioGateway, streams: bool) -> None:
    said = await say(studio, "One END two", streams=streams, stop="END")
    assert studio.emulator.asked[-1].stop == ("END",)
    assert (said.text, said.finish) == ("You said: One ", "stop")


async def test_four_texts_go_in_their_order(studio: AIStudioGateway, streams: bool) -> None:
    stops = ["</s>", "###", "Observation:", "你好"]
    said = await say(studio, "Say ### and Observation:", streams=streams, stop=stops)
    assert studio.emulator.asked[-1].stop == tuple(stops)
    assert (said.text, said.finish) == ("You said: Say ", "stop")


@pytest.mark.parametrize("stop", ["\n\n", "\n", " ", "a\r\nb", ["\nUser:", "END"]])
async def test_what_the_page_takes_not_is_done_all_the_same(
    studio: AIStudioGateway, streams: bool, stop: str | list[str]
) -> None:
    first = stop if isinstance(stop, str) else stop[0]
    studio.emulator.script(answer(text("Word" + first[:1]), text(first[1:] + "more"), text("END")))
    said = await say(studio, streams=streams, stop=stop)
    assert (said.text, said.finish) == ("Word", "stop")
    assert studio.emulator.asked[-1].stop == (() if isinstance(stop, str) else ("END",))


async def test_a_text_across_pieces_ends_the_answer_and_the_upstream_s_too(
    studio: AIStudioGateway, streams: bool
) -> None:
    # Were the page's own setting to fail, the gateway would still keep to it.
    pieces = [text(piece) for piece in ("One E", "N", "", "D two", " END")]
    studio.emulator.script(answer(*pieces))
    said = await say(studio, streams=streams, stop="END")
    assert (said.text, said.finish) == ("One ", "stop")


async def test_what_only_begins_as_one_is_said(studio: AIStudioGateway, streams: bool) -> None:
    studio.emulator.script(answer(text("The EN"), text("GLISH E"), text("N")))
    said = await say(studio, streams=streams, stop="END")
    assert (said.text, said.finish) == ("The ENGLISH EN", "stop")


async def test_one_amid_thoughts_ends_nothing(studio: AIStudioGateway, streams: bool) -> None:
    studio.emulator.script(
        answer(thought("Should it END "), thought("here?"), text("No."), text(" END"))
    )
    said = await say(studio, streams=streams, stop="END")
    assert (said.thoughts, said.text, said.finish) == ("Should it END here?", "No. ", "stop")


async def test_an_answer_of_nobody_s_choice_ends_nowhere(studio: AIStudioGateway) -> None:
    # The earlier system cut answers at `User:` where nobody had asked it to.
    studio.emulator.script(answer(text("User: and "), text("Assistant: are words.")))
    said = await say(studio, streams=False)
    assert said.text == "User: and Assistant: are words."


@pytest.mark.parametrize("stop", ["", [""], ["a", "b", "c", "d", "e"], 5])
async def test_what_is_no_stop_is_refused(studio: AIStudioGateway, stop: object) -> None:
    asked = len(studio.emulator.asked)
    refused = await studio.ask(stop=stop)
    assert refused.status == 400
    assert refused.error["param"].startswith("stop")
    assert len(studio.emulator.asked) == asked
