"""The official packages, by name."""

from __future__ import annotations

from collections.abc import Callable

from sdk_anthropic import AnthropicSpeaker
from sdk_google import GoogleSpeaker
from sdk_office import Office
from sdk_openai import OpenAISpeaker
from sdk_speaker import Speaker

SPEAKERS: dict[str, Callable[[Office], Speaker]] = {
    "openai": OpenAISpeaker,
    "anthropic": AnthropicSpeaker,
    "google": GoogleSpeaker,
}
