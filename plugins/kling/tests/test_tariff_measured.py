"""What is settled once the upstream has told."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway.ledger.tariff import Tariff
from plugway_kling.requests import check, kinds, measured_usages, settlement_usage
from plugway_kling.tariff import rows

URL = "https://example.com/1.png"
AVATAR = {"image": URL, "audio_id": "1"}
EDIT = {"prompt": "a", "video_list": [{"video_url": URL}]}
MOTION = {"image_url": URL, "video_url": URL, "mode": "std", "character_orientation": "image"}
LIPS = {"input": {"video_id": "v", "mode": "text2video"}}
FEATURE = {"contents": [{"type": "feature_video", "url": URL}]}


def measured(kind: str, fields: dict[str, Any], seconds: object, model: str = "") -> Decimal | None:
    body = json.dumps(fields)
    model = model or check(kind, body.encode()).model
    usages = measured_usages(kind, body, model, seconds)
    return None if usages is None else usages[0].quantity


@pytest.mark.parametrize(
    ("kind", "fields", "seconds", "quantity"),
    [
        ("avatar/image2video", AVATAR, "5.041", 5),
        ("avatar/image2video", AVATAR, 5.5, 6),
        ("avatar/image2video", AVATAR, "0.2", 1),
        ("avatar/image2video", AVATAR, "9999", 300),
        ("omni-video", EDIT, "9.4", 9),
        ("omni-video", EDIT, "15", 10),
        ("omni-video", {**EDIT, "model_name": "kling-v3-omni"}, "15.2", 15),
        ("motion-control", MOTION, "7.6", 8),
        ("lip-sync", LIPS, "5.041", 5),
        ("lip-sync", LIPS, "6", 10),
        ("lip-sync", LIPS, "60.4", 60),
    ],
)
def test_a_length_that_was_open_is_settled_as_measured(
    kind: str, fields: dict[str, Any], seconds: object, quantity: int
) -> None:
    assert measured(kind, fields, seconds) == quantity


@pytest.mark.parametrize(
    "seconds", [None, "", "0", "-5", "nan", "Infinity", "five", True, [], "9" * 50]
)
def test_without_a_length_what_was_held_stays(seconds: object) -> None:
    assert measured("avatar/image2video", AVATAR, seconds) is None


def test_a_length_that_was_known_is_not_measured() -> None:
    assert measured("text2video", {"prompt": "a", "model_name": "kling-v3"}, "9") is None
    assert measured("omni-video", {"prompt": "a", "aspect_ratio": "1:1"}, "9") is None
    assert measured("new/omni-video", {**FEATURE, "settings": {"duration": 3}}, "9", "x") is None
    assert measured("new/omni-video", FEATURE, "9", "kling-3.0-omni") == 9


def test_a_request_as_it_is_kept_is_enough() -> None:
    kept = json.dumps({**AVATAR, "image": "AAAA… (5000 characters)"})
    usages = measured_usages("avatar/image2video", kept, "kling-avatar", "12")
    assert usages is not None
    assert usages[0].quantity == 12
    assert measured_usages("avatar/image2video", '{"bytes": 99}', "kling-avatar", "12") is None
    assert measured_usages("cancel", "{}", "kling-avatar", "12") is None


@given(
    kind=st.sampled_from(
        [
            ("avatar/image2video", AVATAR),
            ("omni-video", EDIT),
            ("motion-control", MOTION),
            ("lip-sync", LIPS),
        ]
    ),
    seconds=st.one_of(
        st.text(), st.floats(), st.integers(), st.decimals(allow_nan=True).map(str), st.booleans()
    ),
)
def test_what_is_settled_is_never_more_than_what_was_held(
    kind: tuple[str, dict[str, Any]], seconds: object
) -> None:
    name, fields = kind
    body = json.dumps(fields).encode()
    checked = check(name, body)
    tariff = Tariff({"kling": list(rows())})
    held = tariff.quote("kling", checked.usages).credits
    usages = measured_usages(name, body, checked.model, seconds)
    if usages is not None:
        assert 0 < tariff.quote("kling", usages).credits <= held


@pytest.mark.parametrize(
    ("kind", "told", "price"),
    [
        ("text2video", "3.5", "17.5"),
        ("text2video", 1, "5"),
        ("text2video", "0", "0"),
        ("generations", "8", "10"),
        ("init-selection", "0.05", "0.25"),
    ],
)
def test_the_upstream_s_own_units_have_a_price(kind: str, told: object, price: str) -> None:
    usage = settlement_usage(kind, told)
    assert usage is not None
    quote = Tariff({"kling": list(rows())}).quote("kling", [usage])
    assert quote.credits == Decimal(price) * 500_000


@pytest.mark.parametrize(
    "told", [None, "", "-1", "nan", "1e400", "10001", "units", True, {}, "0.00000001"]
)
def test_a_deduction_that_is_none_is_not_settled_by(told: object) -> None:
    assert settlement_usage("text2video", told) is None


@given(
    told=st.text() | st.floats() | st.integers() | st.none(), kind=st.sampled_from(sorted(kinds()))
)
def test_any_deduction_is_a_usage_or_none(told: object, kind: str) -> None:
    usage = settlement_usage(kind, told)
    assert usage is None or 0 <= usage.quantity <= 10_000
