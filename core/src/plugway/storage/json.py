"""JSON columns by msgspec.

Module-level functions, because migrations name them by import path.
"""

from __future__ import annotations

from typing import Any

import msgspec


def encode_json(value: Any) -> str:
    """Encode a column's value."""
    return msgspec.json.encode(value).decode()


def decode_json(text: str | bytes) -> Any:
    """Decode a column's value."""
    return msgspec.json.decode(text)
