"""The dialect of Anthropic's API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugway.chat.dialects.anthropic.answer import Answer
from plugway.chat.dialects.anthropic.body import CountBody, MessagesBody
from plugway.chat.dialects.anthropic.errors import official
from plugway.chat.dialects.anthropic.messages import Messages, TokensCounted
from plugway.contract import Mount, Operation

if TYPE_CHECKING:
    from plugway.gateway import Gateway

_TAGS = ("anthropic",)


def mounts(gateway: Gateway) -> list[Mount]:
    """Return the routes of this dialect.

    Args:
        gateway: The gateway; its parts are used when a request comes, not now.
    """
    messages = Messages(gateway)
    return [
        Mount(
            path="/v1/messages",
            endpoint=messages.create,
            methods={"POST"},
            errors=official,
            operation=Operation(
                summary="Answer a conversation, as Anthropic's API does.",
                request=MessagesBody,
                response=Answer,
                tags=_TAGS,
            ),
        ),
        Mount(
            path="/v1/messages/count_tokens",
            endpoint=messages.count,
            methods={"POST"},
            errors=official,
            operation=Operation(
                summary="Count the tokens of a conversation, as Anthropic's API does.",
                request=CountBody,
                response=TokensCounted,
                tags=_TAGS,
            ),
        ),
    ]
