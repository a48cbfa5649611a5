"""What the operator can set for the whole plugin."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated

import msgspec

from plugway import ChatModel, SettingsTable
from plugway_flow.model_settings import AspectName, ModelSettings, check
from plugway_flow.models import Offer, offers


class FlowSettings(SettingsTable, frozen=True, kw_only=True, dict=True):
    """Sets which models there are.

    Attributes:
        models: Models by the name that clients use; one with the name of a built-in model
            stands in its place.
        builtin_models: Serve the built-in models too.
        default_aspect: Shape of what is made where neither the request nor the name of its model
            says one, and the model has it.
        account_seconds: Seconds after which credits and tier of an account are asked for again
            before it is used.
        check_seconds: Seconds between two looks at each account.

    Raises:
        ConfigurationError: A model that could not be served.
    """

    models: Mapping[str, ModelSettings] = msgspec.field(default_factory=dict)
    builtin_models: bool = True
    default_aspect: AspectName = "landscape"
    account_seconds: Annotated[float, msgspec.Meta(gt=0, le=604_800)] = 900.0
    check_seconds: Annotated[float, msgspec.Meta(ge=10, le=604_800)] = 1_800.0

    def __post_init__(self) -> None:
        for name, model in self.models.items():
            check(name, model)

    @cached_property
    def offers(self) -> Mapping[str, Offer]:
        """Return everything that clients can ask for, by name."""
        return offers(self.models, builtin=self.builtin_models)

    @cached_property
    def chat_models(self) -> tuple[ChatModel, ...]:
        """Return the same, as the lists of models show it."""
        return tuple([offer.chat for offer in self.offers.values()])
