"""What a client asks of a chat, as the official API has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from plugway.chat.dialects.openai.conversation import conversation
from plugway.chat.dialects.openai.functions import (
    ChoiceBody,
    ToolBody,
    choice_of,
    shallow,
    tools_of,
)
from plugway.chat.dialects.openai.said import MessageBody
from plugway.chat.wishes import Wishes, wished
from plugway.contract import ChatRequest, Reasoning
from plugway.errors import BadRequest

_Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
_Tokens = Annotated[int, msgspec.Meta(ge=1)]
_Stop = Annotated[str, msgspec.Meta(min_length=1)]

#: Efforts that only some of the official models know, and what comes nearest here.
_EFFORTS: Mapping[_Effort, Literal["none", "low", "medium", "high"]] = {
    "none": "none",
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "high",
    "max": "high",
}

#: What the client calls the attributes of `ChatRequest` that have another name there.
_SPELT = {
    "reasoning": "reasoning_effort",
    "json_schema": "response_format",
    "search": "web_search_options",
}


class StreamOptions(msgspec.Struct, frozen=True):
    """Says what a stream holds besides the answer."""

    include_usage: bool | None = None


class Schema(msgspec.Struct, frozen=True, kw_only=True):
    """Describes the JSON that is wanted."""

    name: str
    schema: dict[str, Any] | None = None


class AnyText(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    """Wants text."""


class AnyObject(msgspec.Struct, frozen=True, tag_field="type", tag="json_object"):
    """Wants any JSON object."""


class FittingObject(msgspec.Struct, frozen=True, tag_field="type", tag="json_schema"):
    """Wants JSON that fits a schema."""

    json_schema: Schema


class ChatBody(Wishes, frozen=True, kw_only=True):
    """Is the body of a request; fields that are not here are passed over.

    Attributes:
        n: Images at once, of models that make them.
        functions: The older form of `tools`; refused, since it would be answered otherwise.
    """

    model: Annotated[str, msgspec.Meta(min_length=1)]
    messages: Annotated[list[MessageBody], msgspec.Meta(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: list[ToolBody] | None = None
    tool_choice: ChoiceBody | None = None
    parallel_tool_calls: bool | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    max_tokens: _Tokens | None = None
    max_completion_tokens: _Tokens | None = None
    stop: _Stop | Annotated[list[_Stop], msgspec.Meta(max_length=4)] | None = None
    seed: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    n: Annotated[int, msgspec.Meta(ge=1)] | None = None
    response_format: AnyText | AnyObject | FittingObject | None = None
    reasoning_effort: _Effort | None = None
    web_search_options: dict[str, Any] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    functions: list[Any] | None = None
    logprobs: bool | None = None
    modalities: list[str] | None = None


def asked_by(body: ChatBody) -> ChatRequest:
    """Return what is asked.

    Args:
        body: The request's.

    Raises:
        BadRequest: It cannot be done here, or does not fit together; the field is named.
    """
    _refuse(body)
    tools = tools_of(body.tools)
    limit = _limit(body)
    wishes = wished(body)
    asked = ChatRequest(
        model=body.model,
        messages=conversation(body.messages),
        stream=bool(body.stream),
        tools=tools,
        tool_choice=choice_of(body.tool_choice, body.parallel_tool_calls, tools),
        temperature=body.temperature,
        top_p=body.top_p,
        max_tokens=limit,
        stop=(body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ()),
        seed=body.seed,
        reasoning=_reasoning(body.reasoning_effort),
        json_schema=_schema(body),
        search=None if body.web_search_options is None else True,
        count=body.n or 1,
        user=body.safety_identifier or body.user,
        **wishes.attributes,
    )
    return msgspec.structs.replace(asked, given={**_given(body, asked), **wishes.given})


def _refuse(body: ChatBody) -> None:
    """Refuse what cannot be done here, rather than do something else."""
    faults = {
        "functions": body.functions and "is the older form: use tools",
        "logprobs": body.logprobs and "they cannot be had here",
        "modalities": "audio" in (body.modalities or ()) and "no audio can be had here",
        "stream_options": (
            body.stream_options is not None
            and not body.stream
            and "only goes with stream set to true"
        ),
    }
    for field, fault in faults.items():
        if fault:
            raise BadRequest(f"{field}: {fault}", field=field)


def _limit(body: ChatBody) -> int | None:
    older, newer = body.max_tokens, body.max_completion_tokens
    if older is not None and newer is not None and older != newer:
        raise BadRequest("max_tokens: does not go with max_completion_tokens", field="max_tokens")
    return older if newer is None else newer


def _reasoning(effort: _Effort | None) -> Reasoning | None:
    return None if effort is None else Reasoning(effort=_EFFORTS[effort])


def _schema(body: ChatBody) -> dict[str, Any] | None:
    match body.response_format:
        case AnyObject():
            return {}
        case FittingObject(wanted):
            return shallow(wanted.schema or {}, "response_format.json_schema.schema")
        case _:
            return None


def _given(body: ChatBody, asked: ChatRequest) -> dict[str, str]:
    """Return the client's names of what it gave, by the attribute that holds it."""
    given = {}
    for name in ChatRequest.__struct_fields__:
        spelt = _SPELT.get(name, name)
        if name == "max_tokens" and body.max_completion_tokens is not None:
            spelt = "max_completion_tokens"
        elif name == "user" and body.safety_identifier:
            spelt = "safety_identifier"
        if getattr(body, spelt, None) is not None and getattr(asked, name) not in (None, ()):
            given[name] = spelt
    if asked.count != 1:
        given["count"] = "n"
    return given
