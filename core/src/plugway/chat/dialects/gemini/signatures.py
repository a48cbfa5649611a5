"""Signatures of thoughts, which Google's clients hold as bytes."""

from __future__ import annotations

import base64
import binascii


def written(signature: str) -> str:
    """Return a signature as it is sent: base64, whatever the model's own form is.

    Args:
        signature: What the model gave.

    Example:
        >>> written("s1"), read(written("s1"))
        ('czE=', 's1')
    """
    return base64.b64encode(signature.encode("utf-8", "surrogatepass")).decode()


def read(text: str) -> str:
    """Return a signature as the model gave it.

    Args:
        text: As a client hands it back. One that was not given here, as after a move from
            another server, is left as it is.
    """
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return text
