"""What is said in a chat, whatever dialect the client speaks."""

from __future__ import annotations

from typing import Literal

import msgspec

Role = Literal["system", "user", "assistant"]


class Text(msgspec.Struct, frozen=True, tag="text"):
    """Is written text.

    Attributes:
        text: The text.
    """

    text: str


class Thought(msgspec.Struct, frozen=True, tag="thought"):
    """Is reasoning that a model showed earlier and the client hands back.

    Attributes:
        text: The reasoning.
        signature: What the model gave with it, for models that want it back.
    """

    text: str
    signature: str | None = None


class Media(msgspec.Struct, frozen=True, kw_only=True, tag="media"):
    """Is an image, a video, a sound or a file; it has its bytes or a URL.

    Attributes:
        mime_type: Such as `image/png`; empty: not known before it is fetched.
        data: The bytes.
        url: Where a client says that it is; `turn.load` fetches it, guarded.
        name: Its file name, if the client gave one; of what an upstream made, the name it has
            there.

    Example:
        >>> Media(mime_type="image/png", url="https://example.com/a.png").kind
        'image'
    """

    mime_type: str = ""
    data: bytes | None = None
    url: str | None = None
    name: str | None = None

    @property
    def kind(self) -> str:
        """Return `image`, `video`, `audio` or `file`; of an unknown type `file`."""
        major = self.mime_type.partition("/")[0]
        return major if major in ("image", "video", "audio") else "file"

    def __repr__(self) -> str:
        size = None if self.data is None else len(self.data)
        return f"Media({self.mime_type!r}, {size} bytes, url={self.url is not None})"


class ToolCall(msgspec.Struct, frozen=True, kw_only=True, tag="tool_call"):
    """Asks the client to call one of its functions.

    Attributes:
        id: Names the call; unique in the conversation.
        name: Name of the function.
        arguments: JSON text of an object.
        signature: What the model gave with it, for models that want it back.
    """

    id: str
    name: str
    arguments: str = "{}"
    signature: str | None = None


class ToolResult(msgspec.Struct, frozen=True, kw_only=True, tag="tool_result"):
    """Is what a function returned.

    Attributes:
        id: Id of the `ToolCall`.
        name: Name of the function; empty: the dialect does not say, and neither did the call.
        parts: What it returned.
        failed: It did not work.
    """

    id: str
    name: str = ""
    parts: tuple[Text | Media, ...] = ()
    failed: bool = False


Part = Text | Thought | Media | ToolCall | ToolResult


class Message(msgspec.Struct, frozen=True):
    """Is one message of a conversation.

    Attributes:
        role: Who says it. What functions returned is said by the `user`.
        parts: What is said, in order.

    Example:
        >>> Message("user", (Text("Hello "), Text("there"))).text
        'Hello there'
    """

    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """Return the text of all its text parts."""
        return "".join([part.text for part in self.parts if isinstance(part, Text)])
