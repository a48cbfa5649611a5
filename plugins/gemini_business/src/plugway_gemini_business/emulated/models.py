"""The models of the emulated service."""

from __future__ import annotations

#: What it takes as `modelId`: those that clients send (reference §1.10).
MODELS = (
    "gemini-2.5-flash",
    "gemini-2.5-pro",
    "gemini-3-flash-preview",
    "gemini-3-pro-preview",
    "gemini-3-pro",
    "gemini-3.1-pro-preview",
)

#: What answers if no model is asked for.
DEFAULT = "gemini-2.5-flash"
