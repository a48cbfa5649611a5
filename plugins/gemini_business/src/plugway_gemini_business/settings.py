"""What the operator can set for the whole plugin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from plugway import RESTART, SECRET, ConfigurationError, SettingsTable

#: Characters of the workers' secret at the least.
MIN_SECRET = 16

#: What the upstream can be allowed to use beside the model.
Tool = Literal["search", "image", "video"]


class ModelSettings(SettingsTable, frozen=True, kw_only=True):
    """Describes one model that clients can ask for.

    Attributes:
        model_id: What the upstream is asked for; empty: nothing, so that the upstream chooses.
        tariff: Key of its prices; empty: the model's name.
        title: For people.
        tools: What it may use: `search`, `image`, `video`.
        fixed: It is for these tools alone, as if its name had their suffixes, and takes none.
        enabled: It is served.
    """

    model_id: str = ""
    tariff: str = ""
    title: str = ""
    tools: tuple[Tool, ...] = ("search", "image", "video")
    fixed: bool = False
    enabled: bool = True


class GeminiBusinessSettings(SettingsTable, frozen=True, kw_only=True):
    """Sets which models there are.

    Attributes:
        models: Models by the name that clients use; one with the name of a built-in model
            stands in its place.
        builtin_models: Serve the built-in models too.
        renewal: How cookies are renewed in this process: `browser`: by visits of this machine's
            browser; `off`: not at all; `auto`: by browser where there is one.
        mode: Who renews cookies: `local`: this gateway; `server`: workers, which connect to `/ws`
            with the secret. A `client` is such a worker, and no gateway.
        worker_secret: What workers show in the header `X-Pool-Secret`; at least 16 characters.
        worker_lease: Seconds that a worker has for a renewal before another one may have it.
        upload_channel: Channel that gets accounts which a worker uploads and nobody knows;
            empty: the only one there is.

    Raises:
        ConfigurationError: A name that no model can have, or a mode that does not work so.
    """

    models: Mapping[str, ModelSettings] = msgspec.field(default_factory=dict)
    builtin_models: bool = True
    renewal: Annotated[Literal["auto", "browser", "off"], RESTART] = "auto"
    mode: Annotated[Literal["local", "server", "client"], RESTART] = "local"
    worker_secret: Annotated[str, SECRET] = ""
    worker_lease: Annotated[int, msgspec.Meta(ge=60, le=1_800)] = 300
    upload_channel: str = ""

    def __post_init__(self) -> None:
        self._check_mode()
        for name in self.models:
            if not name or not name.isprintable() or set(name) & set(" ?#%:/"):
                raise ConfigurationError(
                    f"model {name!r}: no spaces and none of / ? # % :, please", field="models"
                )

    def _check_mode(self) -> None:
        if self.mode == "client":
            raise ConfigurationError(
                "a gateway is no client: run `plugway worker gemini-business --server URL`",
                field="mode",
            )
        secret = self.worker_secret
        if self.mode == "server" and not secret:
            raise ConfigurationError("the mode server takes a secret", field="worker_secret")
        if secret and (
            len(secret) < MIN_SECRET
            or not secret.isascii()
            or not secret.isprintable()
            or " " in secret
        ):
            raise ConfigurationError(
                f"at least {MIN_SECRET} characters of printable ASCII, no spaces, please",
                field="worker_secret",
            )
