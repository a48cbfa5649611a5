"""Calls for the demo, through the gateway."""

from __future__ import annotations

from plugway import Tour

_MODEL = "gemini-2.5-flash"
_ASKED = "Think, and say who keeps the lighthouse."


def tour() -> tuple[Tour, ...]:
    """Return the tour."""
    message = {"role": "user", "content": _ASKED}
    return (
        Tour(
            title="a chat as OpenAI's clients ask it",
            path="/v1/chat/completions",
            json={"model": _MODEL, "messages": [message]},
        ),
        Tour(
            title="the same as a stream",
            path="/v1/chat/completions",
            json={"model": _MODEL, "messages": [message], "stream": True},
        ),
        Tour(
            title="the same as Anthropic's clients ask it",
            path="/v1/messages",
            json={"model": _MODEL, "max_tokens": 1_000, "messages": [message]},
        ),
        Tour(
            title="the same as Google's clients ask it",
            path=f"/v1beta/models/{_MODEL}:generateContent",
            json={"contents": [{"role": "user", "parts": [{"text": _ASKED}]}]},
        ),
        Tour(
            title="an image",
            path="/v1/images/generations",
            json={"model": f"{_MODEL}-image", "prompt": "Draw a lighthouse in a storm"},
        ),
        Tour(
            title="send a request that is refused: there is no such model, and it costs nothing",
            path="/v1/chat/completions",
            json={"model": "gemini-0.1-nothing", "messages": [message]},
            expect=404,
        ),
    )
