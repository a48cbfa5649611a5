"""The models: those built in, those the operator adds, and the other names of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from plugway import ChatModel, NotFound
from plugway_flow.model_settings import FormSettings, ModelSettings
from plugway_flow.model_table import table

if TYPE_CHECKING:
    from plugway_flow.settings import FlowSettings

_Kind = Literal["text", "image", "video"]

_DESCRIPTIONS = {
    "image": "Makes images of a text, and of images.",
    "t2v": "Makes a video of a text.",
    "i2v": "Makes a video of a text and its first frame, or its first and last.",
    "r2v": "Makes a video of a text, with images for reference.",
    "extend": "Goes on from a video that was made here.",
    "upscale": "Makes a video larger that was made here.",
    "omni": "Makes a video of a text, or of images.",
}

_WORDS = {"four-three": "4:3", "three-four": "3:4"}


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """Is a name that clients can ask for, with what it stands for.

    Attributes:
        chat: As the lists of models show it.
        name: The model's own name, which channels and keys list.
        model: How it is described.
        form: What the name says.
    """

    chat: ChatModel
    name: str
    model: ModelSettings
    form: FormSettings


def families() -> tuple[str, ...]:
    """Return what channels and keys list: the built-in models, without their other names."""
    return tuple(table())


def listing(settings: FlowSettings) -> Sequence[ChatModel]:
    """Return everything that clients can ask for; as often as one likes.

    Args:
        settings: The plugin's.
    """
    return settings.chat_models


def find(settings: FlowSettings, model: ChatModel) -> Offer:
    """Return what a model stands for.

    Args:
        settings: The plugin's.
        model: As it was listed.

    Raises:
        NotFound: It is not served any more.
    """
    offer = settings.offers.get(model.id)
    if offer is None:
        raise NotFound(f"the model {model.id!r} does not exist", field="model")
    return offer


def offers(models: Mapping[str, ModelSettings], *, builtin: bool = True) -> dict[str, Offer]:
    """Return everything that clients can ask for, by name.

    A name that is a model's own is never read as another name of one; of two models with the
    same other name the operator's has it. One that is switched off is served by none.

    Args:
        models: The operator's.
        builtin: The built-in models are served too.

    Example:
        >>> found = offers({})
        >>> found["veo_3_1_t2v_fast_portrait_4k"].name
        'veo_3_1_t2v_fast'
        >>> "omni_portrait" in offers({"omni": ModelSettings(enabled=False)})
        False
    """
    ours = table() if builtin else {}
    served = {**{name: model for name, model in ours.items() if name not in models}, **models}
    found: dict[str, Offer] = {}
    for name, model in served.items():
        if model.enabled:
            for other, form in model.forms.items():
                if other not in served:
                    found[other] = _offer(other, name, model, form)
            found[name] = _offer(name, name, model, FormSettings())
    return found


def price_key(name: str, model: ModelSettings, resolution: str) -> str:
    """Return the key of the price of one image or video.

    Args:
        name: The model's.
        model: How it is described.
        resolution: What it is made larger to; empty: it is not.

    Example:
        >>> price_key("gemini-3.0-pro-image", ModelSettings(type="image"), "2k")
        'gemini-3.0-pro-image-2k'
    """
    key = model.tariff or name
    if not resolution:
        return key
    return f"{key}{'-' if model.makes_image else '_'}{resolution}"


def _offer(id_: str, name: str, model: ModelSettings, form: FormSettings) -> Offer:
    kind = model.type or "t2v"
    takes: set[_Kind] = {"text"}
    if model.images[1]:
        takes.add("image")
    if kind in ("extend", "upscale"):
        takes.add("video")
    # What is made larger keeps its shape; of a video that has no task any more clients say it.
    honours = {"aspect", "resolution"}
    if kind != "upscale":
        honours |= {"seed"} if model.makes_image else {"seed", "seconds"}
    resolution = form.resolution
    if kind == "upscale":
        resolution = resolution or model.resolutions[0]
    gives: _Kind = "image" if model.makes_image else "video"
    chat = ChatModel(
        id=id_,
        base=name,
        tariff=price_key(name, model, resolution),
        title=", ".join([model.title or name, *_said(form)]),
        description=_DESCRIPTIONS[kind],
        owner="google",
        takes=frozenset(takes),
        gives=frozenset({gives}),
        honours=frozenset(honours),
        quotas=("images",) if model.makes_image else ("videos",),
        listed=form.listed,
    )
    return Offer(chat=chat, name=name, model=model, form=form)


def _said(form: FormSettings) -> list[str]:
    """Return what a name says, for people."""
    said = [
        _WORDS.get(form.aspect, form.aspect),
        "for Ultra accounts" if form.tier == "ultra" else "",
        form.mode,
        f"{form.seconds} seconds" if form.seconds else "",
        form.resolution.upper() if form.resolution != "1080p" else form.resolution,
    ]
    return [one for one in said if one]
