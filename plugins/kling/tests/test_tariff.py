"""The default prices, against the requirement's table and the upstream's documented units."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from plugway import NoPrice, TariffRow
from plugway.ledger.tariff import Tariff
from plugway_kling.price_keys import old_name
from plugway_kling.requests import check, kinds
from plugway_kling.tariff import models, rows

URL = "https://example.com/1.png"
PROMPT = {"prompt": "a"}

#: The requirement's table: currency units for std 5, std 10, pro 5 and pro 10.
VIDEOS = {
    "kling-video_kling-v1": (5, 10, 15, 30),
    "kling-video_kling-v1-5": (5, 10, 15, 30),
    "kling-video_kling-v1-6": (10, 20, 30, 60),
    "kling-video_kling-v2-master": (15, 30, 45, 90),
    "kling-video_kling-v2-1-master": (15, 30, 45, 90),
    "kling-multi-image2video_kling-v1-6": (30, 60, 90, 180),
    "kling-multi-elements_kling-v1-6": (50, 100, 150, 300),
}
OTHERS = {
    "kling-image_kling-v1_std": 5,
    "kling-image_kling-v1_pro": 15,
    "kling-image_kling-v1-5_std": 5,
    "kling-image_kling-v1-5_pro": 15,
    "kling-image_kling-v1-6_std": 10,
    "kling-image_kling-v1-6_pro": 30,
    "kling-image_kling-v2-master_std": 15,
    "kling-image_kling-v2-master_pro": 45,
    "kling-image_kling-v2-1-master_std": 15,
    "kling-image_kling-v2-1-master_pro": 45,
    "kling-multi-image2image_kling-v2": 30,
    "kling-init-selection": 5,
    "kling-add-selection": 2,
}


def listed() -> dict[str, int]:
    named = {
        f"{key}_{mode}": price
        for key, prices in VIDEOS.items()
        for mode, price in zip(("std_5", "std_10", "pro_5", "pro_10"), prices, strict=True)
    }
    return {**named, **OTHERS}


def credits_for(kind: str, fields: dict[str, Any], model: str | None = None) -> int:
    checked = check(kind, json.dumps(fields).encode(), model=model)
    return Tariff({"kling": list(rows())}).quote("kling", checked.usages).credits


def units(kind: str, fields: dict[str, Any], model: str | None = None) -> float:
    return credits_for(kind, fields, model) / 500_000


def test_the_41_rows_are_the_requirement_s() -> None:
    assert len(listed()) == 41
    shipped = {old_name(row): row.price for row in rows()}
    for name, price in listed().items():
        assert shipped[name] == str(price), name


def requests() -> Iterator[tuple[str, dict[str, Any], int]]:
    """Yield a request for each of the 41 prices."""
    inputs: dict[str, tuple[str, dict[str, Any]]] = {
        "kling-video": ("image2video", {"image": URL}),
        "kling-multi-image2video": (
            "multi-image2video",
            {**PROMPT, "image_list": [{"image": URL}]},
        ),
        "kling-multi-elements": (
            "multi-elements",
            {**PROMPT, "session_id": "s", "edit_mode": "removal"},
        ),
        "kling-image": ("generations", PROMPT),
    }
    for key, prices in VIDEOS.items():
        prefix, _, model = key.partition("_")
        kind, fields = inputs[prefix]
        settings = (("std", "5"), ("std", "10"), ("pro", "5"), ("pro", "10"))
        for (mode, duration), price in zip(settings, prices, strict=True):
            asked = {"model_name": model, "mode": mode, "duration": duration}
            yield kind, {**fields, **asked}, price
    for name, price in OTHERS.items():
        prefix, _, rest = name.partition("_")
        if prefix == "kling-image":
            model, _, mode = rest.rpartition("_")
            yield "generations", {**PROMPT, "model_name": model, "mode": mode}, price
    subject = {"subject_image_list": [{"subject_image": URL}]}
    yield "multi-image2image", {**subject, "model_name": "kling-v2"}, 30
    yield "init-selection", {"video_id": "v"}, 5
    point = {"session_id": "s", "frame_index": 1, "points": [{"x": 0, "y": 0}]}
    yield "add-selection", point, 2


def test_a_request_for_each_of_the_41_costs_what_the_table_says() -> None:
    found = list(requests())
    assert len(found) == 41
    for kind, fields, price in found:
        assert credits_for(kind, fields) == price * 500_000, (kind, fields)


def test_both_older_spellings_cost_the_same() -> None:
    for model in ("kling-v1-5", "kling-v1.5"):
        assert units("image2video", {"image": URL, "model_name": model, "mode": "pro"}) == 15
    for model in ("kling-v1-5", "v1.5"):
        assert units("generations", {**PROMPT, "model_name": model}) == 5


SOUND = {"sound": "on"}
VOICE = {**SOUND, "voice_list": [{"voice_id": "1"}]}
REFERENCE = {"video_list": [{"video_url": URL, "refer_type": "feature"}]}
V3 = {**PROMPT, "model_name": "kling-v3"}
V26 = {**PROMPT, "model_name": "kling-v2-6"}
TURBO = {**PROMPT, "model_name": "kling-v2-5-turbo"}
OMNI = {**PROMPT, "aspect_ratio": "1:1", "model_name": "kling-v3-omni"}
MOTION = {"image_url": URL, "video_url": URL, "mode": "std"}


@pytest.mark.parametrize(
    ("kind", "fields", "kling_units"),
    [
        # The upstream's documented units a second.
        ("text2video", V3, 0.6 * 5),
        ("text2video", {**V3, "duration": "15", "mode": "pro"}, 0.8 * 15),
        ("text2video", {**V3, **SOUND}, 0.9 * 5),
        ("text2video", {**V3, **SOUND, "mode": "pro"}, 1.2 * 5),
        ("text2video", {**V3, "mode": "4k", "duration": 3}, 3.0 * 3),
        ("text2video", TURBO, 0.3 * 5),
        ("text2video", {**TURBO, "mode": "pro", "duration": 10}, 0.5 * 10),
        ("text2video", V26, 0.3 * 5),
        ("text2video", {**V26, "mode": "pro"}, 0.5 * 5),
        ("text2video", {**V26, "mode": "pro", **SOUND}, 1.0 * 5),
        ("text2video", {**V26, "mode": "pro", **VOICE}, 1.2 * 5),
        ("image2video", {"image": URL, "model_name": "kling-v2-1", "mode": "pro"}, 0.7 * 5),
        ("omni-video", {**PROMPT, "aspect_ratio": "1:1"}, 0.8 * 5),
        ("omni-video", {**PROMPT, **REFERENCE, "mode": "std"}, 0.9 * 5),
        ("omni-video", OMNI, 0.8 * 5),
        ("omni-video", {**OMNI, **SOUND, "mode": "std"}, 0.8 * 5),
        ("omni-video", {**OMNI, **REFERENCE}, 1.2 * 5),
        ("omni-video", {**OMNI, "mode": "4k", **SOUND}, 3.0 * 5),
        # As long as the input, which is not known: as long as it can be.
        ("omni-video", {**PROMPT, "video_list": [{"video_url": URL}]}, 1.2 * 10),
        ("omni-video", {**OMNI, "video_list": [{"video_url": URL}], "duration": "3"}, 1.2 * 15),
        ("motion-control", {**MOTION, "character_orientation": "image"}, 0.5 * 10),
        ("motion-control", {**MOTION, "character_orientation": "video"}, 0.5 * 30),
        (
            "motion-control",
            {
                **MOTION,
                "character_orientation": "image",
                "element_list": [{"element_id": 1}],
                "model_name": "kling-v3",
            },
            0.9 * 30,
        ),
        ("avatar/image2video", {"image": URL, "audio_id": "1", "mode": "pro"}, 0.8 * 300),
        ("lip-sync", {"input": {"video_id": "v", "mode": "text2video"}}, 0.1 * 60),
        ("video-extend", {"video_id": "v"}, 3.5),
        ("identify-face", {"video_id": "v"}, 0.05),
        ("tts", {"text": "a", "voice_id": "v"}, 0.05),
        ("text-to-audio", {**PROMPT, "duration": 10}, 0.25),
        ("video-to-audio", {"video_id": "v"}, 0.25),
        ("image-recognize", {"image": URL}, 0.1),
    ],
)
def test_newer_models_cost_five_for_a_unit(
    kind: str, fields: dict[str, Any], kling_units: float
) -> None:
    assert units(kind, fields) == pytest.approx(kling_units * 5)


@pytest.mark.parametrize(
    ("kind", "fields", "image_units"),
    [
        ("generations", {**PROMPT, "n": 9}, 72),
        ("generations", {**PROMPT, "model_name": "kling-v2-1"}, 4),
        ("generations", {**PROMPT, "model_name": "kling-v2-1", "image": URL}, 8),
        ("omni-image", {**PROMPT, "n": 2, "resolution": "2k"}, 16),
        ("omni-image", {**PROMPT, "resolution": "4k", "model_name": "kling-v3-omni"}, 16),
        ("omni-image", {**PROMPT, "n": 9, "result_type": "series"}, 32),
        ("omni-image", {**PROMPT, "result_type": "series", "series_amount": "auto"}, 72),
        ("ai-multi-shot", {"element_frontal_image": URL}, 20),
    ],
)
def test_newer_images_cost_five_for_four_image_units(
    kind: str, fields: dict[str, Any], image_units: int
) -> None:
    assert units(kind, fields) == image_units * 1.25


@pytest.mark.parametrize(
    ("kind", "fields", "model", "kling_units"),
    [
        ("new/text-to-video", PROMPT, "kling-3.0-turbo", 0.8 * 5),
        (
            "new/text-to-video",
            {**PROMPT, "settings": {"resolution": "1080p", "duration": "7", "audio": "native"}},
            "kling-3.0",
            1.2 * 7,
        ),
        (
            "new/omni-video",
            {"contents": [{"type": "base_video", "url": URL}], "settings": {"duration": 3}},
            "kling-3.0-omni",
            0.9 * 15,
        ),
        (
            "new/omni-video",
            {"contents": [{"type": "feature_video", "url": URL}]},
            "kling-o1",
            0.9 * 10,
        ),
    ],
)
def test_the_newer_generation_costs_as_much(
    kind: str, fields: dict[str, Any], model: str, kling_units: float
) -> None:
    assert units(kind, fields, model) == pytest.approx(kling_units * 5)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("text2video", {**PROMPT, "model_name": "kling-v9"}),
        ("text2video", {**PROMPT, "model_name": "Kling-V1"}),
        ("text2video", {**PROMPT, "model_name": "kling-v1 "}),
        ("text2video", {**PROMPT, "model_name": "*"}),
        ("text2video", {**PROMPT, "model_name": "kling-v1", "mode": "4k"}),
        ("text2video", {**PROMPT, "model_name": "kling-v1", "duration": "7"}),
        ("text2video", {**PROMPT, "model_name": "kling-v2-6", "mode": "4k"}),
        ("omni-video", {**OMNI, "model_name": "kling-v3"}),
        ("generations", {**PROMPT, "model_name": "kling-v2-5"}),
        ("kolors-virtual-try-on", {"human_image": URL, "model_name": "v1"}),
    ],
)
def test_what_has_no_price_is_refused(kind: str, fields: dict[str, Any]) -> None:
    with pytest.raises(NoPrice):
        credits_for(kind, fields)


def test_only_what_says_so_is_free() -> None:
    free = {row.key for row in rows() if Decimal(row.price or "") == 0}
    assert free == {
        "kling-query",
        "kling-delete-selection",
        "kling-clear-selection",
        "kling-preview-selection",
        "kling-delete-voices",
        "kling-delete-elements",
    }
    assert all(row.price is not None for row in rows())


def test_fewer_dimensions_are_never_cheaper() -> None:
    by_place: dict[tuple[str, str], list[TariffRow]] = {}
    for row in rows():
        by_place.setdefault((row.key, row.unit), []).append(row)
    for alike in by_place.values():
        for wide in alike:
            narrower = (row for row in alike if wide.dimensions.items() < row.dimensions.items())
            for row in narrower:
                assert Decimal(row.price or "") <= Decimal(wide.price or ""), (wide, row)


def test_no_two_rows_are_one_and_every_key_fits() -> None:
    places = [(row.key, row.unit, frozenset(row.dimensions.items())) for row in rows()]
    assert len(places) == len(set(places))
    assert all(len(row.key) <= 128 for row in rows())


def test_every_default_model_has_a_name_for_channels() -> None:
    assert {"kling-v1", "kling-v3", "kling-video-o1", "kling-3.0-turbo", "kling-effects"} <= set(
        models()
    )
    assert not {"kling-query", "kling-unit"} & set(models())
    assert len(kinds()) == 37


def test_the_printed_list_has_every_row() -> None:
    printed = (Path(__file__).parent.parent / "PRICES.md").read_text()
    for row in rows():
        facts = ", ".join(f"{name} {value}" for name, value in row.dimensions.items()) or "any"
        line = f"| `{old_name(row)}` | `{row.key}` | {facts} | {row.unit} | {row.price} |"
        assert line in printed, line
