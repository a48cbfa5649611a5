"""How a model is described: the built-in table and the operator's settings use the same words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Annotated, Literal

import msgspec

from plugway import ConfigurationError, SettingsTable
from plugway_flow.recipe import Tier

#: What a model does; `omni` makes a video of a text or of images, whatever it is given.
ModelType = Literal["image", "t2v", "i2v", "r2v", "extend", "upscale", "omni"]

#: Shapes as names of models say them.
AspectName = Literal["landscape", "portrait", "square", "four-three", "three-four"]

#: Sizes that the upstream makes something larger to.
Resolution = Literal["2k", "4k", "1080p"]

#: Least and most images by type, where a model does not say.
IMAGES: Mapping[ModelType, tuple[int, int]] = {
    # The upstream's own list of models (a copy of September 2026) allows ten.
    "image": (0, 10),
    "t2v": (0, 0),
    "i2v": (1, 2),
    "r2v": (0, 3),
    "extend": (0, 0),
    "upscale": (0, 0),
    "omni": (0, 3),
}

_TYPES = ", ".join(IMAGES)
_LARGER: Mapping[bool, frozenset[str]] = {
    True: frozenset({"2k", "4k"}),
    False: frozenset({"1080p", "4k"}),
}
_TIERS = frozenset({"pro", "ultra"})
_COUNTS = frozenset({"one", "images"})

_Images = Annotated[int, msgspec.Meta(ge=0, le=100)]
_Second = Annotated[int, msgspec.Meta(ge=1, le=3_600)]


class FormSettings(SettingsTable, frozen=True, kw_only=True):
    """Describes another name of a model, which says some of what a request could.

    Attributes:
        aspect: The shape; empty: as the request says.
        resolution: What it is made larger to; empty: as the request says.
        seconds: The length; None: as the request says.
        mode: A word of the model's `keys`, such as `relaxed`.
        tier: What the account must have paid for at the least.
        listed: Lists show it; off for other spellings of one that they do.
    """

    aspect: AspectName | Literal[""] = ""
    resolution: Resolution | Literal[""] = ""
    seconds: int | None = None
    mode: Annotated[str, msgspec.Meta(pattern=r"^[a-z]*$")] = ""
    tier: Tier = "free"
    listed: bool = True


class ModelSettings(SettingsTable, frozen=True, kw_only=True):
    """Describes one model and its other names.

    Attributes:
        type: `image`; `t2v`: a video of a text; `i2v`: of its first and last frame; `r2v`: of
            images for reference; `extend`: goes on from a video; `upscale`: makes one larger;
            `omni`: a video of a text or of images.
        key: What the upstream calls it; empty: as it is called here.
        keys: What the upstream calls it otherwise, by words that must all be so: an aspect, a
            length such as `4s`, `one` image, some `images`, `pro` or `ultra` for the account, a
            resolution, or the `mode` of a name. Of those that fit, the mode decides first, then
            the length, the images, the resolution, the aspect, and the account last.
        aspects: Shapes that it has, the first being the usual one where `default_aspect` is not
            among them.
        seconds: Lengths that it has, the first being the usual one; empty: not known.
        resolutions: What it can be made larger to.
        least_images: Fewest images; None: as the type says.
        most_images: Most images; None: as the type says.
        most_count: Images made at once at the most.
        tier: What the account must have paid for at the least.
        tiers: The same for a resolution or a length such as `4s`.
        tariff: Key of its prices; empty: its name.
        title: For people.
        forms: Its other names.
        enabled: It is served.
    """

    type: ModelType | Literal[""] = ""
    key: str = ""
    keys: Mapping[str, str] = msgspec.field(default_factory=dict)
    aspects: tuple[AspectName, ...] = ("landscape", "portrait")
    seconds: tuple[_Second, ...] = ()
    resolutions: tuple[Resolution, ...] = ()
    least_images: _Images | None = None
    most_images: _Images | None = None
    most_count: Annotated[int, msgspec.Meta(ge=1, le=10)] = 4
    tier: Tier = "free"
    # Reference: "Tier rule by name".
    tiers: Mapping[str, Tier] = msgspec.field(
        default_factory=lambda: {"2k": "pro", "1080p": "pro", "4k": "ultra"}
    )
    tariff: str = ""
    title: str = ""
    forms: Mapping[str, FormSettings] = msgspec.field(default_factory=dict)
    enabled: bool = True

    @property
    def images(self) -> tuple[int, int]:
        """Return the least and the most images that a request may have."""
        least, most = IMAGES[self.type or "t2v"]
        return (
            least if self.least_images is None else self.least_images,
            most if self.most_images is None else self.most_images,
        )

    @property
    def makes_image(self) -> bool:
        """Say whether it makes images, and not a video."""
        return self.type == "image"

    @property
    def words(self) -> frozenset[str]:
        """Return the words that its `keys` may have, the modes of its names left out."""
        return frozenset(
            chain(self.aspects, (f"{one}s" for one in self.seconds), self.resolutions)
        ) | (_TIERS | _COUNTS)


def check(name: str, model: ModelSettings) -> None:
    """Refuse a model that could not be served as it is described.

    Args:
        name: Its name.
        model: How it is described.

    Raises:
        ConfigurationError: With what is wrong.

    Example:
        >>> check("painter", ModelSettings(type="image", key="GEM_PIX_2"))
    """
    for one in (name, *model.forms):
        if not one or not one.isprintable() or set(one) & set(" ?#%:/"):
            raise ConfigurationError(
                f"model {one!r}: no spaces and none of / ? # % :, please", field="models"
            )
    if model.enabled:
        for said in chain(_of_type(model), _of_keys(model), _of_forms(model)):
            raise ConfigurationError(f"model {name!r}: {said}", field="models")


def _of_type(model: ModelSettings) -> Iterator[str]:
    if not model.type:
        yield f"say its type, one of {_TYPES}"
        return
    least, most = model.images
    if least > most:
        yield f"at least {least} images and at most {most} cannot be"
    if most and model.type in ("t2v", "extend", "upscale"):
        yield f"what is of type {model.type} takes no images"
    if not least and model.type == "i2v":
        yield "what is of type i2v takes an image at least"
    if not model.aspects:
        yield "it has no aspects"
    strange = set(model.resolutions) - _LARGER[model.makes_image]
    if strange:
        what = "an image" if model.makes_image else "a video"
        yield f"{what} is not made larger to {', '.join(sorted(strange))}"
    if model.type == "upscale" and not model.resolutions:
        yield "what is of type upscale needs resolutions"


def _of_keys(model: ModelSettings) -> Iterator[str]:
    modes = {form.mode for form in model.forms.values()} - {""}
    told = [frozenset(words.split()) for words in model.keys]
    if len(set(told)) < len(told):
        yield "two keys are for the same words"
    known = {word for words in told for word in words}
    strange = known - model.words - modes
    if strange:
        yield f"keys: nothing of it is {', '.join(sorted(strange))}"
    if modes - known:
        yield f"no key is for {', '.join(sorted(modes - known))}"
    for seconds in model.seconds[1:]:
        # Without a key of its own the video would have the usual length, and nobody would know.
        if f"{seconds}s" not in known:
            yield f"no key is for {seconds}s"
    strange = set(model.tiers) - set(_LARGER[True] | _LARGER[False]) - model.words
    if strange:
        yield f"tiers: nothing of it is {', '.join(sorted(strange))}"


def _of_forms(model: ModelSettings) -> Iterator[str]:
    for name, form in model.forms.items():
        if form.aspect and form.aspect not in model.aspects:
            yield f"{name} is {form.aspect}, and its aspects are {', '.join(model.aspects)}"
        if form.resolution and form.resolution not in model.resolutions:
            yield f"{name} is {form.resolution}, which is none of its resolutions"
        if form.seconds is not None and form.seconds not in model.seconds:
            yield f"{name} takes {form.seconds} seconds, which is none of its lengths"
