"""The plugin keeps the contract."""

from __future__ import annotations

from collections.abc import Iterable

import plugway_gemini_business
from plugway import Provider, Usage
from plugway.testing import PluginContract


class TestContract(PluginContract):
    name = "gemini_business"
    plugin = plugway_gemini_business
    # It tells anybody that a gateway is here, and its numbers only to those who may know them.
    public = frozenset({"/"})

    def usages(self, provider: Provider, model: str) -> Iterable[Usage]:
        """Return what an answer with an image and a video uses."""
        units = ("input_token", "output_token", "image", "video")
        return [Usage(key=model, unit=unit) for unit in units]
