"""A conversation is written as one text that keeps who said what (complaint 12)."""

from __future__ import annotations

import pytest

from plugway import BadRequest, Media, Message, Text, Thought, ToolCall, ToolResult
from plugway_gemini_business.prompt import prompt_of

CAT = Media(mime_type="image/png", data=b"cat", name="cat.png")
DOG = Media(url="https://example.com/dog.jpg")


def test_one_message_is_its_text() -> None:
    assert prompt_of([Message("user", (Text("Hello"), Text("there")))]).text == "Hello\nthere"


def test_roles_are_kept() -> None:
    prompt = prompt_of(
        [
            Message("system", (Text("Be brief."),)),
            Message("user", (Text("One?"),)),
            Message("assistant", (Thought("hm"), Text("Two."))),
            Message("system", (Text("Be kind."),)),
            Message("user", (Text("Three?"),)),
        ]
    )
    assert prompt.text == (
        "<system>\nBe brief.\n\nBe kind.\n</system>\n\n"
        "Human: One?\n\nAssistant: Two.\n\nHuman: Three?\n\nAssistant:"
    )


def test_files_of_all_turns_go_along_and_are_named_where_they_stood() -> None:
    prompt = prompt_of(
        [
            Message("user", (Text("Look:"), CAT)),
            Message("assistant", (Text("Here:"), Media(mime_type="image/png", data=b"made"))),
            Message("user", (DOG, Text("And this?"))),
        ]
    )
    assert [one.name for one in prompt.attachments] == ["1-cat.png", "image-2", "file-3"]
    assert [one.media.data for one in prompt.attachments] == [b"cat", b"made", None]
    assert "Human: Look:\n[file: 1-cat.png]" in prompt.text
    assert "Assistant: Here:\n[file: image-2]" in prompt.text
    assert "Human: [file: file-3]\nAnd this?" in prompt.text


def test_a_file_alone_is_asked_about_with_a_space() -> None:
    prompt = prompt_of([Message("user", (CAT,))])
    assert (prompt.text, len(prompt.attachments)) == (" ", 1)


def test_functions_are_told_as_text() -> None:
    prompt = prompt_of(
        [
            Message("user", (Text("Weather?"),)),
            Message("assistant", (ToolCall(id="c1", name="weather", arguments='{"at": "Rome"}'),)),
            Message("user", (ToolResult(id="c1", name="weather", parts=(Text("sun"), CAT)),)),
        ]
    )
    assert '[calls weather({"at": "Rome"})]' in prompt.text
    assert "[weather returned: sun\n[file: 1-cat.png]]" in prompt.text
    assert len(prompt.attachments) == 1


@pytest.mark.parametrize("messages", [[], [Message("user", (Text("  "),))]])
def test_nothing_cannot_be_asked(messages: list[Message]) -> None:
    with pytest.raises(BadRequest, match="nothing"):
        prompt_of(messages)


def test_names_of_files_hold_no_path() -> None:
    hostile = Media(mime_type="text/plain", data=b"x", name='../../e\\t"c/pass\nwd].txt')
    (attachment,) = prompt_of([Message("user", (Text("?"), hostile))]).attachments
    assert attachment.name == "1-passwd.txt"
