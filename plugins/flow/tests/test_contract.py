"""The plugin keeps the contract."""

from __future__ import annotations

from collections.abc import Iterable

import plugway_flow
from plugway import ANY, Provider, Usage
from plugway.testing import PluginContract
from plugway_flow.models import listing
from plugway_flow.settings import FlowSettings


class TestContract(PluginContract):
    name = "flow"
    plugin = plugway_flow

    def usages(self, provider: Provider, model: str) -> Iterable[Usage]:
        """Return what something of a family costs at its plainest."""
        shown = next(one for one in listing(FlowSettings()) if model in (ANY, one.listed_as))
        kind = "video" if "video" in shown.gives else "image"
        yield Usage(key=shown.price_key, unit=kind)
