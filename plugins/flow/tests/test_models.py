"""Which models there are (reference: "Front models"), and what operators can say of them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from flow_asking import chat_model, made

from plugway import ConfigurationError
from plugway_flow.model_settings import ModelSettings, check
from plugway_flow.model_table import table
from plugway_flow.models import families, listing
from plugway_flow.recipe import Tier
from plugway_flow.settings import FlowSettings

DEFAULT = FlowSettings()

#: The twenty names of the earlier system, with the upstream's for an account that has paid for
#: Pro and, of videos from frames, two frames.
SEED = {
    "gemini-2.5-flash-image-landscape": "GEM_PIX",
    "gemini-2.5-flash-image-portrait": "GEM_PIX",
    "gemini-3.0-pro-image-landscape": "GEM_PIX_2",
    "gemini-3.0-pro-image-portrait": "GEM_PIX_2",
    "imagen-4.0-generate-preview-landscape": "IMAGEN_3_5",
    "imagen-4.0-generate-preview-portrait": "IMAGEN_3_5",
    "veo_3_1_t2v_fast_portrait": "veo_3_1_t2v_fast_portrait",
    "veo_3_1_t2v_fast_landscape": "veo_3_1_t2v_fast",
    "veo_2_1_fast_d_15_t2v_portrait": "veo_2_1_fast_d_15_t2v",
    "veo_2_1_fast_d_15_t2v_landscape": "veo_2_1_fast_d_15_t2v",
    "veo_2_0_t2v_portrait": "veo_2_0_t2v",
    "veo_2_0_t2v_landscape": "veo_2_0_t2v",
    # The earlier system's portrait videos were asked for with the landscape model.
    "veo_3_1_i2v_s_fast_fl_portrait": "veo_3_1_i2v_s_fast_portrait_fl",
    "veo_3_1_i2v_s_fast_fl_landscape": "veo_3_1_i2v_s_fast_fl",
    "veo_2_1_fast_d_15_i2v_portrait": "veo_2_1_fast_d_15_i2v",
    "veo_2_1_fast_d_15_i2v_landscape": "veo_2_1_fast_d_15_i2v",
    "veo_2_0_i2v_portrait": "veo_2_0_i2v",
    "veo_2_0_i2v_landscape": "veo_2_0_i2v",
    "veo_3_0_r2v_fast_portrait": "veo_3_0_r2v_fast",
    "veo_3_0_r2v_fast_landscape": "veo_3_0_r2v_fast",
}

#: Names of 2026: tier, images, the upstream's name, and what it is made larger to.
LATER: list[tuple[str, Tier, int, str, str]] = [
    ("gemini-3.0-pro-image-four-three-2k", "pro", 0, "GEM_PIX_2", "2k"),
    ("gemini-3.1-flash-image-three-four-4k", "ultra", 0, "NARWHAL", "4k"),
    ("veo_3_1_t2v_fast_ultra", "ultra", 0, "veo_3_1_t2v_fast_ultra", ""),
    ("veo_3_1_t2v_fast_portrait_ultra", "ultra", 0, "veo_3_1_t2v_fast_portrait_ultra", ""),
    ("veo_3_1_t2v_fast_ultra_relaxed", "ultra", 0, "veo_3_1_t2v_fast_ultra_relaxed", ""),
    (
        "veo_3_1_t2v_fast_portrait_ultra_relaxed",
        "ultra",
        0,
        "veo_3_1_t2v_fast_portrait_ultra_relaxed",
        "",
    ),
    ("veo_3_1_t2v_landscape", "free", 0, "veo_3_1_t2v", ""),
    ("veo_3_1_t2v_portrait", "free", 0, "veo_3_1_t2v_portrait", ""),
    ("veo_3_1_t2v_lite_landscape", "free", 0, "veo_3_1_t2v_lite", ""),
    ("veo_3_1_t2v_lite_portrait", "ultra", 0, "veo_3_1_t2v_lite", ""),
    ("veo_3_1_t2v_fast_4s", "free", 0, "veo_3_1_t2v_fast_4s", ""),
    ("veo_3_1_t2v_fast_portrait_6s", "ultra", 0, "veo_3_1_t2v_fast_6s", ""),
    ("veo_3_1_t2v_fast_portrait_8s", "free", 0, "veo_3_1_t2v_fast_portrait", ""),
    ("veo_3_1_t2v_lite_4s_landscape", "free", 0, "veo_3_1_t2v_lite_4s", ""),
    ("veo_3_1_t2v_lite_portrait_6s", "free", 0, "veo_3_1_t2v_lite_6s", ""),
    ("veo_3_1_t2v_4s", "free", 0, "veo_3_1_t2v_quality_4s", ""),
    ("veo_3_1_t2v_landscape_8s_4k", "ultra", 0, "veo_3_1_t2v", "4k"),
    ("veo_3_1_i2v_s_fast_portrait_fl", "free", 2, "veo_3_1_i2v_s_fast_portrait_fl", ""),
    ("veo_3_1_i2v_s_fast_portrait_fl", "free", 1, "veo_3_1_i2v_s_fast_portrait", ""),
    ("veo_3_1_i2v_s_fast_ultra_fl", "ultra", 2, "veo_3_1_i2v_s_fast_ultra_fl", ""),
    ("veo_3_1_i2v_s_fast_ultra_fl_4k", "ultra", 1, "veo_3_1_i2v_s_fast_ultra", "4k"),
    ("veo_3_1_i2v_s_fast_ultra_relaxed", "ultra", 1, "veo_3_1_i2v_s_fast_ultra_relaxed", ""),
    ("veo_3_1_i2v_s_fast_portrait_4s_fl", "free", 1, "veo_3_1_i2v_s_fast_4s", ""),
    ("veo_3_1_i2v_s_landscape", "free", 2, "veo_3_1_i2v_s_fl", ""),
    ("veo_3_1_i2v_s_portrait", "free", 1, "veo_3_1_i2v_s_portrait", ""),
    ("veo_3_1_i2v_s_6s_1080p", "pro", 2, "veo_3_1_i2v_s_quality_6s_fl", "1080p"),
    ("veo_3_1_i2v_lite_portrait", "free", 1, "veo_3_1_i2v_lite", ""),
    ("veo_3_1_interpolation_lite_landscape", "free", 2, "veo_3_1_interpolation_lite", ""),
    ("veo_3_1_r2v_fast", "free", 3, "veo_3_1_r2v_fast_landscape", ""),
    ("veo_3_1_r2v_fast_portrait", "free", 0, "veo_3_1_r2v_fast_portrait", ""),
    ("veo_3_1_r2v_fast_ultra", "ultra", 1, "veo_3_1_r2v_fast_landscape_ultra", ""),
    ("veo_3_1_r2v_fast_ultra_1080p", "ultra", 1, "veo_3_1_r2v_fast_landscape_ultra", "1080p"),
    (
        "veo_3_1_r2v_fast_portrait_ultra_relaxed",
        "ultra",
        1,
        "veo_3_1_r2v_fast_portrait_ultra_relaxed",
        "",
    ),
    ("veo_3_1_extend", "free", 0, "veo_3_1_extend_landscape", ""),
    ("veo_3_1_extend_portrait", "ultra", 0, "veo_3_1_extend_portrait", ""),
    ("veo_3_1_upsampler_4k", "ultra", 0, "veo_3_1_upsampler_4k", "4k"),
    ("omni", "free", 0, "abra_t2v_8s", ""),
    ("omni_portrait", "ultra", 3, "abra_r2v_8s", ""),
]


def test_the_twenty_names_of_the_earlier_system_ask_for_what_they_did() -> None:
    assert len(SEED) == 20
    for name, key in SEED.items():
        images = 2 if "i2v" in name else 0
        found = made(name, DEFAULT, tier="pro", images=images)
        assert found.key == key, name
        assert found.aspect == ("PORTRAIT" if name.endswith("portrait") else "LANDSCAPE")
        assert chat_model(name, DEFAULT).listed, name


def test_the_families_are_those_of_the_reference() -> None:
    older = {
        name.rsplit("-" if "image" in name or "imagen" in name else "_", 1)[0] for name in SEED
    }
    later = {
        "gemini-3.1-flash-image",
        "veo_3_1_t2v",
        "veo_3_1_t2v_lite",
        "veo_3_1_i2v_s",
        "veo_3_1_i2v_lite",
        "veo_3_1_interpolation_lite",
        "veo_3_1_r2v_fast",
        "veo_3_1_extend",
        "veo_3_1_upsampler",
        "omni",
    }
    assert len(older) == 10
    assert set(families()) == older | later
    assert {model.listed_as for model in listing(DEFAULT)} == set(families())
    # A family can be asked for by its own name.
    assert set(families()) <= {model.id for model in listing(DEFAULT) if model.listed}


def test_the_names_of_2026_ask_for_what_the_table_says() -> None:
    for name, tier, images, key, upscale in LATER:
        found = made(name, DEFAULT, tier=tier, images=images)
        assert (found.key, found.upscale) == (key, upscale), name
        assert ("PORTRAIT" in found.aspect) == ("portrait" in name or "three-four" in name), name


def test_images_of_the_larger_models_have_five_shapes_and_three_sizes() -> None:
    for family in ("gemini-3.0-pro-image", "gemini-3.1-flash-image"):
        names = {
            f"{family}-{aspect}{size}"
            for aspect in ("landscape", "portrait", "square", "four-three", "three-four")
            for size in ("", "-2k", "-4k")
        }
        listed = {model.id for model in listing(DEFAULT) if model.base == family}
        assert listed == names | {family}


def test_models_say_what_they_take_give_and_draw_from() -> None:
    image = chat_model("gemini-3.0-pro-image-square", DEFAULT)
    assert image.base == "gemini-3.0-pro-image"
    assert (image.gives, image.takes) == ({"image"}, {"text", "image"})
    assert image.quotas == ("images",)
    assert image.honours == {"aspect", "resolution", "seed"}
    text = chat_model("veo_3_1_t2v_fast_portrait_4k", DEFAULT)
    assert (text.gives, text.takes, text.quotas) == ({"video"}, {"text"}, ("videos",))
    assert text.honours == {"aspect", "resolution", "seconds", "seed"}
    assert text.title == "Veo 3.1 Fast, portrait, 4K"
    assert chat_model("veo_3_1_extend", DEFAULT).takes == {"text", "video"}
    assert all(model.owner == "google" for model in listing(DEFAULT))


def test_other_spellings_are_served_and_not_listed() -> None:
    hidden = {model.id for model in listing(DEFAULT) if not model.listed}
    assert "veo_3_1_t2v_fast_landscape_8s" in hidden
    assert "veo_3_1_r2v_fast_landscape_ultra_4k" in hidden
    assert "veo_3_1_t2v_lite_8s_portrait" in hidden
    names = [model.id for model in listing(DEFAULT)]
    assert len(names) == len(set(names))


def test_the_list_is_made_once_for_a_table_of_settings() -> None:
    assert listing(DEFAULT) is listing(DEFAULT)
    assert listing(DEFAULT) == listing(FlowSettings())


def test_every_built_in_model_could_be_written_in_the_settings() -> None:
    for name, model in table().items():
        check(name, model)
        written = msgspec.json.decode(msgspec.json.encode(model))
        settings = msgspec.convert({"models": {name: written}}, FlowSettings)
        assert settings.models[name] == model


def test_the_operator_adds_replaces_and_switches_off_models() -> None:
    settings = msgspec.convert(
        {
            "models": {
                "veo_4_t2v": {
                    "type": "t2v",
                    "key": "veo_4",
                    "keys": {"portrait": "veo_4_p", "4s": "veo_4_4s", "ultra": "veo_4_u"},
                    "seconds": [8, 4],
                    "tiers": {"4s": "ultra"},
                    "forms": {"veo_4_t2v_tall": {"aspect": "portrait"}},
                },
                "veo_2_0_t2v": {"type": "t2v", "key": "other"},
                "omni": {"enabled": False},
                "veo_3_1_t2v_fast_4k": {"enabled": False},
            }
        },
        FlowSettings,
    )
    assert made("veo_4_t2v_tall", settings, tier="pro").key == "veo_4_p"
    assert made("veo_4_t2v", settings, tier="ultra").key == "veo_4_u"
    assert made("veo_4_t2v", settings, tier="ultra", seconds=4).key == "veo_4_4s"
    assert made("veo_2_0_t2v", settings).key == "other"
    names = {model.id for model in listing(settings)}
    # What replaces a model has its own names only.
    assert not names & {"omni", "omni_portrait", "veo_3_1_t2v_fast_4k", "veo_2_0_t2v_portrait"}
    assert {"veo_4_t2v", "veo_3_1_t2v_fast_1080p"} <= names
    only = FlowSettings(models=settings.models, builtin_models=False)
    assert {model.listed_as for model in listing(only)} == {"veo_4_t2v", "veo_2_0_t2v"}


def test_a_name_of_the_operators_comes_before_a_built_in_one() -> None:
    settings = msgspec.convert(
        {
            "models": {
                "veo_3_1_t2v_fast_portrait": {"type": "t2v", "key": "mine"},
                "mine": {
                    "type": "image",
                    "key": "PIX",
                    "forms": {"omni_portrait": {"aspect": "portrait"}},
                },
            }
        },
        FlowSettings,
    )
    assert made("veo_3_1_t2v_fast_portrait", settings).key == "mine"
    assert chat_model("omni_portrait", settings).base == "mine"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "say its type, one of image, t2v"),
    ({"type": "image", "resolutions": ["1080p"]}, "an image is not made larger to 1080p"),
    ({"type": "t2v", "resolutions": ["2k"]}, "a video is not made larger to 2k"),
    ({"type": "t2v", "most_images": 1}, "takes no images"),
    ({"type": "i2v", "least_images": 0}, "takes an image at least"),
    ({"type": "r2v", "least_images": 4}, "at least 4 images and at most 3"),
    ({"type": "t2v", "aspects": []}, "no aspects"),
    ({"type": "upscale"}, "needs resolutions"),
    ({"type": "t2v", "keys": {"square": "x"}}, "nothing of it is square"),
    ({"type": "t2v", "keys": {"portrait pro": "x", "pro portrait": "y"}}, "the same words"),
    ({"type": "t2v", "seconds": [8, 4]}, "no key is for 4s"),
    ({"type": "t2v", "tiers": {"8k": "pro"}}, "tiers: nothing of it is 8k"),
    ({"type": "t2v", "forms": {"y": {"aspect": "square"}}}, "y is square"),
    ({"type": "t2v", "forms": {"y": {"resolution": "4k"}}}, "none of its resolutions"),
    ({"type": "t2v", "forms": {"y": {"seconds": 4}}}, "none of its lengths"),
    ({"type": "t2v", "forms": {"y": {"mode": "relaxed"}}}, "no key is for relaxed"),
    ({"type": "t2v", "forms": {"a b": {}}}, "'a b': no spaces"),
]


@pytest.mark.parametrize(("described", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_model_that_could_not_be_served_is_refused(described: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        msgspec.convert({"models": {"mine": described}}, FlowSettings)
    assert said in str(raised.value)
    assert raised.value.field == "models"


def test_what_is_switched_off_may_be_described_badly() -> None:
    settings = FlowSettings(models={"omni": ModelSettings(enabled=False, aspects=())})
    assert "omni" not in {model.id for model in listing(settings)}
