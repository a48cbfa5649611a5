"""A local stand-in for an upstream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec


class Tour(msgspec.Struct, frozen=True, kw_only=True):
    """Is one call that `plugway demo` makes against the emulator.

    Attributes:
        title: What the call shows, one line.
        method: HTTP method.
        path: Path on the gateway, with its query.
        json: Body.
        expect: Status that means success.
    """

    title: str
    path: str
    method: str = "POST"
    json: Any = None
    expect: int = 200


class Emulator(Protocol):
    """Stands in for an upstream: in the demo, in tests, in benchmarks.

    `plugway.testing.EmulatorServer` implements all of it but the routes.

    Attributes:
        provider: Name of the provider it stands in for.
        secret: A secret it accepts.
        models: Models a channel to it should list.
        settings: Channel settings for it, as `--set` would give them.
        tour: Calls for the demo.
        missing: What these calls need and this machine does not have, and how to get it; empty:
            nothing.
    """

    # Properties, so that an emulator may give any of them more narrowly typed or as a constant.

    @property
    def provider(self) -> str: ...

    @property
    def secret(self) -> str | None: ...

    @property
    def models(self) -> tuple[str, ...]: ...

    @property
    def settings(self) -> Mapping[str, str]: ...

    @property
    def tour(self) -> tuple[Tour, ...]: ...

    @property
    def missing(self) -> str: ...

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen, and return the base URL."""

    async def stop(self) -> None:
        """Close every connection and stop listening."""
