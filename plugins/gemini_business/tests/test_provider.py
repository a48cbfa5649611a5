"""Channels say where accounts go, and that is nowhere strange."""

from __future__ import annotations

import pytest

from plugway import ConfigurationError
from plugway_gemini_business.provider import (
    API_BASE,
    AUTH_BASE,
    GeminiBusinessChannel,
    auth_base,
    provider,
)


@pytest.mark.parametrize(
    "base",
    ["", AUTH_BASE, API_BASE, "http://127.0.0.1:8080", "https://eu-x.googleapis.com"],
)
def test_known_hosts_may_be_named(base: str) -> None:
    settings = GeminiBusinessChannel(auth_base=base, download_base=base)
    assert auth_base(API_BASE, settings) == (base or AUTH_BASE)
    assert auth_base("https://mirror.example", settings) == (base or "https://mirror.example")


@pytest.mark.parametrize(
    "base",
    [
        "https://evil.example",
        "https://evilgemini.google",
        "https://gemini.google.evil.example",
        "http://business.gemini.google",
        "https://business.gemini.google/path",
        "https://business.gemini.google/",
        "https://me@business.gemini.google",
        "https://business.gemini.google:x",
        "https://business.gemini.google?x",
        "https://[::1",
        "business.gemini.google",
        "file://localhost",
    ],
)
@pytest.mark.parametrize("field", ["auth_base", "download_base"])
def test_whoever_sets_a_channel_cannot_send_accounts_elsewhere(field: str, base: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        GeminiBusinessChannel(**{field: base})  # type: ignore[arg-type]  # any of its fields
    assert refused.value.field == field


def test_a_time_zone_must_be_one() -> None:
    with pytest.raises(ConfigurationError, match="Europe/Berlin"):
        GeminiBusinessChannel(time_zone="Mars/Olympus")
    with pytest.raises(ConfigurationError, match="Los_Angeles"):
        GeminiBusinessChannel(day_zone="Mars/Olympus")


def test_channels_serve_the_built_in_models_unless_told_otherwise() -> None:
    assert "gemini-2.5-pro" in provider().models
    assert provider().more_models
