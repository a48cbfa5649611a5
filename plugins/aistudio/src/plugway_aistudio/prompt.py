"""A conversation as one text: the page's chats begin empty, and take one message at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from plugway import BadRequest, Media, Message, Part, Text, Thought, ToolCall, ToolResult

#: Who says what, as the model reads it.
_ROLES = {"user": "User", "assistant": "Assistant"}


class Attachment(msgspec.Struct, frozen=True):
    """Is a file that is sent beside the text.

    Attributes:
        name: Unique in its conversation; the text names it so.
        media: The file.
    """

    name: str
    media: Media


class Prompt(msgspec.Struct, frozen=True):
    """Is what the page is asked.

    Attributes:
        system: For the box of the system instructions; may be empty.
        text: Everything else; not empty.
        attachments: Its files, in their order.
    """

    system: str
    text: str
    attachments: tuple[Attachment, ...] = ()


def prompt_of(messages: Iterable[Message]) -> Prompt:
    """Write a conversation down.

    One message of the user's is its text. Of a longer one each message becomes a paragraph with
    who said it, files are named where they stood, and the assistant is to go on.

    Args:
        messages: The whole conversation.

    Raises:
        BadRequest: Nothing is said.

    Example:
        >>> said = [Message("system", (Text("Be brief."),)), Message("user", (Text("Hi"),))]
        >>> prompt_of(said)
        Prompt(system='Be brief.', text='Hi', attachments=())
        >>> more = [*said, Message("assistant", (Text("Hello"),)), Message("user", (Text("Bye"),))]
        >>> print(prompt_of(more).text)
        User: Hi
        <BLANKLINE>
        Assistant: Hello
        <BLANKLINE>
        User: Bye
        <BLANKLINE>
        Assistant:
    """
    said = list(messages)
    attachments: list[Attachment] = []
    turns = [one for one in said if one.role != "system"]
    single = len(turns) == 1 and turns[0].role == "user"
    # System text may have files too; they stand first, as it does.
    system = "\n\n".join(
        text for one in said if one.role == "system" if (text := _written(one.parts, attachments))
    )
    written = [
        (one.role, text)
        for one in turns
        if (text := _written(one.parts, attachments, named=not single))
    ]
    if not written and not attachments:
        raise BadRequest("nothing is said")
    if single:
        return Prompt(system, written[0][1] if written else "", tuple(attachments))
    paragraphs = ["{}: {}".format(_ROLES[role], text.strip("\r\n")) for role, text in written]
    return Prompt(system, "\n\n".join([*paragraphs, "Assistant:"]), tuple(attachments))


def _written(parts: Iterable[Part], attachments: list[Attachment], *, named: bool = True) -> str:
    """Return a message's text as it is, for space may mean something; empty: it is all space."""
    text = "\n".join(_lines(parts, attachments, named=named))
    return text if text.strip() else ""


def _lines(parts: Iterable[Part], attachments: list[Attachment], *, named: bool) -> Iterator[str]:
    for part in parts:
        match part:
            case Text(text):
                yield text
            case Media():
                name = _name(part, len(attachments) + 1)
                attachments.append(Attachment(name, part))
                if named:
                    yield f"[file: {name}]"
            case ToolCall():
                yield f"[calls {part.name}({part.arguments}) as {part.id}]"
            case ToolResult():
                inner = _written(part.parts, attachments).strip("\r\n")
                said = "failed" if part.failed else "returned"
                yield f"[{part.name or 'the function'}, called as {part.id}, {said}: {inner}]"
            case Thought():
                # What a model thought earlier is not part of what was said.
                continue


def _name(media: Media, number: int) -> str:
    """Return a name for a file: the client's own where it has one, always with its number."""
    given = (media.name or "").replace("\\", "/").rpartition("/")[2]
    plain = "".join(c for c in given if c.isprintable() and c not in '"<>|:*?[]')[-100:].strip(" .")
    return f"{number}-{plain}" if plain else f"{media.kind}-{number}"
