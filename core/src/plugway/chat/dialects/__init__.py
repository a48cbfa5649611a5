"""The wire formats in which clients chat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugway.chat.dialects import anthropic, gemini, openai

if TYPE_CHECKING:
    from plugway.contract import Mount
    from plugway.gateway import Gateway


def chat_mounts(gateway: Gateway) -> list[Mount]:
    """Return the routes of all dialects; a plugin that mounts the same path has it.

    Args:
        gateway: The gateway; its parts are used when a request comes, not now.
    """
    others = [*openai.mounts(gateway), *anthropic.mounts(gateway)]
    return [*gemini.shared(gateway, others), *gemini.mounts(gateway)]
