"""What a client asks in a chat, whatever dialect it speaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from plugway.contract.conversation import Media, Message, ToolResult


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """Describes a function of the client's that a model may ask for.

    Attributes:
        name: Its name.
        description: What it does.
        parameters: JSON schema of its arguments, as the client wrote it.
        strict: Arguments must fit the schema exactly.
    """

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = msgspec.field(default_factory=dict)
    strict: bool = False


class ToolChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Says whether functions are to be asked for.

    Attributes:
        mode: `auto`: as the model likes; `none`; `required`: one at least.
        names: Only these; empty: any.
        parallel: Several at once are welcome.
    """

    mode: Literal["auto", "none", "required"] = "auto"
    names: tuple[str, ...] = ()
    parallel: bool = True


class Reasoning(msgspec.Struct, frozen=True, kw_only=True):
    """Says how much a model is to think before it answers.

    Attributes:
        effort: `none`, `low`, `medium` or `high`.
        budget: Most tokens to think with; None: as the effort says.
        shown: Thoughts are wanted in the answer.
    """

    effort: Literal["none", "low", "medium", "high"] = "medium"
    budget: int | None = None
    shown: bool = True


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Is what a client asks, checked and in one form for all dialects.

    Attributes:
        model: Name of the model, as asked for.
        messages: The conversation, oldest first; system text comes first, where it stands.
        stream: The client takes the answer as it comes.
        tools: Functions that the model may ask for.
        tool_choice: Whether it may, or must.
        temperature: 0 to 2.
        top_p: 0 to 1.
        top_k: 1 or more.
        max_tokens: Most tokens of the answer.
        stop: Texts before which the answer ends.
        seed: For answers that can be had again.
        reasoning: How much to think; None: as the model likes.
        json_schema: The answer must be JSON that fits; an empty mapping: any object.
        search: Search the web; None: as the model likes.
        aspect: Shape of images and videos, width to height, such as `16:9`.
        resolution: Size of images and videos, such as `2k`, `4k`, `1080p`.
        seconds: Length of a video.
        count: Images wanted at once, for models that make them.
        source: The video of an earlier task that a new one goes on from, `name` being the
            upstream's name for it; only the credential that made it is asked.
        user: The client's own name for whom it asks.
        given: Names of the parameters that the client gave, in its own spelling, by the
            attribute that holds them.

    Example:
        >>> from plugway import Text
        >>> asked = ChatRequest(model="m", messages=(Message("user", (Text("Hi"),)),))
        >>> asked.messages[0].text
        'Hi'
    """

    model: str
    messages: tuple[Message, ...]
    stream: bool = False
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    reasoning: Reasoning | None = None
    json_schema: Mapping[str, Any] | None = None
    search: bool | None = None
    aspect: str | None = None
    resolution: str | None = None
    seconds: int | None = None
    count: int = 1
    source: Media | None = None
    user: str | None = None
    given: Mapping[str, str] = msgspec.field(default_factory=dict)

    def media(self) -> Iterator[Media]:
        """Yield the media of all messages, those that functions returned too."""
        for message in self.messages:
            for part in message.parts:
                if isinstance(part, Media):
                    yield part
                elif isinstance(part, ToolResult):
                    yield from (one for one in part.parts if isinstance(one, Media))

    def spelt(self, name: str) -> str:
        """Return how the client spelt a parameter, for errors that name it.

        Args:
            name: Name of the attribute, or `media` for the images of its messages.
        """
        if name == "media":
            return self.given.get(name) or self.spelt("messages")
        return self.given.get(name, name)
