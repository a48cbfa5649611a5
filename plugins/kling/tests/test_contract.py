"""The plugin keeps the contract."""

from __future__ import annotations

from collections.abc import Iterable

import plugway_kling
from plugway import Provider, Usage
from plugway.testing import PluginContract
from plugway_kling.price_keys import QUERY
from plugway_kling.routes import PREFIX


class TestContract(PluginContract):
    name = "kling"
    plugin = plugway_kling
    public = frozenset({f"{PREFIX}/internal/callback", f"{PREFIX}/internal/callback/v2"})

    def usages(self, provider: Provider, model: str) -> Iterable[Usage]:
        """Return a question's; what each model costs, its endpoint decides."""
        return [Usage(key=QUERY)]
