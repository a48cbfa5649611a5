"""The conversation of a request, in the form that all dialects share."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from plugway.chat.dialects.openai.markdown import parted
from plugway.chat.dialects.openai.media import media_of_part
from plugway.chat.dialects.openai.said import (
    AssistantMessage,
    CallBody,
    Content,
    DeveloperMessage,
    FunctionMessage,
    MessageBody,
    PartBody,
    RefusalPart,
    SystemMessage,
    TextPart,
    ToolMessage,
    UserMessage,
)
from plugway.contract import Media, Message, Part, Text, Thought, ToolCall, ToolResult
from plugway.errors import BadRequest


def conversation(messages: Iterable[MessageBody]) -> tuple[Message, ...]:
    """Return what was said; messages that say nothing are left out.

    Args:
        messages: As the client wrote them.

    Raises:
        BadRequest: A part cannot be read, or nothing is said; the field is named.

    Example:
        >>> conversation([UserMessage(content="Hi")])
        (Message(role='user', parts=(Text(text='Hi'),)),)
    """
    #: Names of the functions that were asked for, by the id of the call.
    names: dict[str, str] = {}
    found = []
    for number, message in enumerate(messages):
        said = _message(message, f"messages[{number}]", names)
        if said.parts:
            found.append(said)
    if not found:
        raise BadRequest("messages: nothing is said in them", field="messages")
    return tuple(found)


def _message(message: MessageBody, field: str, names: dict[str, str]) -> Message:
    content = f"{field}.content"
    match message:
        case SystemMessage() | DeveloperMessage():
            return Message("system", tuple(_parts(message.content, content)))
        case UserMessage():
            return Message("user", tuple(_parts(message.content, content)))
        case AssistantMessage():
            return Message("assistant", tuple(_answered(message, field, names)))
        case ToolMessage():
            call = message.tool_call_id
            name = names.get(call) or message.name or ""
            return _returned(call, name, message, content)
        case FunctionMessage():
            return _returned(_older_id(message.name), message.name, message, content)


def _answered(message: AssistantMessage, field: str, names: dict[str, str]) -> Iterable[Part]:
    if message.reasoning_content:
        yield Thought(message.reasoning_content)
    for part in _parts(message.content, f"{field}.content"):
        if isinstance(part, Text):
            yield from parted(part.text)
        else:
            yield part
    if message.refusal:
        yield Text(message.refusal)
    for number, call in enumerate(message.tool_calls or ()):
        place = f"{field}.tool_calls[{number}]"
        names[call.id] = call.function.name
        yield ToolCall(
            id=call.id,
            name=call.function.name,
            arguments=_arguments(call.function.arguments, f"{place}.function.arguments"),
            signature=_signature(call),
        )
    older = message.function_call
    if older is not None:
        arguments = _arguments(older.arguments, f"{field}.function_call.arguments")
        yield ToolCall(id=_older_id(older.name), name=older.name, arguments=arguments)


def _returned(call: str, name: str, message: ToolMessage | FunctionMessage, field: str) -> Message:
    parts = tuple(_parts(message.content, field))
    return Message("user", (ToolResult(id=call, name=name, parts=parts),))


def _parts(content: Content, field: str) -> Iterable[Text | Media]:
    if content is None:
        return
    if isinstance(content, str):
        if content:
            yield Text(content)
        return
    for number, part in enumerate(content):
        said = _part(part, f"{field}[{number}]")
        if said != Text(""):
            yield said


def _part(part: PartBody, field: str) -> Text | Media:
    match part:
        case TextPart():
            return Text(part.text)
        case RefusalPart():
            return Text(part.refusal)
        case _:
            return media_of_part(part, field)


def _arguments(text: str, field: str) -> str:
    """Return arguments that are the JSON text of an object, as models want them back."""
    if not text.strip():
        return "{}"
    try:
        msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError):
        raise BadRequest(f"{field}: expected the JSON text of an object", field=field) from None
    return text


def _signature(call: CallBody) -> str | None:
    extra = call.extra_content
    return extra.google.thought_signature if extra is not None and extra.google else None


def _older_id(name: str) -> str:
    # Calls of the older form have no id; one function is asked for at a time.
    return f"function_call_{name}"
