"""More prefixes by configuration."""

from __future__ import annotations

import pytest

from plugway import ConfigurationError
from plugway_bltcy.provider import BltcyChannel, provider, tariff
from plugway_bltcy.settings import BltcySettings


def test_the_models_are_base_names() -> None:
    assert provider(BltcySettings()).models == ("runway", "pika", "kling", "jimeng", "suno")


def test_a_prefix_brings_its_model_and_its_prices() -> None:
    settings = BltcySettings(prefixes={"luma": "luma", "mj-fast": "runway"})
    assert settings.models()["mj-fast"] == "runway"
    assert provider(settings).models == ("runway", "pika", "kling", "jimeng", "suno", "luma")
    rows = [(row.setting, row.dimensions) for row in tariff(settings) if row.key == "luma"]
    assert rows == [("passthrough_quota", {}), ("poll_quota", {"access": "poll"})]


@pytest.mark.parametrize(
    ("prefixes", "message"),
    [
        ({"/luma": "luma"}, "one path segment"),
        ({"a/b": "luma"}, "one path segment"),
        ({"..": "luma"}, "one path segment"),
        ({"": "luma"}, "one path segment"),
        ({"runwayml": "pika"}, "runwayml is there already and serves runway"),
        ({"luma": "Luma"}, "lower case"),
        ({"luma": ""}, "lower case"),
        ({"luma": "luma.5"}, "lower case"),
    ],
)
def test_a_wrong_prefix_is_refused(prefixes: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        BltcySettings(prefixes=prefixes)
    assert caught.value.field == "prefixes"


def test_a_channel_has_the_old_gateway_s_defaults() -> None:
    channel = BltcyChannel()
    assert (channel.passthrough_quota, channel.poll_quota) == (1000, 0)
    assert (channel.total_timeout, channel.connect_timeout, channel.headers_timeout) == (
        300,
        60,
        60,
    )
