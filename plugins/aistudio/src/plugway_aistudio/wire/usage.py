"""The tokens that the upstream counted."""

from __future__ import annotations

from typing import Any

from plugway import TokenCount
from plugway_aistudio.wire.positions import list_at, number_at


def tokens_of(frame: list[Any]) -> TokenCount | None:
    """Read what a frame counts of all that came so far.

    The upstream counts reasoning beside the answer, not in it: its total is input, tool tokens,
    output and reasoning together. The gateway's output has both. Where a total shows that the
    output has the reasoning already, it is not added again. Tool tokens are what the upstream's
    own tools, such as a search, put into the question; they count as input.

    Args:
        frame: `[2]` is `[input, output, total, …, tool tokens at 7, …, reasoning at 9]`
            (reference: "Streamed body format").

    Returns:
        The count; None: there is none.

    Raises:
        UnreadableAnswer: It has another form.

    Example:
        >>> tokens_of([None, None, [10, 5, 35, None, None, None, None, None, None, 20]])
        TokenCount(input=10, output=25, thought=20, cached=0)
    """
    usage = list_at(frame, 2, "a count of tokens")
    if not usage:
        return None
    told = number_at(usage, 1, "a count of tokens")
    total = number_at(usage, 2, "a count of tokens")
    thought = number_at(usage, 9, "a count of tokens") or 0
    given = (number_at(usage, 0, "a count of tokens") or 0) + (
        number_at(usage, 7, "a count of tokens") or 0
    )
    if told is None:
        # What is left out is 0, or the answer is not counted yet; the total tells which.
        output = max((total or 0) - given, thought)
    elif told >= thought and total is not None and total == given + told:
        output = told
    else:
        output = told + thought
    return TokenCount(input=given, output=output, thought=thought)
