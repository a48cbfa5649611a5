"""An answer that a test writes down, frame by frame."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from plugway_aistudio.emulated.parts import Part, frame, usage

Seconds = Annotated[float, msgspec.Meta(ge=0, le=3_600)]


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is an answer as it goes out.

    Attributes:
        frames: Each as `parts.frame` returns it, or anything else.
        stamped: Frames made at the moment they go out, before the others: each with a text that
            is the time, seconds since 1970, and a space.
        pause: Seconds before each frame.
        stepped: Each frame waits for a `step` of the emulator.
        chunks: How the body is cut: `frame`: one piece for each; `character`: amid characters of
            several bytes, and strings; or so many bytes each.
        close: Ends the array. An answer without it is cut for a reader that counts brackets.
        headers: Beside the usual ones.

    Example:
        >>> from plugway_aistudio.emulated.parts import text
        >>> answer(text("Hello"), text(", you")).frames[-1][0][0][1]
        1
    """

    frames: tuple[Any, ...] = ()
    stamped: Annotated[int, msgspec.Meta(ge=0)] = 0
    pause: Seconds = 0.0
    stepped: bool = False
    chunks: Literal["frame", "character"] | Annotated[int, msgspec.Meta(ge=1)] = "frame"
    close: bool = True
    headers: dict[str, str] = msgspec.field(default_factory=dict)


def answer(
    *parts: Part,
    finish: int | None = 1,
    tokens: list[Any] | None = None,
    citations: list[Any] | None = None,
    grounding: list[Any] | None = None,
    **details: Any,
) -> Answer:
    """Write an answer: a frame for each part, and one that ends it.

    Args:
        parts: As `parts` makes them.
        finish: Finish code; None: it ends without, as a truncated one does.
        tokens: As `parts.usage` returns it; None: some.
        citations: Of the last frame.
        grounding: Of the last frame.
        details: Other fields of `Answer`.
    """
    frames = [frame(part) for part in parts]
    if finish is not None:
        last = frame(
            finish=finish,
            citations=citations,
            grounding=grounding,
            usage=tokens or usage(7, 3 * len(parts)),
        )
        frames.append(last)
    return Answer(frames=tuple(frames), **details)
