"""The upstream as operators configure it."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from plugway import ANY, ConfigurationError, PooledChannelSettings, Provider
from plugway_flow.models import families

#: Name of the provider.
NAME = "flow"

#: Name of its kind of credential.
SESSION = "flow_session"

#: The official hosts (reference: "Flow / labs.google").
API_BASE = "https://aisandbox-pa.googleapis.com"
LABS_BASE = "https://labs.google"

#: Hosts that may be named beside the base URL: those of the service, and for emulators this
#: machine.
_OFFICIAL = (".labs.google", ".google.com", ".googleapis.com")
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})

_Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
_Most = Annotated[int, msgspec.Meta(ge=0, le=1_000)]


class FlowChannel(PooledChannelSettings, frozen=True, kw_only=True):
    """Sets one channel.

    Attributes:
        labs_base: Scheme and host of the site, where access tokens, projects and media URLs
            are asked for, of the official service or of this machine; empty: the official one
            if the base URL is the official one, else the base URL.
        api_version: Version in the paths of the API.
        shape: Which bodies the upstream takes: `new`, `old`, or `auto`: new ones, and old ones
            where those are refused.
        tool: Name of the tool that requests are made with.
        project_title: Title of the project that is created in an account for what it makes.
        image_timeout: Seconds for one request that makes images.
        concurrent_images: Image tasks under way at once with one account; 0: no limit.
        concurrent_videos: The same for videos.
        poll_first: Seconds from a video's submit to the first poll.
        poll_seconds: Seconds between polls.
        poll_attempts: Polls after which a video has failed.
        user_agent: What requests say they are made by.

    Raises:
        ConfigurationError: A host that may not be named.
    """

    use_cooldown: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 0.0
    wait: Annotated[float, msgspec.Meta(ge=0, le=3_600)] = 120.0
    renew_before: Annotated[float, msgspec.Meta(ge=0, le=604_800)] = 86_400.0
    rest_images: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 600.0
    rest_videos: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 600.0
    labs_base: str = ""
    api_version: _Name = "v1"
    shape: Literal["auto", "new", "old"] = "auto"
    tool: _Name = "PINHOLE"
    project_title: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] = "plugway"
    image_timeout: Annotated[float, msgspec.Meta(gt=0, le=3_600)] = 300.0
    concurrent_images: _Most = 2
    concurrent_videos: _Most = 3
    poll_first: Annotated[float, msgspec.Meta(gt=0, le=3_600)] = 3.0
    poll_seconds: Annotated[float, msgspec.Meta(gt=0, le=3_600)] = 3.0
    poll_attempts: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 500
    user_agent: Annotated[str, msgspec.Meta(pattern=r"^[ -~]{1,256}$")] = (
        "Mozilla/5.0 (compatible; plugway)"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.labs_base and not _is_known(self.labs_base):
            raise ConfigurationError(
                f"expected a host of the official service, such as {LABS_BASE}, or of this machine",
                field="labs_base",
            )

    def concurrent(self, kind: str) -> int:
        """Return how many tasks of a kind one account may have under way; 0: no limit."""
        return self.concurrent_videos if kind == "video" else self.concurrent_images


def labs_base(base_url: str, settings: FlowChannel) -> str:
    """Return where the site is.

    Args:
        base_url: The channel's.
        settings: The channel's.

    Example:
        >>> labs_base(API_BASE, FlowChannel())
        'https://labs.google'
        >>> labs_base("http://127.0.0.1:8080", FlowChannel())
        'http://127.0.0.1:8080'
    """
    return settings.labs_base or (LABS_BASE if base_url == API_BASE else base_url)


def provider() -> Provider:
    """Describe the upstream."""
    return Provider(
        name=NAME,
        title="Google Flow",
        credential=SESSION,
        models=(ANY, *families()),
        # The settings may have others, and change while the gateway runs.
        more_models=True,
        settings=FlowChannel,
        base_url="origin",
    )


def _is_known(text: str) -> bool:
    """Say whether accounts may be shown there: whoever may set a channel must not read them."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if text != f"{parts.scheme}://{host}" + ("" if port is None else f":{port}"):
        return False
    if host in _LOOPBACK:
        return parts.scheme in ("http", "https")
    return parts.scheme == "https" and f".{host}".endswith(_OFFICIAL)
