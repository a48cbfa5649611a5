"""A request as the API behind an applet takes it (source: the Gemini API's `generateContent`)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from plugway import (
    BadRequest,
    ChatRequest,
    Media,
    Message,
    Part,
    Reasoning,
    Text,
    Thought,
    ToolCall,
    ToolResult,
)
from plugway_aistudio.asking import thinking_of, thinks

if TYPE_CHECKING:
    from plugway_aistudio.question import Level
    from plugway_aistudio.wire.listing import Listed

_ROLES = {"user": "user", "assistant": "model"}
_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}

#: Attributes of a request by their names in `generationConfig`.
_SETTINGS = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "max_tokens": "maxOutputTokens",
    "seed": "seed",
}


def wanted(request: ChatRequest, model: Listed) -> dict[str, Any]:
    """Return the body of a request.

    Args:
        request: What is asked, its media loaded.
        model: As AI Studio lists it.

    Example:
        >>> from plugway_aistudio.wire.listing import Listed
        >>> asked = ChatRequest(model="m", messages=(Message("user", (Text("Hi"),)),), seed=7)
        >>> wanted(asked, Listed(id="m"))["generationConfig"]
        {'seed': 7}
    """
    body: dict[str, Any] = {
        "contents": [
            {"role": _ROLES[one.role], "parts": parts}
            for one in request.messages
            if one.role != "system" and (parts := [*_parts(one)])
        ]
    }
    system = [part for one in request.messages if one.role == "system" for part in _parts(one)]
    if any("text" not in part for part in system):
        raise BadRequest(
            "messages: the API takes nothing but text as instructions of the system",
            field="messages",
        )
    if system:
        body["systemInstruction"] = {"parts": system}
    tools = [*_tools(request)]
    if tools:
        body["tools"] = tools
    choice = request.tool_choice
    if request.tools and (choice.mode != "auto" or choice.names):
        calling: dict[str, Any] = {"mode": "ANY" if choice.names else _MODES[choice.mode]}
        if choice.names:
            calling["allowedFunctionNames"] = list(choice.names)
        body["toolConfig"] = {"functionCallingConfig": calling}
    settings = _settings(request, model)
    if settings:
        body["generationConfig"] = settings
    return body


def _parts(message: Message) -> Iterator[dict[str, Any]]:
    for part in message.parts:
        yield from _part(part)


def _part(part: Part) -> Iterator[dict[str, Any]]:
    match part:
        case Text(text):
            if text:
                yield {"text": text}
        case Media():
            yield _inline(part)
        case Thought(text, signature):
            # Without its signature the API takes no thought back.
            if signature:
                yield {"text": text, "thought": True, "thoughtSignature": signature}
        case ToolCall():
            call = {"id": part.id, "name": part.name, "args": _arguments(part)}
            signed = {"thoughtSignature": part.signature} if part.signature else {}
            yield {"functionCall": call, **signed}
        case ToolResult():
            said = "\n".join([one.text for one in part.parts if isinstance(one, Text)])
            result = {"error" if part.failed else "output": said}
            answered = {"id": part.id, "name": part.name or part.id, "response": result}
            yield {"functionResponse": answered}
            yield from (_inline(one) for one in part.parts if isinstance(one, Media))


def _inline(media: Media) -> dict[str, Any]:
    data = b64encode(media.data or b"").decode()
    return {"inlineData": {"mimeType": media.mime_type, "data": data}}


def _arguments(call: ToolCall) -> Any:
    try:
        given = msgspec.json.decode(call.arguments or "{}")
    except msgspec.DecodeError:
        given = None
    if not isinstance(given, dict):
        raise BadRequest(f"messages: the arguments of {call.name} are no object", field="messages")
    return given


def _tools(request: ChatRequest) -> Iterator[dict[str, Any]]:
    if request.tools and request.tool_choice.mode != "none":
        yield {
            "functionDeclarations": [
                {
                    "name": tool.name,
                    "description": tool.description,
                    **({"parametersJsonSchema": dict(tool.parameters)} if tool.parameters else {}),
                }
                for tool in request.tools
            ]
        }
    if request.search:
        yield {"googleSearch": {}}


def _settings(request: ChatRequest, model: Listed) -> dict[str, Any]:
    found = {
        theirs: value
        for ours, theirs in _SETTINGS.items()
        if (value := getattr(request, ours)) is not None
    }
    if model.output_limit and "maxOutputTokens" in found:
        found["maxOutputTokens"] = min(found["maxOutputTokens"], model.output_limit)
    if request.json_schema is not None:
        found["responseMimeType"] = "application/json"
        if request.json_schema:
            found["responseJsonSchema"] = dict(request.json_schema)
    if request.reasoning is not None and thinks(model):
        found["thinkingConfig"] = _thinking(request.reasoning, model)
    elif thinks(model):
        found["thinkingConfig"] = {"includeThoughts": True}
    return found


def _thinking(reasoning: Reasoning, model: Listed) -> dict[str, Any]:
    if reasoning.effort == "none" or reasoning.budget == 0:
        if model.levels:
            # What cannot be switched off is told to be as little as can be.
            return {"thinkingLevel": _least(model.levels), "includeThoughts": False}
        return {"thinkingBudget": 0, "includeThoughts": False}
    found: dict[str, Any] = {"includeThoughts": reasoning.shown}
    thinking = thinking_of(reasoning, model)
    if thinking is not None and thinking.level is not None:
        found["thinkingLevel"] = thinking.level
    if thinking is not None and thinking.budget is not None:
        found["thinkingBudget"] = thinking.budget
    return found


def _least(levels: Sequence[Level]) -> Level:
    order: tuple[Level, ...] = ("minimal", "low", "medium", "high")
    return min(levels, key=order.index)
