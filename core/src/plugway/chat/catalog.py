"""Which models can be chatted with, and who answers for each."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from plugway.contract import ChatModel, Models
from plugway.errors import NotFound

if TYPE_CHECKING:
    from plugway.channels.channels import Channels
    from plugway.identity.principal import Principal
    from plugway.settings import Settings

log = logging.getLogger(__name__)


class Offer(NamedTuple):
    """Is a model with who answers for it."""

    plugin: str
    models: Models
    model: ChatModel


class Catalog:
    """Finds models by name.

    A name that two plugins have is served by the one that has a channel for it; one that lists
    the name comes before one that has all models. If both are alike, `chat.owners` in the settings
    names one, and while it names none neither serves it: a client must not get another model than
    it was priced for.
    """

    def __init__(
        self,
        sources: Iterable[tuple[str, Models]],
        settings: Callable[[], Settings],
        channels: Channels,
    ) -> None:
        """Take who answers.

        Args:
            sources: The plugins' names with what they registered.
            settings: Returns the settings in force.
            channels: Say which models can be reached.
        """
        self._sources = tuple(sources)
        self._settings = settings
        self._channels = channels
        self._told: set[tuple[str, ...]] = set()

    def find(self, name: str, principal: Principal) -> Offer:
        """Return the model of a name.

        Args:
            name: As the client gives it.
            principal: Who asks.

        Raises:
            NotFound: There is none, none that this caller may see, or more than one.
        """
        offers = [
            Offer(plugin, models, model)
            for plugin, models in self._sources
            for model in models.list()
            if model.id == name
        ]
        offer = self._settled(name, offers, principal)
        if offer is None or not self._may_use(offer, principal):
            raise NotFound(f"the model {name[:128]!r} does not exist", field="model")
        return offer

    def visible(self, principal: Principal) -> list[ChatModel]:
        """List the models that a caller can use, by name.

        Args:
            principal: Who asks.
        """
        offers: dict[str, list[Offer]] = {}
        for plugin, models in self._sources:
            for model in models.list():
                offers.setdefault(model.id, []).append(Offer(plugin, models, model))
        found = [self._settled(name, some, principal) for name, some in sorted(offers.items())]
        return [
            offer.model
            for offer in found
            if offer is not None
            and offer.model.listed
            and self._may_use(offer, principal)
            and self._serves(offer, principal)
        ]

    def _serves(self, offer: Offer, principal: Principal, *, by_name: bool = False) -> bool:
        provider, model = offer.models.provider, offer.model.listed_as
        return self._channels.serve(provider, model, principal.group, by_name=by_name)

    def _settled(self, name: str, offers: list[Offer], principal: Principal) -> Offer | None:
        if len(offers) < 2:
            return offers[0] if offers else None
        served = [offer for offer in offers if self._serves(offer, principal)]
        owner = self._settings().chat.owners.get(name)
        if len(served) > 1 and owner is None:
            named = [offer for offer in served if self._serves(offer, principal, by_name=True)]
            served = named or served
        if len(served) < 2:
            return served[0] if served else offers[0]
        offers = served
        for offer in offers:
            if offer.plugin == owner:
                return offer
        plugins = tuple(offer.plugin for offer in offers)
        if (name, *plugins) not in self._told:
            self._told.add((name, *plugins))
            log.error(
                "the model %s is offered by the plugins %s and served by none: name one in"
                " chat.owners",
                name,
                ", ".join(plugins),
            )
        return None

    def _may_use(self, offer: Offer, principal: Principal) -> bool:
        allowed = principal.models
        return allowed is None or bool({offer.model.id, offer.model.listed_as} & set(allowed))
