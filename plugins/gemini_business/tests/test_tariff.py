"""Every model that is served without a setting has its prices, and PRICES.md tells them."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

from plugway import Usage
from plugway.ledger.tariff import Tariff
from plugway_gemini_business.models import BUILTIN, offers
from plugway_gemini_business.settings import GeminiBusinessSettings
from plugway_gemini_business.tariff import IMAGE, TOKENS, VIDEO, rows

PRICES = Path(__file__).parent.parent / "PRICES.md"


def test_every_built_in_model_has_all_its_prices() -> None:
    tariff = Tariff({"gemini_business": list(rows())})
    for offer in offers(GeminiBusinessSettings()).values():
        for unit in ("input_token", "output_token", *(offer.chat.gives - {"text"})):
            usage = Usage(key=offer.chat.price_key, unit=unit, quantity=Decimal(1_000_000))
            assert tariff.quote("gemini_business", [usage]).credits > 0


def test_a_million_tokens_cost_what_the_table_says() -> None:
    tariff = Tariff({"gemini_business": list(rows())}, credits_per_unit=1_000_000)
    usage = Usage(key="gemini-2.5-flash", unit="input_token", quantity=Decimal(1_000_000))
    assert tariff.quote("gemini_business", [usage]).credits == 300_000


def test_the_table_in_prices_md_is_the_tariff() -> None:
    text = PRICES.read_text()
    told = {
        match[1]: (match[2], match[3])
        for match in re.finditer(r"^\| `([^`]+)` \| ([0-9.]+) \| ([0-9.]+) \|", text, re.MULTILINE)
    }
    assert told == dict(TOKENS)
    assert set(told) == set(BUILTIN)
    assert f"| an image | {IMAGE} |" in text
    assert f"| a video | {VIDEO} |" in text
