"""Which models there are, and what suffixes mean (reference §3.2)."""

from __future__ import annotations

from itertools import permutations

import pytest

from plugway import ConfigurationError
from plugway_gemini_business.models import BUILTIN, offers
from plugway_gemini_business.settings import GeminiBusinessSettings, ModelSettings, Tool

DEFAULT = GeminiBusinessSettings()
TOOLS: tuple[Tool, ...] = ("image", "video", "search")


def test_no_suffix_allows_all_tools() -> None:
    offer = offers(DEFAULT)["gemini-2.5-pro"]
    assert offer.tools == {"search", "image", "video"}
    assert not offer.named
    assert offer.wanted == frozenset()
    assert offer.chat.quotas == ("text",)
    assert offer.chat.gives == {"text", "image", "video"}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_suffixes_in_every_order_allow_what_they_name(count: int) -> None:
    found = offers(DEFAULT)
    for tools in permutations(TOOLS, count):
        offer = found["gemini-2.5-pro" + "".join(f"-{tool}" for tool in tools)]
        assert offer.tools == set(tools)
        assert offer.model_id == "gemini-2.5-pro"
        assert offer.chat.base == "gemini-2.5-pro"
        assert offer.wanted == set(tools) - {"search"}
        assert ("images" in offer.chat.quotas) == ("image" in tools)
        assert ("videos" in offer.chat.quotas) == ("video" in tools)
        assert offer.chat.gives == {"text", *(tool for tool in tools if tool != "search")}


@pytest.mark.parametrize(
    "name",
    [
        "gemini-2.5-pro-image-image",
        "gemini-2.5-flash-image-landscape",
        "gemini-image-2.5-pro",
        "gemini-2.5-pro-IMAGE",
        "gemini-2.5-pro-",
        "gemini-veo-image",
    ],
)
def test_suffixes_stand_at_the_end_and_once(name: str) -> None:
    assert name not in offers(DEFAULT)


def test_defect_d_every_model_asks_for_itself() -> None:
    for name, offer in offers(DEFAULT).items():
        base = offer.chat.base
        if base in ("gemini-auto", "gemini-imagen", "gemini-veo"):
            assert offer.model_id == ""
        else:
            assert offer.model_id == base, name


def test_virtual_models_are_for_one_tool() -> None:
    found = offers(DEFAULT)
    assert found["gemini-imagen"].tools == found["gemini-imagen"].wanted == {"image"}
    assert found["gemini-veo"].tools == {"video"}
    assert found["gemini-veo"].chat.quotas == ("text", "videos")


def test_the_operator_adds_replaces_and_removes_models() -> None:
    settings = GeminiBusinessSettings(
        models={
            "gemini-4-pro": ModelSettings(model_id="gemini-4", tools=("search",)),
            "gemini-3-pro": ModelSettings(model_id="other"),
            "gemini-veo": ModelSettings(enabled=False),
        }
    )
    found = offers(settings)
    assert found["gemini-4-pro-search"].model_id == "gemini-4"
    assert "gemini-4-pro-image" not in found
    assert found["gemini-4-pro"].chat.gives == {"text"}
    assert found["gemini-3-pro-video"].model_id == "other"
    assert "gemini-veo" not in found
    only = GeminiBusinessSettings(models=settings.models, builtin_models=False)
    assert {offer.chat.base for offer in offers(only).values()} == {"gemini-4-pro", "gemini-3-pro"}


def test_a_models_own_name_is_not_read_as_one_with_suffixes() -> None:
    settings = GeminiBusinessSettings(
        models={"gemini-2.5-pro-image": ModelSettings(model_id="painter", fixed=True)}
    )
    assert offers(settings)["gemini-2.5-pro-image"].model_id == "painter"


def test_a_name_that_cannot_be_one_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no spaces"):
        GeminiBusinessSettings(models={"a b": ModelSettings()})


def test_the_built_in_models_are_those_of_the_reference() -> None:
    assert {
        "gemini-auto",
        "gemini-2.5-flash",
        "gemini-2.5-pro",
        "gemini-3-flash-preview",
        "gemini-3-flash",
        "gemini-3-pro-preview",
        "gemini-3-pro",
        "gemini-3.1-pro-preview",
        "gemini-imagen",
        "gemini-veo",
    } == set(BUILTIN)
