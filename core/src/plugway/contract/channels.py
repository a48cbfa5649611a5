"""Providers, and the channels that operators configure to them."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from plugway.contract.settings import ADDRESS, Table
from plugway.errors import ConfigurationError

Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
Limit = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]

#: Kinds of quota that have settings.
_SET = frozenset({"text", "images", "videos"})


class ChannelSettings(Table, frozen=True, kw_only=True):
    """Settings that every channel has; a provider's own struct extends it.

    What is marked `SECRET` is sealed at rest, and lists show that it is set and no more.

    Attributes:
        total_timeout: Seconds for a whole exchange.
        connect_timeout: Seconds for a connection, its TLS handshake included.
        headers_timeout: Seconds from the request sent to the response's headers.
        proxy: `http://`, `https://` or `socks5://` URL, with `| no_proxy=host,.suffix` after it
            for those that are reached straight; `pool`: one of the gateway's pool; `direct`:
            none; empty: from the environment.
    """

    total_timeout: Seconds = 300.0
    connect_timeout: Seconds = 60.0
    headers_timeout: Seconds = 60.0
    proxy: Annotated[str, ADDRESS] = ""


class PooledChannelSettings(ChannelSettings, frozen=True, kw_only=True):
    """Settings of a channel whose credentials are accounts: each serves one call at a time.

    A provider whose settings extend these has a pool: a credential is claimed for a call, on
    one node only, rests after it, has quotas by kind, and is renewed when it has expired.

    Attributes:
        use_cooldown: Seconds that a credential rests between two calls.
        wait: Seconds that a call waits until a credential is free.
        max_failures: Renewals in a row that fail until a credential is quarantined.
        renew_before: Seconds before a credential ends that its renewal begins; one that does
            not live twice as long is renewed after half of its life.
        daily_text: Answers a day and credential; 0: no limit.
        daily_images: The same for images.
        daily_videos: The same for videos.
        day_zone: Time zone whose midnight begins the day.
        rest_text: Seconds of rest after the upstream said that the quota is used up, and did
            not say for how long.
        rest_images: The same for images.
        rest_videos: The same for videos.
        min_count: Credentials in good order below which there is an alert; 0: none.
        target_count: Credentials in good order that the operator wants; shown with the alert.

    Raises:
        ConfigurationError: A time zone that there is not.
    """

    use_cooldown: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 15.0
    wait: Annotated[float, msgspec.Meta(ge=0, le=3_600)] = 30.0
    max_failures: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 3
    renew_before: Annotated[float, msgspec.Meta(ge=0, le=604_800)] = 3_600.0
    daily_text: Limit = 0
    daily_images: Limit = 0
    daily_videos: Limit = 0
    day_zone: str = "UTC"
    rest_text: Seconds = 7_200.0
    rest_images: Seconds = 14_400.0
    rest_videos: Seconds = 14_400.0
    min_count: Limit = 0
    target_count: Limit = 0

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.day_zone)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            raise ConfigurationError(
                "expected a time zone such as America/Los_Angeles", field="day_zone"
            ) from None

    def daily(self, quota: str) -> int:
        """Return how many answers a day a credential gives.

        Args:
            quota: The kind.

        Returns:
            0: no limit, as for a kind without a setting.
        """
        most: int = getattr(self, f"daily_{quota}") if quota in _SET else 0
        return most

    def concurrent(self, kind: str) -> int:
        """Return how many tasks of a kind one credential may have under way.

        Args:
            kind: The tasks' kind.

        Returns:
            0: no limit, as here; a provider's own settings may name one.
        """
        return 0

    def rest(self, quota: str) -> float:
        """Return the seconds of rest where the upstream did not say for how long.

        Args:
            quota: The kind; one without a setting rests as text does.
        """
        seconds: float = getattr(self, f"rest_{quota if quota in _SET else 'text'}")
        return seconds


class Departure(msgspec.Struct, frozen=True, kw_only=True):
    """Says what becomes of an upstream request whose client has gone.

    Attributes:
        seconds: How long to go on waiting for the upstream, so that what it did is
            known and settled; 0 cancels at once, for upstreams where that stops the cost.
        bytes: How much of the answer to read meanwhile.
    """

    seconds: float = 0.0
    bytes: int = 1 << 20


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """Describes one upstream that channels can point to.

    Attributes:
        name: Short, lower case: what `plugway channels add --provider` takes.
        title: For people.
        credential: Name of the `CredentialKind` its channels hold; None: no secret.
        models: Names a channel may list; empty: any. `*` among them stands for all that there
            are, for upstreams that list their models themselves.
        more_models: A channel may list others too, as where the upstream gets new ones often.
        settings: Struct of a channel's settings.
        base_url: `origin` takes scheme and host only; `any` also a path.
        departure: What to do when a client leaves.

    Raises:
        ConfigurationError: An unusable name.

    Example:
        >>> Provider(name="echo", title="Echo", models=("echo",)).base_url
        'origin'
    """

    name: str
    title: str
    credential: str | None = None
    models: tuple[str, ...] = ()
    more_models: bool = False
    settings: type[ChannelSettings] = ChannelSettings
    base_url: Literal["origin", "any"] = "origin"
    departure: Departure = Departure()

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or self.name != self.name.lower():
            raise ConfigurationError(f"provider {self.name!r}: a lower-case identifier, please")


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """Is one configured way to a provider, as the request path sees it.

    Attributes:
        id: Database id.
        provider: Name of the provider.
        name: Unique, the operator's.
        base_url: No trailing slash.
        models: Served models.
        priority: Higher is tried first.
        weight: Share among channels of equal priority, 1 or more.
        group: Only users of this group; None: everyone.
        settings: The provider's struct.
        enabled: Takes calls.
    """

    id: int
    provider: str
    name: str
    base_url: str
    models: frozenset[str]
    priority: int = 0
    weight: int = 1
    group: str | None = None
    settings: ChannelSettings = ChannelSettings()
    enabled: bool = True
