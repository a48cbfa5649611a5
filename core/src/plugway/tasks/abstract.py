"""The part of a request that is kept with its task: everything but what is long."""

from __future__ import annotations

from typing import Any

import msgspec

#: Characters of a text that is kept whole, and how many are left of a longer one: prompts
#: stay, pictures do not.
_WHOLE = 4096
_LEFT = 64

#: Characters of all of it.
_MOST = 65_536


def abstract(body: bytes) -> str:
    """Return a JSON body with its long texts cut.

    Args:
        body: As the client sent it, or nothing that is JSON.

    Returns:
        JSON.

    Example:
        >>> abstract(b'{"prompt": "a cat", "image": "' + b"A" * 5000 + b'"}')[:40]
        '{"prompt":"a cat","image":"AAAAAAAAAAAAA'
    """
    try:
        text = msgspec.json.encode(_cut(msgspec.json.decode(body))).decode()
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        text = ""
    if not text or len(text) > _MOST:
        return msgspec.json.encode({"bytes": len(body)}).decode()
    return text


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        if len(value) > _WHOLE:
            return f"{value[:_LEFT]}… ({len(value)} characters)"
        return value
    if isinstance(value, list):
        return [_cut(one) for one in value]
    if isinstance(value, dict):
        return {key: _cut(one) for key, one in value.items()}
    return value
