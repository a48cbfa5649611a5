"""Calls for the demo, through the gateway."""

from __future__ import annotations

from plugway import Tour

_MODEL = "gemini-flash-latest"
_ASKED = "Say who keeps the lighthouse."


def tour() -> tuple[Tour, ...]:
    """Return the tour."""
    body = {"model": _MODEL, "messages": [{"role": "user", "content": _ASKED}]}
    return (
        Tour(title="a chat in a page of AI Studio", path="/v1/chat/completions", json=body),
        Tour(
            title="the same as a stream, while the page gets it",
            path="/v1/chat/completions",
            json={**body, "stream": True, "stream_options": {"include_usage": True}},
        ),
    )
