"""The conversation of a request, in the form of all dialects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence, Set

from plugway.chat.body import shallow
from plugway.chat.data_urls import decoded, media_from, media_of
from plugway.chat.dialects.anthropic.blocks import (
    Base64Source,
    ContentBlock,
    ContentSource,
    DocumentBlock,
    FoundBlock,
    ImageBlock,
    RedactedThinkingBlock,
    ResultContent,
    SearchResultBlock,
    ServerToolUseBlock,
    TextBlock,
    TextSource,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UrlSource,
)
from plugway.chat.dialects.anthropic.body import CountBody, InputMessage
from plugway.contract import Media, Message, Part, Text, Thought, ToolCall, ToolResult
from plugway.errors import BadRequest

_MIME_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)

#: How an answer shows media; see `media_text`. What cannot be base64 ends the search at once.
_SHOWN = re.compile(
    r"!?\[(image|video|audio|file)\]"
    r"\((data:[\w.+-]{1,64}/[\w.+-]{1,64};base64,[A-Za-z0-9+/]++={0,2})\)",
    re.ASCII,
)


def conversation(body: CountBody, takes: Set[str]) -> tuple[Message, ...]:
    """Return the conversation of a request.

    Args:
        body: The request.
        takes: Kinds of input that the model takes.

    Raises:
        BadRequest: Something in it is wrong; the field is named.
    """
    reader = _Reader(takes)
    found = [] if not body.system else [Message("system", _texts(body.system, "system"))]
    last = len(body.messages) - 1
    for at, given in enumerate(body.messages):
        parts = tuple(reader.parts(given, f"messages.{at}", open_=at == last))
        # Nothing is left of a message with what only others can read.
        if parts:
            found.append(Message(given.role, parts))
    if not any(message.role != "system" for message in found):
        raise BadRequest("messages: at least one message is required", field="messages")
    return tuple(found)


class _Reader:
    """Reads one message after the other, and remembers the functions that were asked for."""

    def __init__(self, takes: Set[str]) -> None:
        self._takes = takes
        self._names: dict[str, str] = {}

    def parts(self, given: InputMessage, place: str, *, open_: bool) -> Iterator[Part]:
        """Yield the parts of a message; the last one of the assistant's may be empty."""
        content, place = given.content, f"{place}.content"
        if not content and not (open_ and given.role == "assistant"):
            raise BadRequest(f"{place}: must not be empty", field=place)
        if isinstance(content, str):
            yield from self._said(content, given.role)
            return
        for at, block in enumerate(content):
            yield from self._block(block, given.role, f"{place}.{at}")

    def _block(self, block: ContentBlock, role: str, place: str) -> Iterator[Part]:
        speaker = _SPEAKERS.get(type(block), role)
        if speaker != role or (role == "system" and not isinstance(block, TextBlock)):
            kind, field = type(block).__struct_config__.tag, f"{place}.type"
            raise BadRequest(f"{field}: {kind} is not for {role} messages", field=field)
        match block:
            case TextBlock(text):
                yield from self._said(_filled(text, f"{place}.text"), role)
            case ThinkingBlock(thinking, signature):
                if thinking or signature:
                    yield Thought(thinking, signature or None)
            case RedactedThinkingBlock() | ServerToolUseBlock() | FoundBlock():
                pass
            case ToolUseBlock():
                yield self._called(block, place)
            case ToolResultBlock():
                yield self._returned(block, place)
            case _:
                yield from _shown(block, place)

    def _said(self, text: str, role: str) -> Iterator[Text | Media]:
        """Yield a text; what showed media in an earlier answer is those media again.

        As text their bytes would be counted, and paid for, as words. Many clients keep an
        answer as one text, so media may stand anywhere in it.
        """
        at = 0
        for found in _SHOWN.finditer(text) if role == "assistant" else ():
            shown = self._media(found)
            if shown is None:
                continue
            if found.start() > at:
                yield Text(text[at : found.start()])
            yield shown
            at = found.end()
        if at < len(text):
            yield Text(text[at:])

    def _media(self, found: re.Match[str]) -> Text | Media | None:
        if found[1] not in self._takes:
            return Text(f"[{found[1]}]")
        try:
            return media_of(found[2], "messages")
        except BadRequest:
            return None

    def _called(self, block: ToolUseBlock, place: str) -> ToolCall:
        _filled(block.id, f"{place}.id")
        _filled(block.name, f"{place}.name")
        if block.id in self._names:
            raise BadRequest(f"{place}.id: another tool_use has it", field=f"{place}.id")
        self._names[block.id] = block.name
        shallow(block.input, f"{place}.input")
        arguments = json.dumps(block.input, ensure_ascii=False, separators=(",", ":"))
        return ToolCall(id=block.id, name=block.name, arguments=arguments)

    def _returned(self, block: ToolResultBlock, place: str) -> ToolResult:
        name = self._names.get(block.tool_use_id)
        if name is None:
            field = f"{place}.tool_use_id"
            raise BadRequest(f"{field}: no earlier tool_use has this id", field=field)
        return ToolResult(
            id=block.tool_use_id,
            name=name,
            parts=tuple(_result(block.content or "", f"{place}.content")),
            failed=bool(block.is_error),
        )


#: Blocks that only one role has.
_SPEAKERS: dict[type, str] = {
    ThinkingBlock: "assistant",
    RedactedThinkingBlock: "assistant",
    ServerToolUseBlock: "assistant",
    FoundBlock: "assistant",
    ToolUseBlock: "assistant",
    ToolResultBlock: "user",
}


def _result(content: str | Sequence[ResultContent], place: str) -> Iterator[Text | Media]:
    if isinstance(content, str):
        if content:
            yield Text(content)
        return
    for at, block in enumerate(content):
        yield from _shown(block, f"{place}.{at}")


def _shown(block: ResultContent, place: str) -> Iterator[Text | Media]:
    match block:
        case TextBlock(text):
            yield Text(_filled(text, f"{place}.text"))
        case ImageBlock(source):
            yield _file(source, f"{place}.source", image=True)
        case SearchResultBlock(source, title, content):
            yield Text(f"{title}\n{source}")
            yield from _texts(content, f"{place}.content")
        case DocumentBlock():
            yield from _document(block, place)


def _document(block: DocumentBlock, place: str) -> Iterator[Text | Media]:
    source, place = block.source, f"{place}.source"
    about = "\n".join([line for line in (block.title, block.context) if line])
    if about:
        yield Text(about)
    match source:
        case TextSource(data):
            yield Text(_filled(data, f"{place}.data"))
        case ContentSource(content):
            if not content:
                raise BadRequest(f"{place}.content: must not be empty", field=f"{place}.content")
            yield from _result(content, f"{place}.content")
        case _:
            yield _file(source, place, name=block.title)


def _file(
    source: Base64Source | UrlSource, place: str, *, image: bool = False, name: str | None = None
) -> Media:
    if isinstance(source, UrlSource):
        return media_of(source.url, f"{place}.url")
    # Officially there are four kinds of image, and PDF; other models take more than these.
    mime_type = source.media_type
    if not _MIME_TYPE.fullmatch(mime_type) or (image and not mime_type.startswith("image/")):
        what = "an image's type" if image else "a type such as application/pdf"
        raise BadRequest(f"{place}.media_type: expected {what}", field=f"{place}.media_type")
    data = decoded(source.data, f"{place}.data")
    return media_from(data, mime_type, f"{place}.data", name)


def _texts(content: str | Sequence[TextBlock], place: str) -> tuple[Text, ...]:
    if isinstance(content, str):
        return (Text(content),)
    return tuple(
        [Text(_filled(block.text, f"{place}.{at}.text")) for at, block in enumerate(content)]
    )


def _filled(text: str, field: str) -> str:
    if not text:
        raise BadRequest(f"{field}: must not be empty", field=field)
    return text
