"""The public contract: all that a plugin may import, with `plugway.testing`.

What is heavy, or only annotates, comes when it is asked for: `import plugway` stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from plugway.contract import (
    ANY,
    BearerKey,
    CallSettled,
    Channel,
    ChannelSettings,
    CredentialChanged,
    CredentialKind,
    Departure,
    Emulator,
    ErrorBody,
    Grant,
    Mount,
    Operation,
    Provider,
    Secret,
    Tables,
    TariffRow,
    Tour,
    Usage,
    Worker,
    plain_error,
)
from plugway.errors import (
    AddressRefused,
    BadRequest,
    ClientError,
    ConfigurationError,
    Conflict,
    CredentialExpired,
    CredentialRestricted,
    InsufficientCredits,
    LedgerUnavailable,
    MethodNotAllowed,
    NoChannel,
    NoPrice,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    PayloadTooLarge,
    PlugwayError,
    QuotaExhausted,
    RateLimited,
    Unavailable,
    UpstreamError,
    UpstreamInterrupted,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from plugway.hookspecs import CONTRACT_VERSION, hookimpl
from plugway.settings import RESTART, SECRET
from plugway.settings import Table as SettingsTable

if TYPE_CHECKING:
    from plugway.calls.call import Call
    from plugway.gateway import Gateway
    from plugway.identity.principal import Principal
    from plugway.request import Request, sent
    from plugway.upstream import Answer, Timeouts, Upstream

__all__ = [
    "ANY",
    "CONTRACT_VERSION",
    "RESTART",
    "SECRET",
    "AddressRefused",
    "Answer",
    "BadRequest",
    "BearerKey",
    "Call",
    "CallSettled",
    "Channel",
    "ChannelSettings",
    "ClientError",
    "ConfigurationError",
    "Conflict",
    "CredentialChanged",
    "CredentialExpired",
    "CredentialKind",
    "CredentialRestricted",
    "Departure",
    "Emulator",
    "ErrorBody",
    "Gateway",
    "Grant",
    "InsufficientCredits",
    "LedgerUnavailable",
    "MethodNotAllowed",
    "Mount",
    "NoChannel",
    "NoPrice",
    "NotAuthenticated",
    "NotFound",
    "NotPermitted",
    "Operation",
    "PayloadTooLarge",
    "PlugwayError",
    "Principal",
    "Provider",
    "QuotaExhausted",
    "RateLimited",
    "Request",
    "Secret",
    "SettingsTable",
    "Tables",
    "TariffRow",
    "Timeouts",
    "Tour",
    "Unavailable",
    "Upstream",
    "UpstreamError",
    "UpstreamInterrupted",
    "UpstreamTimeout",
    "UpstreamUnreachable",
    "Usage",
    "Worker",
    "hookimpl",
    "plain_error",
    "sent",
]

#: Where the rest is; the first use of a name imports its module.
_LAZY = {
    "Answer": "plugway.upstream:Answer",
    "Call": "plugway.calls.call:Call",
    "Gateway": "plugway.gateway:Gateway",
    "Principal": "plugway.identity.principal:Principal",
    "Request": "plugway.request:Request",
    "Timeouts": "plugway.upstream:Timeouts",
    "Upstream": "plugway.upstream:Upstream",
    "sent": "plugway.request:sent",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module 'plugway' has no attribute {name!r}")
    module, _, attribute = _LAZY[name].partition(":")
    value: object = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
