"""Requests to the upstream: what they say, what they may cost, and how they are sent on.

A request is checked before anything is charged. Fields that are not known, models that are not
known and combinations that a newer upstream may take are sent on as they are; what has no price
is refused by the tariff.
"""

from __future__ import annotations

from plugway_kling.requests.built_on import resources_in
from plugway_kling.requests.checked import Checked, check, kinds, schema
from plugway_kling.requests.measured import measured_usages, settlement_usage
from plugway_kling.requests.rewritten import rewrite

__all__ = [
    "Checked",
    "check",
    "kinds",
    "measured_usages",
    "resources_in",
    "rewrite",
    "schema",
    "settlement_usage",
]
