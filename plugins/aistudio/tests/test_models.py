"""The models of the page's list, as clients see them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from plugway.testing import ManualClock
from plugway_aistudio.models import FILE, Models
from plugway_aistudio.settings import AIStudioSettings
from plugway_aistudio.tariff import TOKENS, family


def row(name: str, *codes: int, methods: tuple[str, ...] = ("generateContent",)) -> list[Any]:
    """Return a row as the upstream writes it (reference: "Shapes")."""
    found: list[Any] = [None] * 78
    found[0], found[3], found[4] = f"models/{name}", name.title(), f"Is {name}."
    found[5], found[6], found[7] = 1_000, 100, list(methods)
    found[64] = list(codes)
    return found


def body(*rows: list[Any]) -> bytes:
    return json.dumps([list(rows)]).encode()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def models(tmp_path: Path, clock: ManualClock) -> Models:
    return Models(tmp_path, AIStudioSettings, clock)


def ids(models: Models) -> list[str]:
    return [one.id for one in models.chats()]


def test_before_any_page_has_a_list_there_are_models_that_everybody_has(models: Models) -> None:
    assert not models.seen
    assert "gemini-2.5-flash" in ids(models)


def test_the_page_s_own_list_takes_their_place(
    models: Models, tmp_path: Path, clock: ManualClock
) -> None:
    models.learn(
        body(
            row("gemini-9-flash", 10, 12, 25, 35),
            row("gemini-9-flash-image"),
            row("gemini-9-tts"),
            row("veo-9"),
            row("text-embedding", methods=("embedContent",)),
        )
    )
    assert models.seen
    found = {one.id: one for one in models.chats()}
    assert set(found) == {"gemini-9-flash", "gemini-9-flash-image"}
    flash = found["gemini-9-flash"]
    assert flash.honours == {"temperature", "top_p", "max_tokens", "reasoning", "tools", "search"}
    assert (flash.input_limit, flash.output_limit, flash.quotas) == (1_000, 100, (flash.id,))
    assert found["gemini-9-flash-image"].gives == {"text", "image"}
    # Another process, or the next start, has the same.
    again = Models(tmp_path, AIStudioSettings, clock)
    assert (ids(again), again.seen) == (ids(models), True)


def test_what_is_no_list_changes_nothing(
    models: Models, tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    before = ids(models)
    models.learn(b"<html>Sign in</html>")
    models.learn(body())
    assert (ids(models), models.seen) == (before, False)
    assert "not understood" in caplog.text
    (tmp_path / FILE).write_text("{")
    clock.advance(1)
    assert ids(models) == before
    assert "cannot be read" in caplog.text


def test_another_process_s_list_is_read_within_a_second(
    models: Models, tmp_path: Path, clock: ManualClock
) -> None:
    other = Models(tmp_path, AIStudioSettings, clock)
    other.learn(body(row("gemini-9-pro")))
    assert ids(models) == ["gemini-9-pro"]
    other.learn(body(row("gemini-9-pro"), row("gemma-9")))
    file = tmp_path / FILE
    os.utime(file, ns=(1, file.stat().st_mtime_ns + 1))
    # Requests ask often, and most look at nothing.
    assert ids(models) == ["gemini-9-pro"]
    clock.advance(1)
    assert ids(models) == ["gemini-9-pro", "gemma-9"]


def test_models_can_be_left_out_and_have_other_prices(tmp_path: Path) -> None:
    settings = AIStudioSettings(
        excluded_models=("gemini-2.5-pro",), tariffs={"gemini-2.5-flash": "mine"}
    )
    found = {one.id: one for one in Models(tmp_path, lambda: settings, ManualClock()).chats()}
    assert "gemini-2.5-pro" not in found
    assert found["gemini-2.5-flash"].price_key == "mine"
    assert found["gemini-flash-latest"].price_key == "aistudio-flash"


@pytest.mark.parametrize(
    "name", ["gemini-3-pro", "gemini-2.5-flash-lite", "gemma-3", "learnlm", "nano-banana-pro"]
)
def test_every_model_has_a_price(name: str) -> None:
    assert family(name) in TOKENS
