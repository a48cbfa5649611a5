"""What a request asks, in the form of all dialects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, Literal

import msgspec

from plugway.chat.body import shallow
from plugway.chat.dialects.anthropic.body import (
    AdaptiveThinking,
    CountBody,
    DisabledThinking,
    Effort,
    EnabledThinking,
    MessagesBody,
    OutputConfig,
    OutputFormat,
)
from plugway.chat.dialects.anthropic.conversation import conversation
from plugway.chat.dialects.anthropic.tools import choice, functions, search_place
from plugway.chat.wishes import wished
from plugway.contract import ChatRequest, Reasoning
from plugway.errors import BadRequest

#: What an answer shows of the model's reasoning: all, only what the client has to hand back,
#: nothing.
Shown = Literal["thinking", "signatures", "nothing"]

_EFFORTS: Mapping[Effort, Literal["low", "medium", "high"]] = {
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "high",
    "max": "high",
}


def counted(body: CountBody, takes: Set[str]) -> ChatRequest:
    """Return what has tokens that can be counted.

    Args:
        body: The request.
        takes: Kinds of input that the model takes.

    Raises:
        BadRequest: Something in it is wrong; the field is named.
    """
    tools = body.tools or ()
    config = body.output_config or OutputConfig()
    place = "output_format" if config.format is None else "output_config.format"
    wanted = config.format or body.output_format
    own = functions(tools)
    search = search_place(tools)
    return ChatRequest(
        model=body.model,
        messages=conversation(body, takes),
        tools=own,
        tool_choice=choice(body),
        reasoning=_reasoning(body, config),
        json_schema=_schema(wanted, place),
        search=None if search is None else True,
        given=_given(
            ("tools", own or None, "tools"),
            ("tool_choice", body.tool_choice, "tool_choice"),
            ("search", search, search or ""),
            ("reasoning", config.effort, "output_config.effort"),
            ("reasoning", body.thinking, "thinking"),
            ("json_schema", wanted, place),
        ),
    )


def asked(body: MessagesBody, takes: Set[str]) -> ChatRequest:
    """Return what a request asks.

    Args:
        body: The request.
        takes: Kinds of input that the model takes.

    Raises:
        BadRequest: Something in it is wrong; the field is named.
    """
    thinking = body.thinking
    if isinstance(thinking, EnabledThinking) and thinking.budget_tokens >= body.max_tokens:
        field = "thinking.budget_tokens"
        raise BadRequest(f"{field}: must be less than max_tokens", field=field)
    user = None if body.metadata is None else body.metadata.user_id
    top_k = body.top_k or None
    stops = _stops(body.stop_sequences or ())
    request = counted(body, takes)
    wishes = wished(body)
    given = _given(
        ("max_tokens", body.max_tokens, "max_tokens"),
        ("temperature", body.temperature, "temperature"),
        ("top_p", body.top_p, "top_p"),
        ("top_k", top_k, "top_k"),
        ("stop", stops or None, "stop_sequences"),
        ("user", user, "metadata.user_id"),
    )
    return msgspec.structs.replace(
        request,
        stream=bool(body.stream),
        temperature=body.temperature,
        top_p=body.top_p,
        top_k=top_k,
        max_tokens=body.max_tokens,
        stop=stops,
        user=user,
        given={**request.given, **given, **wishes.given},
        **wishes.attributes,
    )


def shown(body: CountBody) -> Shown:
    """Return what the answer shows of the model's reasoning.

    A client that did not ask for thinking does not expect its blocks: many read the first one
    as text.

    Args:
        body: The request.
    """
    if isinstance(body.thinking, EnabledThinking | AdaptiveThinking):
        return "signatures" if body.thinking.display == "omitted" else "thinking"
    return "nothing"


def _reasoning(body: CountBody, config: OutputConfig) -> Reasoning | None:
    thinking = body.thinking
    if isinstance(thinking, DisabledThinking):
        return Reasoning(effort="none", shown=False)
    if thinking is None and config.effort is None:
        return None
    return Reasoning(
        effort="medium" if config.effort is None else _EFFORTS[config.effort],
        budget=thinking.budget_tokens if isinstance(thinking, EnabledThinking) else None,
        shown=shown(body) == "thinking",
    )


def _schema(wanted: OutputFormat | None, place: str) -> Mapping[str, Any] | None:
    if wanted is None:
        return None
    shallow(wanted.schema, f"{place}.schema")
    return wanted.schema


def _stops(given: Sequence[str]) -> tuple[str, ...]:
    for at, stop in enumerate(given):
        if not stop.strip():
            field = f"stop_sequences.{at}"
            raise BadRequest(f"{field}: must contain more than whitespace", field=field)
    return tuple(given)


def _given(*parameters: tuple[str, object, str]) -> dict[str, str]:
    return {name: spelt for name, value, spelt in parameters if value is not None}
