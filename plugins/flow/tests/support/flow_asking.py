"""Requests for images and videos, as the core hands them to the plugin."""

from __future__ import annotations

from typing import Any

from plugway import ChatModel, ChatRequest, Media, Message, Part, Text
from plugway_flow.choosing import recipe
from plugway_flow.models import listing
from plugway_flow.recipe import Recipe, Tier
from plugway_flow.settings import FlowSettings

#: A video of an earlier task.
VIDEO = Media(mime_type="video/mp4", name="media-1")


def chat_model(name: str, settings: FlowSettings) -> ChatModel:
    """Return a model by name."""
    (found,) = [model for model in listing(settings) if model.id == name]
    return found


def asking(name: str, *, images: int = 0, prompt: str = "a cat", **more: Any) -> ChatRequest:
    """Ask for something with so many images."""
    image = Media(mime_type="image/png", data=b"png")
    parts: tuple[Part, ...] = (Text(prompt), *([image] * images))
    return ChatRequest(model=name, messages=(Message("user", parts),), **more)


def made(
    name: str, settings: FlowSettings, *, tier: Tier = "ultra", images: int = 0, **more: Any
) -> Recipe:
    """Return how it is made."""
    request = asking(name, images=images, **more)
    return recipe(request, chat_model(name, settings), tier, settings)
