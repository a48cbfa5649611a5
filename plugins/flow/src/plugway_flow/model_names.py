"""The names that earlier systems have for the forms of a model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Literal

from plugway_flow.model_settings import AspectName, FormSettings, Resolution

_SHAPES: tuple[AspectName, ...] = ("landscape", "portrait")

#: As names say it; nothing: as the request says.
_ASPECTS: tuple[AspectName | Literal[""], ...] = ("", "portrait", "landscape")
_LARGER: tuple[Resolution | Literal[""], ...] = ("", "1080p", "4k")

#: The length of every Veo 3.1 video that says none, so that names with it say nothing new.
_USUAL = 8


def pairs(name: str) -> dict[str, FormSettings]:
    """Return the names of a model with its two shapes behind.

    Args:
        name: The model's.

    Example:
        >>> list(pairs("veo_2_0_t2v"))
        ['veo_2_0_t2v_landscape', 'veo_2_0_t2v_portrait']
    """
    return {f"{name}_{aspect}": FormSettings(aspect=aspect) for aspect in _SHAPES}


def images(
    name: str, aspects: Sequence[AspectName], resolutions: Sequence[Resolution]
) -> dict[str, FormSettings]:
    """Return the names of a model of images.

    Args:
        name: The model's.
        aspects: Its shapes.
        resolutions: What it can be made larger to.

    Example:
        >>> list(images("painter", ["square"], ["2k"]))
        ['painter-square', 'painter-square-2k']
    """
    found = {}
    for aspect in aspects:
        found[f"{name}-{aspect}"] = FormSettings(aspect=aspect)
        for one in resolutions:
            found[f"{name}-{aspect}-{one}"] = FormSettings(aspect=aspect, resolution=one)
    return found


def veo(
    name: str, *, behind: str = "", ultra: bool = False, seconds: Sequence[int] = (4, 6, _USUAL)
) -> dict[str, FormSettings]:
    """Return the names of a Veo 3.1 model: shape, account, length and resolution, in that order.

    Args:
        name: The model's, without what stands behind the length.
        behind: What stands there.
        ultra: There are names for Ultra accounts.
        seconds: Lengths.

    Example:
        >>> form = veo("film", behind="fl", ultra=True)["film_portrait_ultra_8s_fl_4k"]
        >>> form.aspect, form.tier, form.seconds, form.resolution
        ('portrait', 'ultra', 8, '4k')
    """
    found = {}
    modes = ("", "ultra", "ultra_relaxed") if ultra else ("",)
    for aspect, mode, length, larger in product(_ASPECTS, modes, (0, *seconds), _LARGER):
        # The upstream has no names for these.
        if mode and length not in (0, _USUAL):
            continue
        if mode == "ultra_relaxed" and larger:
            continue
        end = "" if mode == "ultra_relaxed" else behind
        parts = (name, aspect, mode, f"{length}s" if length else "", end, larger)
        found["_".join(filter(None, parts))] = FormSettings(
            aspect=aspect,
            resolution=larger,
            seconds=length or None,
            mode="relaxed" if mode == "ultra_relaxed" else "",
            tier="ultra" if mode else "free",
            listed=length != _USUAL and not (aspect == "landscape" and (mode or length or larger)),
        )
    # Without anything it is the model itself.
    del found["_".join(filter(None, (name, behind)))]
    return found


def veo_lite(name: str) -> dict[str, FormSettings]:
    """Return the names of a Lite model, whose length stands before the shape or behind it.

    Args:
        name: The model's.

    Example:
        >>> [one for one in veo_lite("film") if "4s" in one]
        ['film_4s_landscape', 'film_landscape_4s', 'film_4s_portrait', 'film_portrait_4s']
    """
    found = pairs(name)
    for aspect, length in product(_SHAPES, (4, 6, _USUAL)):
        form = FormSettings(aspect=aspect, seconds=length, listed=length != _USUAL)
        found[f"{name}_{length}s_{aspect}"] = form
        other = FormSettings(aspect=aspect, seconds=length, listed=False)
        found[f"{name}_{aspect}_{length}s"] = other
    return found
