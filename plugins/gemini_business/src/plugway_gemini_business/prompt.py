"""A conversation as one text: the upstream's sessions begin empty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from plugway import BadRequest, Media, Message, Part, Text, Thought, ToolCall, ToolResult

#: Who says what, as the model reads it.
_ROLES = {"user": "Human", "assistant": "Assistant"}


class Attachment(msgspec.Struct, frozen=True):
    """Is a file that is sent beside the text.

    Attributes:
        name: Unique in its conversation; the text names it so.
        media: The file.
    """

    name: str
    media: Media


class Prompt(msgspec.Struct, frozen=True):
    """Is what the upstream is asked.

    Attributes:
        text: The whole conversation; not empty.
        attachments: Its files, in their order.
    """

    text: str
    attachments: tuple[Attachment, ...] = ()


def prompt_of(messages: Iterable[Message]) -> Prompt:
    """Write a conversation down.

    One message of the user's is its text. Anything more keeps who said what: the system's text
    first, then one paragraph a message, and the assistant is to go on. Each message has its
    files where they stood, by name; those of earlier messages and of earlier answers are sent
    again, since no session lives longer than its answer.

    Args:
        messages: The whole conversation; nobody else's is ever added to it.

    Raises:
        BadRequest: Nothing is said.

    Example:
        >>> prompt_of([Message("user", (Text("Hi"),))]).text
        'Hi'
        >>> both = [Message("system", (Text("Be brief."),)), Message("user", (Text("Hi"),))]
        >>> print(prompt_of(both).text)
        <system>
        Be brief.
        </system>
        <BLANKLINE>
        Human: Hi
        <BLANKLINE>
        Assistant:
    """
    said = list(messages)
    attachments: list[Attachment] = []
    system = "\n\n".join(
        text for one in said if one.role == "system" if (text := _written(one.parts, attachments))
    )
    turns = [one for one in said if one.role != "system"]
    single = len(turns) == 1 and turns[0].role == "user" and not system
    written = [
        (one.role, text)
        for one in turns
        if (text := _written(one.parts, attachments, named=not single))
    ]
    if not written and not attachments and not system:
        raise BadRequest("nothing is said")
    if single:
        # A text of nothing is refused even beside files (reference: "Streaming request").
        return Prompt(written[0][1] if written else " ", tuple(attachments))
    paragraphs = [f"<system>\n{system}\n</system>"] if system else []
    paragraphs += [f"{_ROLES[role]}: {text}" for role, text in written]
    return Prompt("\n\n".join([*paragraphs, "Assistant:"]), tuple(attachments))


def _written(parts: Iterable[Part], attachments: list[Attachment], *, named: bool = True) -> str:
    return "\n".join(_lines(parts, attachments, named=named)).strip()


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
                yield f"[calls {part.name}({part.arguments})]"
            case ToolResult():
                inner = _written(part.parts, attachments)
                yield f"[{part.name or part.id} {'failed' if part.failed else 'returned'}: {inner}]"
            case Thought():
                # What a model thought earlier is not part of what was said.
                continue


def _name(media: Media, number: int) -> str:
    """Return a name for a file: the client's own where it has one, always with its number."""
    given = (media.name or "").replace("\\", "/").rpartition("/")[2]
    plain = "".join(c for c in given if c.isprintable() and c not in '"<>|:*?[]')[-100:].strip(" .")
    return f"{number}-{plain}" if plain else f"{media.kind}-{number}"
