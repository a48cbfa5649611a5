"""How an answer ended: the reason that clients get, or the error that it is."""

from __future__ import annotations

from plugway import (
    BadRequest,
    EmptyAnswer,
    FinishReason,
    PlugwayError,
    SafetyBlocked,
    UpstreamInterrupted,
)
from plugway_aistudio.wire.told import told

#: Finish codes that clients know a reason for (reference: "Streamed body format"; 14 and 17:
#: official documentation, "FinishReason").
_REASONS: dict[int, FinishReason] = {
    1: "stop",
    2: "length",
    3: "safety",
    4: "recitation",
    7: "safety",
    8: "safety",
    9: "safety",
    11: "safety",
    14: "safety",
    17: "recitation",
}

_LANGUAGE = 6

#: The others, for people.
_NAMES = {
    5: "for a reason of its own",
    10: "with a call of a function that is malformed",
    12: "with a call of a function that was not expected",
    13: "with too many calls of functions",
    15: "without the image, for a reason of its own",
    16: "without an image",
    18: "since a signature of a thought is missing",
}

_BLOCKS = {1: "safety", 3: "blocklist", 4: "prohibited content", 5: "image safety"}


def reason_of(code: int, message: str, *, said: bool, calls: bool) -> FinishReason:
    """Return the reason of a finish code.

    An answer that stops with calls ends for them. A reason of safety or recitation stands also
    where nothing was said, and `length` too: thinking may have taken all tokens. A stop without
    a word is an error that another try may mend. So is a code that clients know no reason for,
    and one that is new, before anything was said; after that the answer is cut.

    Args:
        code: Not 0.
        message: What the upstream says to it.
        said: Text, media or calls have come.
        calls: Calls have come.

    Raises:
        EmptyAnswer: Nothing was said, and the code does not explain it to a client.
        UpstreamInterrupted: The code ends an answer before its time. What came is charged: the
            model itself ended it, and a client can have it end so at will.
        BadRequest: The upstream does not know the language.

    Example:
        >>> reason_of(1, "", said=True, calls=True)
        'tool_calls'
    """
    reason = _REASONS.get(code)
    if reason == "stop":
        if calls:
            return "tool_calls"
        if not said:
            raise EmptyAnswer(charged=False)
    if reason is not None:
        return reason
    if code == _LANGUAGE and not said:
        raise BadRequest(f"The upstream does not support this language{told(message)}")
    name = _NAMES.get(code, "for a reason that is not known")
    text = f"The upstream ended its answer {name} (code {code}){told(message)}"
    if said:
        raise UpstreamInterrupted(text)
    raise EmptyAnswer(text, charged=False)


def blocked(code: int, message: str) -> PlugwayError:
    """Make the error of a question that is not answered.

    Args:
        code: Block code, not 0 (reference: "Streamed body format").
        message: What the upstream says to it.
    """
    name = _BLOCKS.get(code, f"code {code}")
    return SafetyBlocked(
        f"The upstream does not answer this ({name}){told(message)}", charged=False
    )
