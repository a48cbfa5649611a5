"""Calls for the demo, through the gateway."""

from __future__ import annotations

from plugway import Tour

_IMAGE = "gemini-3.0-pro-image-landscape"
_VIDEO = "veo_3_1_t2v_fast_landscape"
_ASKED = "a lighthouse in a storm"


def tour() -> tuple[Tour, ...]:
    """Return the tour."""
    message = {"role": "user", "content": _ASKED}
    return (
        Tour(
            title="an image, asked for in a chat",
            path="/v1/chat/completions",
            json={"model": _IMAGE, "messages": [message]},
        ),
        Tour(
            title="begin a video: its price is held until it ends",
            path="/v1/videos",
            json={"model": _VIDEO, "prompt": _ASKED},
        ),
        Tour(
            title="a video, asked for in a chat that waits for it",
            path="/v1/chat/completions",
            json={"model": _VIDEO, "messages": [message]},
        ),
        Tour(
            title="ask how one's videos are doing: free",
            method="GET",
            path="/v1/videos?limit=1",
        ),
        Tour(
            title="send a request that is refused: there is no such model, and it costs nothing",
            path="/v1/videos",
            json={"model": "veo_0_1_nothing", "prompt": _ASKED},
            expect=404,
        ),
    )
