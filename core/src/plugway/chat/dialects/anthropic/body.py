"""The body of a request, as Anthropic's API reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import msgspec

from plugway.chat.body import read_body
from plugway.chat.dialects.anthropic.blocks import ContentBlock, TextBlock
from plugway.chat.wishes import Wishes
from plugway.errors import BadRequest

if TYPE_CHECKING:
    from plugway.request import Request

T = TypeVar("T", bound="CountBody")

_INDEX = re.compile(r"\[(\d+|\.\.\.)\]")

Fraction = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Filled = Annotated[str, msgspec.Meta(min_length=1)]
Display = Literal["summarized", "omitted"]
Effort = Literal["low", "medium", "high", "xhigh", "max"]


class InputMessage(msgspec.Struct, frozen=True):
    """Is one message.

    Attributes:
        role: `system` has text only.
        content: What is said.
    """

    role: Literal["user", "assistant", "system"]
    content: str | list[ContentBlock]


class InputTool(msgspec.Struct, frozen=True):
    """Describes a function of the client's, or asks for one of the server's.

    Attributes:
        name: Its name.
        type: Absent or `custom`: the client's own; `web_search_…`: the web is searched.
        description: What it does.
        input_schema: JSON schema of its arguments; only the client's own have one.
        strict: Arguments must fit the schema exactly.
    """

    name: str
    type: str | None = None
    description: str | None = None
    input_schema: Mapping[str, Any] | None = None
    strict: bool | None = None


class AutoChoice(msgspec.Struct, frozen=True, tag_field="type", tag="auto"):
    """Leaves it to the model.

    Attributes:
        disable_parallel_tool_use: One at the most.
    """

    disable_parallel_tool_use: bool | None = None


class AnyChoice(msgspec.Struct, frozen=True, tag_field="type", tag="any"):
    """Wants a function to be asked for.

    Attributes:
        disable_parallel_tool_use: Exactly one.
    """

    disable_parallel_tool_use: bool | None = None


class NamedChoice(msgspec.Struct, frozen=True, tag_field="type", tag="tool"):
    """Wants one certain function to be asked for.

    Attributes:
        name: Which one.
        disable_parallel_tool_use: Exactly once.
    """

    name: str
    disable_parallel_tool_use: bool | None = None


class NoChoice(msgspec.Struct, frozen=True, tag_field="type", tag="none"):
    """Wants none."""


class EnabledThinking(msgspec.Struct, frozen=True, tag_field="type", tag="enabled"):
    """Wants the model to think.

    Attributes:
        budget_tokens: Most tokens to think with.
        display: `omitted`: only the signature is wanted.
    """

    budget_tokens: Annotated[int, msgspec.Meta(ge=1024)]
    display: Display | None = None


class AdaptiveThinking(msgspec.Struct, frozen=True, tag_field="type", tag="adaptive"):
    """Lets the model think as much as it likes.

    Attributes:
        display: `omitted`: only the signature is wanted.
    """

    display: Display | None = None


class DisabledThinking(msgspec.Struct, frozen=True, tag_field="type", tag="disabled"):
    """Wants no thinking."""


class OutputFormat(msgspec.Struct, frozen=True, tag_field="type", tag="json_schema"):
    """Wants JSON.

    Attributes:
        schema: What it must fit.
    """

    schema: Mapping[str, Any]


class OutputConfig(msgspec.Struct, frozen=True):
    """Says how the answer is to be.

    Attributes:
        effort: How much work to put into it; `xhigh` and `max` mean `high`.
        format: JSON that fits a schema.
    """

    effort: Effort | None = None
    format: OutputFormat | None = None


class Metadata(msgspec.Struct, frozen=True):
    """Says for whom the client asks.

    Attributes:
        user_id: In the client's own words.
    """

    user_id: str | None = None


class CountBody(Wishes, frozen=True, kw_only=True):
    """Is what has tokens that can be counted.

    Attributes:
        model: Name of the model.
        messages: The conversation.
        system: What the model is told before it.
        tools: What the model may ask for.
        tool_choice: Whether it may, or must.
        thinking: Whether it thinks.
        output_config: How the answer is to be.
        output_format: The older place of its `format`.
    """

    model: Filled
    messages: Annotated[list[InputMessage], msgspec.Meta(min_length=1)]
    system: str | list[TextBlock] | None = None
    tools: list[InputTool] | None = None
    tool_choice: AutoChoice | AnyChoice | NamedChoice | NoChoice | None = None
    thinking: EnabledThinking | AdaptiveThinking | DisabledThinking | None = None
    output_config: OutputConfig | None = None
    output_format: OutputFormat | None = None


class MessagesBody(CountBody, frozen=True, kw_only=True):
    """Is what is asked.

    Attributes:
        max_tokens: Most tokens of the answer. The 0 that fills Anthropic's cache without an
            answer is refused: there is no cache to fill.
        metadata: For whom.
        stop_sequences: Texts before which the answer ends.
        stream: The answer is wanted as it comes.
        temperature: 0 to 1.
        top_k: Of how many tokens each is chosen; 0: of all.
        top_p: 0 to 1.
    """

    max_tokens: Count
    metadata: Metadata | None = None
    stop_sequences: list[str] | None = None
    stream: bool | None = None
    temperature: Fraction | None = None
    top_k: Annotated[int, msgspec.Meta(ge=0)] | None = None
    top_p: Fraction | None = None


async def read(request: Request, type_: type[T]) -> T:
    """Read a request's body.

    Args:
        request: The client's.
        type_: What it must be.

    Raises:
        BadRequest: It is something else; the field is named as Anthropic names it, such as
            `messages.0.content`.
        ClientDeparted: The client left before its end.
    """
    try:
        return await read_body(request, type_)
    except BadRequest as error:
        raise dotted(error) from None


def dotted(error: BadRequest) -> BadRequest:
    """Return an error with its field named with dots.

    Args:
        error: Its field has brackets.

    Example:
        >>> dotted(BadRequest("messages[0].role: is required", field="messages[0].role")).message
        'messages.0.role: is required'
    """
    if error.field is None:
        return error
    field = _INDEX.sub(lambda found: f".{found[1]}", error.field)
    return BadRequest(field + error.message.removeprefix(error.field), field=field)
