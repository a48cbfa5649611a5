"""The plugin keeps the contract."""

from __future__ import annotations

from collections.abc import Iterable

import plugway_aistudio
from plugway import Provider, Usage
from plugway.testing import PluginContract
from plugway_aistudio.tariff import TOKENS


class TestContract(PluginContract):
    name = "aistudio"
    plugin = plugway_aistudio
    # Whether the process lives, and what a client has to set: neither needs a key.
    public = frozenset({"/health", "/api/info"})

    def usages(self, provider: Provider, model: str) -> Iterable[Usage]:
        """Return what answers of all families use: the page's models are not known before."""
        units = ("input_token", "output_token", "image")
        return [Usage(key=key, unit=unit) for key in TOKENS for unit in units]
