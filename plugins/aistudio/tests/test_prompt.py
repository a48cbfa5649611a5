"""A conversation as what the page takes."""

from __future__ import annotations

import pytest

from plugway import BadRequest, Media, Message, Text, Thought, ToolCall, ToolResult
from plugway_aistudio.prompt import prompt_of

IMAGE = Media(mime_type="image/png", data=b"png", name="../../cat.png")


def user(*parts: object) -> Message:
    return Message("user", parts)  # type: ignore[arg-type]  # of a table


def test_one_message_is_its_text_and_its_files() -> None:
    found = prompt_of([user(Text("Look"), IMAGE)])
    assert (found.system, found.text) == ("", "Look")
    assert [one.name for one in found.attachments] == ["1-cat.png"]


def test_space_around_a_text_stays() -> None:
    found = prompt_of([Message("system", (Text(" a\n"),)), user(Text("    code\n"), Text(" "))])
    assert (found.system, found.text) == (" a\n", "    code\n\n ")
    more = [user(Text("    code\n\n")), Message("assistant", (Text("\nHm \n"),)), user(Text("?"))]
    assert prompt_of(more).text == "User:     code\n\nAssistant: Hm \n\nUser: ?\n\nAssistant:"


def test_all_system_text_goes_into_its_box() -> None:
    found = prompt_of(
        [
            Message("system", (Text("One."),)),
            user(Text("Hi")),
            Message("system", (Text("Two."),)),
        ]
    )
    assert (found.system, found.text) == ("One.\n\nTwo.", "Hi")


def test_a_longer_one_says_who_said_what_and_where_files_stood() -> None:
    call = ToolCall(id="c1", name="look", arguments='{"at":"it"}')
    result = ToolResult(id="c1", name="look", parts=(Text("seen"), IMAGE), failed=True)
    found = prompt_of(
        [
            user(IMAGE, Text("What is it?")),
            Message("assistant", (Thought("Hm."), Text("I look."), call)),
            user(result),
        ]
    )
    assert found.text == (
        "User: [file: 1-cat.png]\nWhat is it?\n\n"
        'Assistant: I look.\n[calls look({"at":"it"}) as c1]\n\n'
        "User: [look, called as c1, failed: seen\n[file: 2-cat.png]]\n\n"
        "Assistant:"
    )
    assert len(found.attachments) == 2


def test_a_file_alone_is_a_question() -> None:
    found = prompt_of([user(IMAGE)])
    assert (found.text, len(found.attachments)) == ("", 1)


@pytest.mark.parametrize("said", [[], [user(Text(" \n"))], [Message("system", (Text("Be."),))]])
def test_nothing_is_no_question(said: list[Message]) -> None:
    with pytest.raises(BadRequest, match="nothing is said"):
        prompt_of(said)
