"""The upstream as operators configure it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from plugway import ConfigurationError, Departure, PooledChannelSettings, Provider
from plugway_gemini_business.models import BUILTIN

#: Name of the provider.
NAME = "gemini_business"

#: Name of its kind of credential.
ACCOUNT = "gemini_business_account"

#: The official hosts (reference: "Hosts and paths").
API_BASE = "https://biz-discoveryengine.googleapis.com"
AUTH_BASE = "https://business.gemini.google"

#: Hosts that may be named beside the base URL: those of the service, and for emulators this
#: machine.
_OFFICIAL = (".gemini.google", ".googleapis.com")
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})

_Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class GeminiBusinessChannel(PooledChannelSettings, frozen=True, kw_only=True):
    """Sets one channel.

    Attributes:
        language: Language that the upstream is told, such as `de-DE`. It may answer in it
            where the client's own language is not clear.
        time_zone: Time zone that the upstream is told, such as `Europe/Berlin`.
        auth_base: Scheme and host where bearers are asked for, of the official service or of
            this machine; empty: the official one if the base URL is the official one, else the
            base URL.
        download_base: The same where generated media are fetched; empty: the base URL.
        api_version: Version in the paths of the API.
        location: Location in the paths of the API.
        refresh_cooldown: Seconds that a bearer is used before a new one is made; it lives 300.
        server_timeout: Seconds that the upstream is told to take at the most.
        user_agent: What requests say they are made by.
        media_bytes: Largest generated image or video to take.
        delete_sessions: Delete the upstream's session after the answer, so that clients'
            conversations do not stay in the account's history. That is one more request
            before the answer ends.

    Raises:
        ConfigurationError: A time zone that there is not, or a host that may not be named.
    """

    total_timeout: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 600.0
    day_zone: str = "America/Los_Angeles"
    language: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "en-US"
    time_zone: str = "UTC"
    auth_base: str = ""
    download_base: str = ""
    api_version: _Name = "v1alpha"
    location: _Name = "global"
    refresh_cooldown: Annotated[float, msgspec.Meta(gt=0, le=240)] = 240.0
    server_timeout: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 1_800
    user_agent: Annotated[str, msgspec.Meta(pattern=r"^[ -~]{1,256}$")] = (
        "Mozilla/5.0 (compatible; plugway)"
    )
    media_bytes: Annotated[int, msgspec.Meta(ge=1, le=1 << 30)] = 256 * 1024 * 1024
    delete_sessions: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            ZoneInfo(self.time_zone)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            raise ConfigurationError(
                "expected a time zone such as Europe/Berlin", field="time_zone"
            ) from None
        for field in ("auth_base", "download_base"):
            given = getattr(self, field)
            if given and not _is_known(given):
                raise ConfigurationError(
                    f"expected a host of the official service, such as {AUTH_BASE}, or of this"
                    " machine",
                    field=field,
                )


def auth_base(base_url: str, settings: GeminiBusinessChannel) -> str:
    """Return where bearers are asked for.

    Args:
        base_url: The channel's.
        settings: The channel's.

    Example:
        >>> auth_base(API_BASE, GeminiBusinessChannel())
        'https://business.gemini.google'
        >>> auth_base("http://127.0.0.1:8080", GeminiBusinessChannel())
        'http://127.0.0.1:8080'
    """
    return settings.auth_base or (AUTH_BASE if base_url == API_BASE else base_url)


def provider() -> Provider:
    """Describe the upstream."""
    return Provider(
        name=NAME,
        title="Gemini Business",
        credential=ACCOUNT,
        models=tuple(BUILTIN),
        # The settings may have others, and change while the gateway runs.
        more_models=True,
        settings=GeminiBusinessChannel,
        base_url="origin",
        # An answer that nobody reads is stopped: that frees the account.
        departure=Departure(seconds=0),
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
