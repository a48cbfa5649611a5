"""What a request comes to with a model: whether it can be, what it costs, and how it is made."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, cast

import msgspec

from plugway import BadRequest, ChatModel, ChatRequest, TierTooLow, Usage
from plugway_flow.model_settings import AspectName, ModelSettings, Resolution
from plugway_flow.models import Offer, find, price_key
from plugway_flow.recipe import Act, Recipe, Tier
from plugway_flow.settings import FlowSettings
from plugway_flow.shape import nearest, ratio

#: What accounts have paid for, from nothing upwards.
RANKS: Mapping[Tier, int] = {"free": 0, "pro": 1, "ultra": 2}

_ASPECTS: Mapping[AspectName, str] = {
    "landscape": "LANDSCAPE",
    "portrait": "PORTRAIT",
    "square": "SQUARE",
    "four-three": "LANDSCAPE_FOUR_THREE",
    "three-four": "PORTRAIT_THREE_FOUR",
}

#: Other words for a resolution, of images and of videos. What is as wide as 1080p is nearer to
#: an image as it is than to one that is made larger.
_SPELLINGS: Mapping[tuple[str, bool], str] = {
    ("2160p", True): "4k",
    ("2160p", False): "4k",
    ("1080p", True): "1k",
}


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Is what the name of the model and the request say together."""

    aspect: AspectName
    resolution: Resolution | Literal[""]
    seconds: int | None


def check(request: ChatRequest, model: ChatModel, settings: FlowSettings) -> None:
    """Refuse what the model cannot make, before anything is held.

    Args:
        request: What is asked.
        model: The model.
        settings: The plugin's.

    Raises:
        BadRequest: It cannot be made; the message names the parameter.
        NotFound: The model is not served any more.
    """
    offer = find(settings, model)
    kind = offer.model.type
    if kind != "upscale" and not (request.messages and request.messages[-1].text.strip()):
        raise _wrong(request, "messages", "say what to make")
    _check_images(request, offer)
    if kind in ("extend", "upscale"):
        if request.source is None:
            raise _wrong(request, "source", f"{model.id} needs a video that was made here")
    elif request.source is not None:
        raise _wrong(request, "source", f"{model.id} does not go on from a video")
    _asked(request, offer, settings)
    most = offer.model.most_count if offer.model.makes_image else 1
    if not 1 <= request.count <= most:
        what = f"1 to {most} images" if offer.model.makes_image else "one video"
        raise _wrong(request, "count", f"{model.id} makes {what} at once")


def usage(request: ChatRequest, model: ChatModel, settings: FlowSettings) -> Usage:
    """Return what an answer uses if it succeeds: so many images, or a video of a length.

    Args:
        request: What is asked; `check` lets it pass.
        model: The model.
        settings: The plugin's.

    Raises:
        BadRequest: It cannot be made.
        NotFound: The model is not served any more.
    """
    offer = find(settings, model)
    asked = _asked(request, offer, settings)
    key = price_key(offer.name, offer.model, asked.resolution)
    if offer.model.makes_image:
        count = request.count
        return Usage(key=key, unit="image", quantity=Decimal(count), images=count)
    length = {} if asked.seconds is None else {"seconds": str(asked.seconds)}
    return Usage(key=key, unit="video", dimensions=length, videos=1)


def recipe(request: ChatRequest, model: ChatModel, tier: Tier, settings: FlowSettings) -> Recipe:
    """Return how a request is carried out with an account.

    Args:
        request: What is asked; `check` lets it pass.
        model: The model.
        tier: What the account has paid for.
        settings: The plugin's.

    Raises:
        TierTooLow: The account cannot do that; another may.
        BadRequest: It cannot be made.
        NotFound: The model is not served any more.
    """
    offer = find(settings, model)
    asked = _asked(request, offer, settings)
    least = _needed(offer, asked)
    if RANKS[tier] < RANKS[least]:
        raise TierTooLow(
            f"{model.id} takes an account of the tier {least}, and this one is {tier}",
            acted=False,
        )
    images = sum(1 for _ in request.media())
    alone = offer.model.type == "upscale"
    plain = "" if alone or not asked.resolution else price_key(offer.name, offer.model, "")
    return Recipe(
        act=_act(offer.model, images),
        key=_key(offer, asked, images, tier),
        aspect=_ASPECTS[asked.aspect],
        upscale=asked.resolution,
        plain_price=plain,
        count=request.count,
    )


def _check_images(request: ChatRequest, offer: Offer) -> None:
    least, most = offer.model.images
    images = 0
    for media in request.media():
        # Of what only has a URL the type may be unknown as yet.
        if media.mime_type and media.kind != "image":
            raise _wrong(request, "media", f"{offer.chat.id} takes no {media.mime_type} there")
        images += 1
    if not least <= images <= most:
        if not most:
            takes = "no images"
        elif least == most:
            takes = "exactly one image" if most == 1 else f"exactly {most} images"
        else:
            takes = f"{least} to {most} images"
        raise _wrong(request, "media", f"{offer.chat.id} takes {takes}, not {images}")


def _asked(request: ChatRequest, offer: Offer, settings: FlowSettings) -> _Asked:
    return _Asked(
        aspect=_aspect(request, offer, settings),
        resolution=_resolution(request, offer),
        seconds=_seconds(request, offer),
    )


def _aspect(request: ChatRequest, offer: Offer, settings: FlowSettings) -> AspectName:
    aspects, fixed = offer.model.aspects, offer.form.aspect
    usual = settings.default_aspect if settings.default_aspect in aspects else aspects[0]
    if request.aspect is None or "aspect" not in offer.chat.honours:
        return fixed or usual
    found = nearest(request.aspect, aspects, about=request.spelt("aspect") == "size")
    if found is None:
        there = ", ".join(map(ratio, aspects))
        raise _wrong(
            request, "aspect", f"{request.aspect[:32]!r} is none of {there} of {offer.chat.id}"
        )
    if fixed and found != fixed:
        raise _wrong(request, "aspect", f"{offer.chat.id} is {ratio(fixed)}; {_instead(offer)}")
    return found


def _resolution(request: ChatRequest, offer: Offer) -> Resolution | Literal[""]:
    model, fixed = offer.model, offer.form.resolution
    there: dict[str, Resolution | Literal[""]] = {one: one for one in model.resolutions}
    if model.type != "upscale":
        there = {"1k" if model.makes_image else "720p": "", **there}
    if request.resolution is None:
        return fixed or next(iter(there.values()))
    said = request.resolution.strip().lower()
    found = there.get(_SPELLINGS.get((said, model.makes_image), said))
    if found is None:
        raise _wrong(
            request,
            "resolution",
            f"{request.resolution[:32]!r} is none of {', '.join(there)} of {offer.chat.id}",
        )
    if fixed and found != fixed:
        raise _wrong(request, "resolution", f"{offer.chat.id} is {fixed}; {_instead(offer)}")
    return found


def _seconds(request: ChatRequest, offer: Offer) -> int | None:
    lengths, fixed = offer.model.seconds, offer.form.seconds
    usual = fixed or next(iter(lengths), None)
    if request.seconds is None or "seconds" not in offer.chat.honours:
        return usual
    if request.seconds not in lengths:
        there = ", ".join(map(str, sorted(lengths)))
        said = f"takes {there} seconds" if lengths else "has a length of its own"
        raise _wrong(request, "seconds", f"{offer.chat.id} {said}, not {request.seconds}")
    # One that is made in relaxed mode, say, has its usual length and no other.
    other = usual if fixed or offer.form.mode else request.seconds
    if request.seconds != other:
        raise _wrong(request, "seconds", f"{offer.chat.id} has {other}; {_instead(offer)}")
    return request.seconds


def _needed(offer: Offer, asked: _Asked) -> Tier:
    tiers = offer.model.tiers
    words = (asked.resolution, f"{asked.seconds}s")
    said = [offer.model.tier, offer.form.tier, *(tiers[one] for one in words if one in tiers)]
    return max(said, key=RANKS.__getitem__)


def _act(model: ModelSettings, images: int) -> Act:
    if model.type == "omni":
        return "r2v" if images else "t2v"
    return cast("Act", model.type)


def _key(offer: Offer, asked: _Asked, images: int, tier: Tier) -> str:
    """Return the upstream's name of the model: of those whose words are all so, the first."""
    so = [
        # What an account has paid for includes what costs less.
        *(one for one, rank in RANKS.items() if rank <= RANKS[tier]),
        asked.aspect,
        asked.resolution,
        "images" if images else "",
        "one" if images == 1 else "",
        f"{asked.seconds}s",
        offer.form.mode,
    ]
    # A word counts for more than all before it together.
    weights = {word: 1 << place for place, word in enumerate(so) if word}
    found, best = offer.model.key or offer.name, 0
    for text, key in offer.model.keys.items():
        words = text.split()
        rank = sum(weights[word] for word in words if word in weights)
        if rank > best and all(word in weights for word in words):
            found, best = key, rank
    return found


def _instead(offer: Offer) -> str:
    return f"{offer.name} takes what is asked for"


def _wrong(request: ChatRequest, name: str, said: str) -> BadRequest:
    field = request.spelt(name)
    return BadRequest(f"{field}: {said}", field=field)
