"""Every model that is served without a setting has its prices, and PRICES.md tells them."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

from flow_asking import VIDEO, asking, chat_model

from plugway import Usage
from plugway.ledger.tariff import Tariff
from plugway_flow.choosing import usage
from plugway_flow.models import listing, offers
from plugway_flow.settings import FlowSettings
from plugway_flow.tariff import IMAGES, LARGER, SECOND, rows

PRICES = Path(__file__).parent.parent / "PRICES.md"
DEFAULT = FlowSettings()


def reachable() -> list[Usage]:
    """Return the usage of every name, with all that a request can add to it."""
    found = []
    for name, offer in offers({}).items():
        for resolution in (None, *offer.model.resolutions):
            for seconds in (None, *offer.model.seconds):
                request = asking(
                    name,
                    resolution=offer.form.resolution or resolution,
                    seconds=offer.form.seconds or (None if offer.form.mode else seconds),
                    source=VIDEO,
                )
                found.append(usage(request, offer.chat, DEFAULT))
    return found


def test_every_model_has_its_prices_and_no_price_is_for_nothing() -> None:
    tariff = Tariff({"flow": rows()})
    matched = set()
    for used in reachable():
        quote = tariff.quote("flow", [used])
        assert quote.credits > 0
        row = quote.lines[0].row
        matched.add((row.key, *row.dimensions.items()))
    assert matched == {(row.key, *row.dimensions.items()) for row in rows()}


def test_the_lists_of_models_name_prices_that_there_are() -> None:
    keys = {row.key for row in rows()}
    assert {model.price_key for model in listing(DEFAULT)} <= keys
    assert chat_model("veo_3_1_t2v_fast_4k", DEFAULT).price_key == "veo_3_1_t2v_fast_4k"
    assert chat_model("veo_3_1_upsampler", DEFAULT).price_key == "veo_3_1_upsampler_1080p"


def test_what_is_larger_or_longer_costs_more() -> None:
    tariff = Tariff({"flow": rows()}, credits_per_unit=1_000)

    def cost(name: str, **more: Any) -> int:
        used = usage(asking(name, **more), chat_model(name, DEFAULT), DEFAULT)
        return tariff.quote("flow", [used]).credits

    assert cost("veo_3_1_t2v_fast") == cost("veo_3_1_t2v_fast_8s") == 1_200
    assert cost("veo_3_1_t2v_fast", seconds=4) == 600
    assert cost("veo_3_1_t2v_fast_portrait_1080p") == 1_440
    assert cost("veo_3_1_t2v_fast_4s_4k") == 1_400
    image = "gemini-3.0-pro-image"
    assert cost(image) < cost(f"{image}-square-2k") < cost(image, resolution="4k")
    assert cost(image, count=4) == 4 * cost(image)
    assert cost("omni", seconds=10) > cost("omni") > cost("omni", seconds=4)


def test_the_tables_in_prices_md_are_the_tariff() -> None:
    text = PRICES.read_text(encoding="utf-8")
    cells = [
        [cell.strip(" `") for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if re.match(r"\| `", line)
    ]
    told = {row[0]: row[1:] for row in cells}
    for name, price in SECOND.items():
        assert told[name][0] == price, name
    for resolution, more in LARGER.items():
        assert told[resolution][0] == more, resolution
    for name, prices in IMAGES.items():
        assert told[name][:3] == [prices.get(size, "") for size in ("", "2k", "4k")], name
    assert set(told) == {*SECOND, *LARGER, *IMAGES}
    assert Decimal(1_200) / 1_000 == Decimal(SECOND["veo_3_1_t2v_fast"]) * 8
