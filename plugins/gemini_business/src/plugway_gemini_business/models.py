"""The models: those built in, those the operator adds, and the suffixes that choose tools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import TYPE_CHECKING

import msgspec

from plugway import ChatModel
from plugway_gemini_business.settings import GeminiBusinessSettings, ModelSettings, Tool

if TYPE_CHECKING:
    from plugway import Quota

#: Models of November 2026 (reference: "Model ids seen"). Each asks for itself: a name that the
#: upstream does not know must fail, and not be answered by another model.
BUILTIN: Mapping[str, ModelSettings] = {
    "gemini-auto": ModelSettings(title="Gemini, as the upstream chooses"),
    "gemini-2.5-flash": ModelSettings(model_id="gemini-2.5-flash", title="Gemini 2.5 Flash"),
    "gemini-2.5-pro": ModelSettings(model_id="gemini-2.5-pro", title="Gemini 2.5 Pro"),
    "gemini-3-flash-preview": ModelSettings(
        model_id="gemini-3-flash-preview", title="Gemini 3 Flash Preview"
    ),
    "gemini-3-flash": ModelSettings(model_id="gemini-3-flash", title="Gemini 3 Flash"),
    "gemini-3-pro-preview": ModelSettings(
        model_id="gemini-3-pro-preview", title="Gemini 3 Pro Preview"
    ),
    "gemini-3-pro": ModelSettings(model_id="gemini-3-pro", title="Gemini 3 Pro"),
    "gemini-3.1-pro-preview": ModelSettings(
        model_id="gemini-3.1-pro-preview", title="Gemini 3.1 Pro Preview"
    ),
    "gemini-imagen": ModelSettings(title="Images only", tools=("image",), fixed=True),
    "gemini-veo": ModelSettings(title="Videos only", tools=("video",), fixed=True),
}

#: Tools whose results are asked for by a suffix, and the quotas they draw from.
_QUOTAS: Mapping[Tool, Quota] = {"image": "images", "video": "videos"}

_DESCRIPTIONS: Mapping[Tool, str] = {
    "search": "web search",
    "image": "images",
    "video": "videos",
}


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """Is a model as clients ask for it, with what the upstream is told.

    Attributes:
        chat: As the lists of models show it.
        model_id: What the upstream is asked for; empty: nothing.
        tools: What it may use.
        named: The name says what it may use; without, everything is on.
        wanted: Of these kinds of media one at least must come.
    """

    chat: ChatModel
    model_id: str
    tools: frozenset[Tool]
    named: bool
    wanted: frozenset[str]


def names(settings: GeminiBusinessSettings) -> dict[str, ModelSettings]:
    """Return the models that are served, by the names that channels list.

    Args:
        settings: The plugin's.

    Example:
        >>> sorted(names(GeminiBusinessSettings()))[:2]
        ['gemini-2.5-flash', 'gemini-2.5-pro']
    """
    found = {**(BUILTIN if settings.builtin_models else {}), **settings.models}
    return {name: model for name, model in found.items() if model.enabled}


def offers(settings: GeminiBusinessSettings) -> dict[str, Offer]:
    """Return everything that clients can ask for, by name.

    A name with suffixes is the model with these tools and no others; suffixes stand at the
    end, in any order. A name that is a model's own is never read as one with suffixes.

    Args:
        settings: The plugin's.

    Example:
        >>> found = offers(GeminiBusinessSettings())
        >>> sorted(found["gemini-2.5-pro-search-image"].tools)
        ['image', 'search']
        >>> found["gemini-auto"].model_id
        ''
    """
    served = names(settings)
    found: dict[str, Offer] = {}
    for name, model in served.items():
        for variant in _variants(name, model):
            # The names of models come first, whatever suffixes another name could take.
            if variant.chat.id == name or variant.chat.id not in served:
                found[variant.chat.id] = variant
    return found


def _variants(name: str, model: ModelSettings) -> Iterator[Offer]:
    yield _offer(name, name, model, model.tools if model.fixed else None)
    if model.fixed:
        return
    for count in range(1, len(model.tools) + 1):
        for tools in permutations(dict.fromkeys(model.tools), count):
            yield _offer(name + "".join(f"-{tool}" for tool in tools), name, model, tools)


def _offer(id_: str, name: str, model: ModelSettings, asked: tuple[Tool, ...] | None) -> Offer:
    """Make one; `asked` are the tools that the name names, None: it names none."""
    tools: frozenset[Tool] = frozenset(model.tools if asked is None else asked)
    media = [tool for tool in ("image", "video") if tool in tools]
    named = [tool for tool in ("image", "video") if asked is not None and tool in asked]
    quotas: list[Quota] = ["text"]
    quotas += [_QUOTAS[tool] for tool in named]
    used = ", ".join(_DESCRIPTIONS[tool] for tool in sorted(tools))
    chat = ChatModel(
        id=id_,
        base=name,
        tariff=model.tariff,
        title=model.title or name,
        description=f"Gemini Business with {used}." if used else "Gemini Business.",
        owner="google",
        takes=frozenset({"text", "image", "video", "file"}),
        gives=frozenset({"text", *media}),
        honours=frozenset({"search"}),
        quotas=tuple(quotas),
        # Of the orders in which suffixes may stand one is listed.
        listed=asked is None or tuple(sorted(asked)) == asked,
    )
    return Offer(
        chat=chat,
        model_id=model.model_id,
        tools=tools,
        named=asked is not None,
        wanted=frozenset(named),
    )
