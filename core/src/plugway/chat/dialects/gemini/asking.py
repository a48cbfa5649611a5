"""A request of this dialect, turned into the one form that all dialects share."""

from __future__ import annotations

from typing import Any

from plugway.chat.dialects.gemini.config import read_config
from plugway.chat.dialects.gemini.conversation import read_conversation
from plugway.chat.dialects.gemini.fields import Fields, wrong
from plugway.chat.dialects.gemini.tools import read_choice, read_tools
from plugway.contract import ChatRequest

#: What the answer would depend on, and what is kept nowhere here.
_FOREIGN = ("cachedContent", "continuationToken")


def read_request(data: Any, model: str, *, stream: bool = False, place: str = "") -> ChatRequest:
    """Return what a body asks.

    `safetySettings` and what else says nothing to any upstream here is passed over.

    Args:
        data: The body, as decoded.
        model: Name of the model.
        stream: The answer is taken as it comes.
        place: Where the body stands, if it is part of another one.

    Raises:
        BadRequest: It cannot be done; the field is named as the client spelt it.

    Example:
        >>> read_request({"contents": {"parts": {"text": "Hi"}}}, "m").messages[0].text
        'Hi'
    """
    asked = Fields(data, place)
    for name in _FOREIGN:
        if asked.raw(name):
            raise wrong(asked.spelt(name), "is not supported here: nothing is kept")
    given: dict[str, str] = {}
    config = asked.inner("generationConfig")
    attributes = {} if config is None else read_config(config, given)
    tools, search = read_tools(asked, given)
    return ChatRequest(
        model=model,
        messages=read_conversation(asked),
        stream=stream,
        tools=tools,
        tool_choice=read_choice(asked, tools, given),
        search=search,
        given=given,
        **attributes,
    )


def read_count(data: Any, model: str) -> ChatRequest:
    """Return whose tokens are to be counted.

    Args:
        data: The body, as decoded: `contents`, or a whole `generateContentRequest`.
        model: Name of the model.

    Raises:
        BadRequest: It is neither, or both.
    """
    asked = Fields(data)
    whole = asked.inner("generateContentRequest")
    if whole is None:
        return read_request(data, model)
    if asked.raw("contents") is not None:
        raise wrong(asked.spelt("contents"), "cannot go with generateContentRequest")
    return read_request(asked.raw("generateContentRequest"), model, place=whole.place)
