"""How an answer is to be: `generationConfig`."""

from __future__ import annotations

from typing import Any, Literal

from plugway.chat.dialects.gemini.fields import Fields, wrong
from plugway.chat.dialects.gemini.schema import json_schema
from plugway.chat.sizes import aspect_of, resolution_of
from plugway.contract import Reasoning

_INT32 = 2**31 - 1

_MAX_STOPS = 5

_EFFORTS: dict[str, Literal["none", "low", "medium", "high"]] = {
    "THINKING_LEVEL_UNSPECIFIED": "medium",
    "MINIMAL": "low",
    "LOW": "low",
    "MEDIUM": "medium",
    "HIGH": "high",
    "XHIGH": "high",
}

#: What would change the answer's very form, so that it cannot be passed over.
_FOREIGN = ("responseFormat", "responseLogprobs")


def read_config(config: Fields, given: dict[str, str]) -> dict[str, Any]:
    """Return attributes of a `ChatRequest`.

    What concerns voices, and penalties, is passed over.

    Args:
        config: The object.
        given: Gets where they stand.

    Raises:
        BadRequest: A value is out of bounds, or asks for what there is not here.
    """
    for name in _FOREIGN:
        if config.raw(name):
            raise wrong(config.spelt(name), "is not supported here")
    for at, kind in enumerate(config.texts("responseModalities")):
        if kind.upper() == "AUDIO":
            raise wrong(f"{config.spelt('responseModalities')}[{at}]", "there is no sound here")
    # More than one answer to a question would have to be charged as often.
    config.integer("candidateCount", 1, 1)
    stops = config.texts("stopSequences")
    if len(stops) > _MAX_STOPS:
        raise wrong(config.spelt("stopSequences"), f"at most {_MAX_STOPS}")
    if "" in stops:
        raise wrong(f"{config.spelt('stopSequences')}[{stops.index('')}]", "must not be empty")
    found: dict[str, Any] = {
        "temperature": config.number("temperature", 0, 2),
        "top_p": config.number("topP", 0, 1),
        "top_k": config.integer("topK", 1, _INT32),
        "max_tokens": config.integer("maxOutputTokens", 1, _INT32),
        "seed": config.integer("seed", -_INT32 - 1, _INT32),
        "stop": stops or None,
        "reasoning": _reasoning(config),
    }
    for attribute, name in (
        ("temperature", "temperature"),
        ("top_p", "topP"),
        ("top_k", "topK"),
        ("max_tokens", "maxOutputTokens"),
        ("seed", "seed"),
        ("stop", "stopSequences"),
        ("reasoning", "thinkingConfig"),
    ):
        if found[attribute] is not None:
            given[attribute] = config.spelt(name)
    _images(config, found, given)
    schema = _schema(config, given)
    if schema is not None:
        found["json_schema"] = schema
    return {name: value for name, value in found.items() if value is not None}


def _images(config: Fields, found: dict[str, Any], given: dict[str, str]) -> None:
    """Add how images are to be."""
    images = config.inner("imageConfig")
    if images is None:
        return
    for attribute, name, read in (
        ("aspect", "aspectRatio", aspect_of),
        ("resolution", "imageSize", resolution_of),
    ):
        text = images.text(name)
        value = None if text is None else read(text, images.spelt(name))
        if value is not None:
            found[attribute] = value
            given[attribute] = images.spelt(name)


def wants_images(config: Fields | None) -> bool:
    """Say whether a client expects the bytes of images among an answer's parts.

    Args:
        config: The object; None: there is none.
    """
    kinds = () if config is None else config.texts("responseModalities")
    return "IMAGE" in [kind.upper() for kind in kinds]


def _reasoning(config: Fields) -> Reasoning | None:
    thinking = config.inner("thinkingConfig")
    if thinking is None:
        return None
    shown = thinking.flag("includeThoughts")
    level = thinking.word("thinkingLevel", *_EFFORTS)
    # -1: as the model likes.
    budget = thinking.integer("thinkingBudget", -1, _INT32)
    if level is not None and budget is not None:
        raise wrong(thinking.spelt("thinkingBudget"), "cannot go with thinkingLevel")
    if budget == 0:
        return Reasoning(effort="none", budget=0, shown=shown)
    return Reasoning(
        effort=_EFFORTS[level or "MEDIUM"],
        budget=None if budget == -1 else budget,
        shown=shown,
    )


def _schema(config: Fields, given: dict[str, str]) -> dict[str, Any] | None:
    kind = config.text("responseMimeType") or "text/plain"
    own, plain = config.anything("responseSchema"), config.anything("responseJsonSchema")
    if own is not None and plain is not None:
        raise wrong(config.spelt("responseJsonSchema"), "cannot go with responseSchema")
    if kind not in ("text/plain", "application/json"):
        raise wrong(config.spelt("responseMimeType"), "must be text/plain or application/json")
    name = "responseMimeType"
    if own is not None or plain is not None:
        name = "responseSchema" if plain is None else "responseJsonSchema"
        if kind != "application/json":
            raise wrong(config.spelt(name), "needs responseMimeType application/json")
    elif kind != "application/json":
        return None
    given["json_schema"] = config.spelt(name)
    return plain if plain is not None else json_schema(own or {})
