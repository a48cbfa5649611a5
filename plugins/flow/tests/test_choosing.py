"""What a request comes to: what is refused before anything is held, the key, and the usage."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from flow_asking import VIDEO, asking, chat_model, made

from plugway import BadRequest, ChatModel, Media, Message, NotFound, Text, TierTooLow
from plugway_flow.choosing import check, recipe, usage
from plugway_flow.models import listing
from plugway_flow.recipe import Recipe, Tier
from plugway_flow.settings import FlowSettings

DEFAULT = FlowSettings()
IMAGE = "gemini-3.0-pro-image"


def checked(name: str, **more: Any) -> None:
    check(asking(name, **more), chat_model(name, DEFAULT), DEFAULT)


def refusal(name: str, **more: Any) -> BadRequest:
    with pytest.raises(BadRequest) as raised:
        checked(name, **more)
    return raised.value


def test_a_short_name_takes_all_from_the_request() -> None:
    found = made(IMAGE, DEFAULT, aspect="3:4", resolution="4K", count=3)
    assert found == Recipe(
        act="image",
        key="GEM_PIX_2",
        aspect="PORTRAIT_THREE_FOUR",
        upscale="4k",
        plain_price=IMAGE,
        count=3,
    )
    video = made("veo_3_1_t2v_fast", DEFAULT, tier="pro", aspect="9:16", resolution="1080p")
    assert video == Recipe(
        act="t2v",
        key="veo_3_1_t2v_fast_portrait",
        aspect="PORTRAIT",
        upscale="1080p",
        plain_price="veo_3_1_t2v_fast",
    )
    assert made("veo_3_1_t2v_fast", DEFAULT, seconds=4).key == "veo_3_1_t2v_fast_4s"
    # The usual length is in no key.
    assert made("veo_3_1_t2v_fast", DEFAULT, seconds=8).key == "veo_3_1_t2v_fast_ultra"
    assert made("omni", DEFAULT, images=1).act == "r2v"
    assert made("omni", DEFAULT).act == "t2v"


@pytest.mark.parametrize(
    ("aspect", "found"),
    [
        ("16:9", "LANDSCAPE"),
        ("9:16", "PORTRAIT"),
        ("1:1", "SQUARE"),
        ("4:3", "LANDSCAPE_FOUR_THREE"),
        ("three_four", "PORTRAIT_THREE_FOUR"),
        # 1024x1792, 1536x1024 and 1000x1024, as the core reduces them.
        ("4:7", "PORTRAIT"),
        ("3:2", "LANDSCAPE_FOUR_THREE"),
        ("125:128", "SQUARE"),
        ("21:9", "LANDSCAPE"),
    ],
)
def test_shapes_are_the_nearest_ones(aspect: str, found: str) -> None:
    assert made(IMAGE, DEFAULT, aspect=aspect).aspect == found


def test_shapes_that_a_model_has_not_are_refused() -> None:
    refused = refusal("veo_3_1_t2v_fast", aspect="4:3", given={"aspect": "aspect_ratio"})
    assert refused.field == "aspect_ratio"
    assert refused.message == ("aspect_ratio: '4:3' is none of 16:9, 9:16 of veo_3_1_t2v_fast")
    assert "'1:1'" in refusal("omni", aspect="1:1", given={"aspect": "size"}).message
    assert "'wide'" in refusal("omni", aspect="wide").message
    # No one means a size in pixels to the last of them.
    sized = made("omni", DEFAULT, aspect="4:3", given={"aspect": "size"})
    assert sized.aspect == "LANDSCAPE"
    assert made("omni", DEFAULT, aspect="3:2").aspect == "LANDSCAPE"
    assert made("omni", DEFAULT, aspect="999:1000").aspect == "PORTRAIT"


def test_a_name_that_says_something_refuses_what_contradicts_it() -> None:
    refused = refusal("veo_3_1_t2v_fast_portrait", aspect="16:9", given={"aspect": "size"})
    assert refused.field == "size"
    assert refused.message == (
        "size: veo_3_1_t2v_fast_portrait is 9:16; veo_3_1_t2v_fast takes what is asked for"
    )
    assert refusal(f"{IMAGE}-square-2k", resolution="4k").field == "resolution"
    assert refusal(f"{IMAGE}-square-2k", resolution="1k").field == "resolution"
    assert refusal("veo_3_1_t2v_fast_4s", seconds=8).field == "seconds"
    assert refusal("veo_3_1_t2v_fast_ultra_relaxed", seconds=4).field == "seconds"
    checked("veo_3_1_t2v_fast_portrait_4s_1080p", aspect="4:7", resolution="1080p", seconds=4)
    # What it does not say may be said.
    assert made(f"{IMAGE}-square", DEFAULT, resolution="2k").upscale == "2k"
    assert made("veo_3_1_t2v_fast_ultra", DEFAULT, aspect="9:16").aspect == "PORTRAIT"


def test_resolutions_that_there_are_not_are_refused() -> None:
    assert refusal(IMAGE, resolution="8k").message == (
        f"resolution: '8k' is none of 1k, 2k, 4k of {IMAGE}"
    )
    assert refusal("gemini-2.5-flash-image", resolution="2k").field == "resolution"
    assert refusal("veo_2_0_t2v", resolution="1080p").field == "resolution"
    assert made("veo_2_0_t2v", DEFAULT, resolution="720p").upscale == ""
    assert made(IMAGE, DEFAULT, resolution="1K").upscale == ""
    assert made(IMAGE, DEFAULT, resolution="1080p").upscale == ""
    assert made("veo_3_1_t2v", DEFAULT, resolution="2160p").upscale == "4k"


def test_lengths_that_there_are_not_are_refused() -> None:
    assert refusal("veo_3_1_t2v", seconds=5, given={"seconds": "duration"}).message == (
        "duration: veo_3_1_t2v takes 4, 6, 8 seconds, not 5"
    )
    assert "length of its own" in refusal("veo_2_0_t2v", seconds=8).message
    checked("omni", seconds=10)
    # An image has no length: what does not concern it is left to the core to tell.
    checked(IMAGE, seconds=8)


def test_the_number_of_images_is_checked() -> None:
    for name, least, most in (
        ("veo_3_1_t2v_fast", 0, 0),
        ("veo_3_1_i2v_s_fast_fl", 1, 2),
        ("veo_3_1_i2v_lite", 1, 1),
        ("veo_3_1_interpolation_lite", 2, 2),
        ("veo_3_1_r2v_fast", 0, 3),
        ("veo_2_0_i2v_portrait", 1, 2),
        ("omni", 0, 3),
        (IMAGE, 0, 10),
    ):
        checked(name, images=least)
        checked(name, images=most)
        refused = refusal(name, images=most + 1)
        assert refused.field == "messages"
        assert refused.message.endswith(f"not {most + 1}")
        if least:
            assert refusal(name, images=least - 1).message.endswith(f"not {least - 1}")
    assert "takes exactly one image" in refusal("veo_3_1_i2v_lite").message
    assert "takes 1 to 2 images" in refusal("veo_3_1_i2v_s_portrait", images=3).message


def test_files_that_are_no_images_are_refused() -> None:
    parts = (Text("a cat"), Media(mime_type="video/mp4", data=b"x"))
    request = asking("omni", given={"messages": "contents"})
    request = type(request)(
        model="omni", messages=(Message("user", parts),), given={"messages": "contents"}
    )
    with pytest.raises(BadRequest, match=r"^contents: omni takes no video/mp4") as raised:
        check(request, chat_model("omni", DEFAULT), DEFAULT)
    assert raised.value.field == "contents"


def test_what_goes_on_from_a_video_needs_one_and_nothing_else_takes_one() -> None:
    for name in ("veo_3_1_extend", "veo_3_1_extend_portrait", "veo_3_1_upsampler_1080p"):
        assert refusal(name).field == "source"
        checked(name, source=VIDEO)
    checked("veo_3_1_upsampler", source=VIDEO, prompt="")
    assert refusal("veo_3_1_t2v_fast", source=VIDEO).field == "source"
    assert refusal(IMAGE, source=VIDEO).field == "source"


def test_a_prompt_and_a_count_are_needed() -> None:
    assert refusal(IMAGE, prompt=" \n").message == "messages: say what to make"
    checked(IMAGE, count=4)
    assert refusal(IMAGE, count=5, given={"count": "n"}).message == (
        f"n: {IMAGE} makes 1 to 4 images at once"
    )
    assert refusal("omni", count=2, given={"count": "n"}).field == "n"


@pytest.mark.parametrize(
    ("name", "more", "least"),
    [
        ("veo_3_1_t2v_fast", {}, "free"),
        ("veo_3_1_t2v_fast", {"resolution": "1080p"}, "pro"),
        ("veo_3_1_t2v_fast_portrait_4k", {}, "ultra"),
        (f"{IMAGE}-square-2k", {}, "pro"),
        (IMAGE, {"resolution": "4k"}, "ultra"),
        ("veo_3_1_i2v_s_fast_ultra_fl", {"images": 1}, "ultra"),
        ("veo_3_1_r2v_fast_ultra_relaxed", {}, "ultra"),
        ("veo_3_1_r2v_fast_ultra_1080p", {}, "ultra"),
        ("veo_3_1_upsampler", {"source": VIDEO}, "pro"),
    ],
)
def test_accounts_must_have_paid_for_it(name: str, more: dict[str, Any], least: Tier) -> None:
    model = chat_model(name, DEFAULT)
    request = asking(name, **more)
    tiers: tuple[Tier, ...] = ("free", "pro", "ultra")
    for tier in tiers[: tiers.index(least)]:
        with pytest.raises(TierTooLow, match=f"tier {least}, and this one is {tier}") as raised:
            recipe(request, model, tier, DEFAULT)
        assert not raised.value.acted
    for tier in tiers[tiers.index(least) :]:
        recipe(request, model, tier, DEFAULT)


def test_ultra_accounts_get_their_own_keys_and_others_never_do() -> None:
    keys: dict[Tier, str] = {
        "free": "veo_3_1_t2v_fast",
        "pro": "veo_3_1_t2v_fast",
        "ultra": "veo_3_1_t2v_fast_ultra",
    }
    for tier, key in keys.items():
        assert made("veo_3_1_t2v_fast_landscape", DEFAULT, tier=tier).key == key
    # There are none of these for Ultra, nor with another length.
    assert made("veo_3_1_t2v", DEFAULT).key == "veo_3_1_t2v"
    assert made("veo_3_1_t2v_lite", DEFAULT).key == "veo_3_1_t2v_lite"
    assert made("veo_3_1_t2v_fast", DEFAULT, seconds=6).key == "veo_3_1_t2v_fast_6s"
    for model in listing(DEFAULT):
        images = {"i2v": 1, "interpolation": 2}
        count = next((n for word, n in images.items() if word in model.id), 0)
        try:
            assert "ultra" not in made(model.id, DEFAULT, tier="pro", images=count).key
        except TierTooLow:
            assert "ultra" in model.id or "4k" in model.id


def test_the_operator_says_which_shape_is_usual() -> None:
    settings = FlowSettings(default_aspect="square")
    assert made(IMAGE, settings).aspect == "SQUARE"
    assert made("omni", settings).aspect == "LANDSCAPE"
    assert made(f"{IMAGE}-portrait", settings).aspect == "PORTRAIT"


def test_usage_tells_images_videos_and_lengths() -> None:
    model = chat_model(IMAGE, DEFAULT)
    images = usage(asking(IMAGE, resolution="2k", count=3), model, DEFAULT)
    assert (images.key, images.unit) == (f"{IMAGE}-2k", "image")
    assert (images.quantity, images.images, images.videos) == (Decimal(3), 3, 0)
    name = "veo_3_1_t2v_fast_portrait_4s"
    video = usage(asking(name, resolution="1080p"), chat_model(name, DEFAULT), DEFAULT)
    assert (video.key, video.unit, video.videos) == ("veo_3_1_t2v_fast_1080p", "video", 1)
    assert video.dimensions == {"seconds": "4"}
    older = usage(asking("veo_2_0_t2v"), chat_model("veo_2_0_t2v", DEFAULT), DEFAULT)
    assert older.dimensions == {}


def test_a_model_that_has_gone_meanwhile_is_not_found() -> None:
    gone = ChatModel(id="gone")
    for work in (check, usage):
        with pytest.raises(NotFound, match="'gone' does not exist"):
            work(asking("gone"), gone, DEFAULT)
