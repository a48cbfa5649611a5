"""The models that clients can ask for (MODELS fills this in)."""

from __future__ import annotations


def families() -> tuple[str, ...]:
    """Return what channels and keys list: the names of families."""
    return ("veo_3_1_t2v_fast", "gemini-3.0-pro-image")
