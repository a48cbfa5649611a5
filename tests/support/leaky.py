"""A plugin whose failures repeat the secrets that they had in hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from plugway import (
    CallSettled,
    Channel,
    CredentialKind,
    Gateway,
    Grant,
    Mount,
    Provider,
    Request,
    Secret,
    TariffRow,
    Upstream,
    Usage,
    hookimpl,
)


class LeakyKind(CredentialKind):
    """Chokes on every secret, and says on what."""

    name = "leaky"

    def parse(self, text: str) -> Secret:
        """Take any but those that it is to choke on."""
        if text.startswith("throw"):
            raise ValueError(f"invalid literal for int() with base 10: {text!r}")
        return Secret(text)

    async def mint(self, secret: Secret, channel: Channel, upstream: Upstream) -> Grant:
        """Fail."""
        raise KeyError(secret.reveal())


class LeakyPlugin:
    """Relays `/leaky/…` with a secret that cannot be used; `/raising/…` fails."""

    @hookimpl
    def register_providers(self) -> Iterable[Provider]:
        """Return the provider."""
        return [Provider(name="leaky", title="Leaky", credential="leaky", models=("leaky",))]

    @hookimpl
    def register_credentials(self) -> Iterable[CredentialKind]:
        """Return the kind."""
        return [LeakyKind()]

    @hookimpl
    def register_tariffs(self) -> Iterable[TariffRow]:
        """Return the price."""
        return [TariffRow(key="leaky", credits="5")]

    @hookimpl
    def register_routes(self, gateway: Gateway) -> Iterable[Mount]:
        """Return the routes."""

        async def relay(request: Request) -> Any:
            usage = Usage(key="leaky")
            async with gateway.calls.open(
                request, provider="leaky", model="leaky", usage=usage
            ) as call:
                return await call.relay(await call.forward(request))

        async def fail(request: Request) -> Any:
            raise RuntimeError(f"{request.headers.raw} {dict(request.headers)} {request.url}")

        return [
            Mount(path="/leaky", endpoint=relay, prefix=True),
            Mount(path="/raising", endpoint=fail, prefix=True),
        ]

    @hookimpl
    async def call_settled(self, event: CallSettled) -> None:
        """Fail too."""
        raise RuntimeError(f"of {event.user}")
