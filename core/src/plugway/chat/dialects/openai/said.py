"""Messages of a request, as the official API has them."""

from __future__ import annotations

from typing import Literal

import msgspec


class TextPart(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    """Is a piece of text."""

    text: str


class RefusalPart(msgspec.Struct, frozen=True, tag_field="type", tag="refusal"):
    """Is what the assistant said instead of an answer."""

    refusal: str


class Place(msgspec.Struct, frozen=True):
    """Holds a `data:` or `http` URL."""

    url: str


class ImagePart(msgspec.Struct, frozen=True, tag_field="type", tag="image_url"):
    """Is an image; some clients leave the object out and write the URL."""

    image_url: Place | str


class VideoPart(msgspec.Struct, frozen=True, tag_field="type", tag="video_url"):
    """Is a video: no part of the official API, but what gateways agree on."""

    video_url: Place | str


class Sound(msgspec.Struct, frozen=True):
    """Holds a sound in base64."""

    data: str
    format: Literal["wav", "mp3"]


class SoundPart(msgspec.Struct, frozen=True, tag_field="type", tag="input_audio"):
    """Is a sound."""

    input_audio: Sound


class Document(msgspec.Struct, frozen=True):
    """Holds a file: its bytes in base64 or in a `data:` URL, or where it is."""

    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None
    url: str | None = None
    mime_type: str | None = None


class FilePart(msgspec.Struct, frozen=True, tag_field="type", tag="file"):
    """Is a file."""

    file: Document


PartBody = TextPart | RefusalPart | ImagePart | VideoPart | SoundPart | FilePart
Content = str | list[PartBody] | None


class SystemMessage(msgspec.Struct, frozen=True, tag_field="role", tag="system"):
    """Says how the model is to behave."""

    content: Content = None


class DeveloperMessage(msgspec.Struct, frozen=True, tag_field="role", tag="developer"):
    """Is the newer name of a system message."""

    content: Content = None


class UserMessage(msgspec.Struct, frozen=True, tag_field="role", tag="user"):
    """Is said by the user."""

    content: Content = None


class Google(msgspec.Struct, frozen=True):
    """Holds the signature of the thought before a call."""

    thought_signature: str | None = None


class ExtraContent(msgspec.Struct, frozen=True):
    """Is how Google's own OpenAI endpoint hands signatures out and takes them back."""

    google: Google | None = None


class CalledFunction(msgspec.Struct, frozen=True):
    """Names a function and holds its arguments, as JSON text."""

    name: str
    arguments: str = ""


class CallBody(msgspec.Struct, frozen=True, tag_field="type", tag="function", kw_only=True):
    """Asks for a function."""

    id: str
    function: CalledFunction
    extra_content: ExtraContent | None = None


class AssistantMessage(
    msgspec.Struct, frozen=True, tag_field="role", tag="assistant", kw_only=True
):
    """Is what the model said earlier."""

    content: Content = None
    refusal: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[CallBody] | None = None
    function_call: CalledFunction | None = None


class ToolMessage(msgspec.Struct, frozen=True, tag_field="role", tag="tool", kw_only=True):
    """Is what a function returned."""

    tool_call_id: str
    content: Content = None
    name: str | None = None


class FunctionMessage(msgspec.Struct, frozen=True, tag_field="role", tag="function", kw_only=True):
    """Is the older form of a tool message."""

    name: str
    content: Content = None


MessageBody = (
    SystemMessage
    | DeveloperMessage
    | UserMessage
    | AssistantMessage
    | ToolMessage
    | FunctionMessage
)
