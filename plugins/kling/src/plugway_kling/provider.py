"""The upstream as operators configure it."""

from __future__ import annotations

from typing import Annotated

from plugway import SECRET, ChannelSettings, Departure, Provider
from plugway_kling.tariff import models

#: Name of the provider and of its kind of credential.
NAME = "kling"


class KlingChannel(ChannelSettings, frozen=True, kw_only=True):
    """Sets one channel.

    Attributes:
        webhook_secret: Signs the upstream's callbacks, `whsec_…`, from its console; several,
            separated by commas, while it is being changed; empty: callbacks only make the
            gateway ask.
    """

    webhook_secret: Annotated[str, SECRET] = ""

    def webhook_secrets(self) -> list[str]:
        """Return the secrets that a callback may be signed with."""
        return [one for part in self.webhook_secret.split(",") if (one := part.strip())]


def provider() -> Provider:
    """Describe the upstream."""
    return Provider(
        name=NAME,
        title="Kling",
        credential=NAME,
        models=models(),
        # New ones come often; without a price of the operator's they are refused.
        more_models=True,
        settings=KlingChannel,
        base_url="origin",
        # What is answered at once is made and paid for, whoever is still there to hear of it.
        departure=Departure(seconds=120),
    )
