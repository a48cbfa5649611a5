"""What a request comes to at the upstream."""

from __future__ import annotations

from typing import Literal

import msgspec

Tier = Literal["free", "pro", "ultra"]

#: What is done at the upstream.
Act = Literal["image", "t2v", "i2v", "r2v", "extend", "upscale"]


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """Says how one request is carried out with one account.

    Attributes:
        act: What is done; `upscale` alone: of a video that is there already.
        key: The upstream's name of the model, right for the account's tier and for the number
            of images.
        aspect: `LANDSCAPE`, `PORTRAIT`, `SQUARE`, `LANDSCAPE_FOUR_THREE` or
            `PORTRAIT_THREE_FOUR`; the enum's prefix depends on what is asked.
        upscale: Made larger after: empty, `2k`, `4k` or `1080p`.
        plain_price: Key of the price where it could not be made larger.
        count: Images at once.
    """

    act: Act
    key: str
    aspect: str
    upscale: Literal["", "2k", "4k", "1080p"] = ""
    plain_price: str = ""
    count: int = 1
