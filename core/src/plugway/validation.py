"""What msgspec finds wrong with somebody's input, said with the field's name first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from plugway.errors import BadRequest

if TYPE_CHECKING:
    import msgspec

_NAMED = re.compile(r"Object (?:contains|missing required) (?:unknown )?field `(.*?)`")
#: Characters of msgspec's own words that are repeated.
_LENGTH = 300

_PLACE = re.compile(r" - at `\$\.?(.*)`$")


def invalid(error: msgspec.ValidationError) -> BadRequest:
    """Return the error that names the field.

    Args:
        error: What msgspec raised.

    Example:
        >>> import msgspec
        >>> try:
        ...     msgspec.convert({"n": "x"}, dict[str, int])
        ... except msgspec.ValidationError as error:
        ...     invalid(error).message
        '[...]: expected int, got str'
    """
    text = str(error)
    place = _PLACE.search(text)
    path = place[1] if place else ""
    message = text[: place.start()] if place else text
    named = _NAMED.match(message)
    if named is not None:
        field = f"{path}.{named[1]}" if path else named[1]
        missing = "missing" in message
        return BadRequest(
            f"{field}: {'is required' if missing else 'there is no such field'}", field=field
        )
    message = message[:1].lower() + message[1:].replace("`", "")
    if len(message) > _LENGTH:
        # It repeats what was given, which may be anything.
        message = message[:_LENGTH] + "…"
    if not path:
        return BadRequest(f"the body: {message}")
    return BadRequest(f"{path}: {message}", field=path)
