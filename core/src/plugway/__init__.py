"""The public contract: all that a plugin may import, with `plugway.testing`.

What is heavy, or only annotates, comes when it is asked for: `import plugway` stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from plugway.contract import (
    ANY,
    Ask,
    BearerKey,
    CallSettled,
    Channel,
    ChannelSettings,
    ChatEvent,
    ChatModel,
    ChatModels,
    ChatRequest,
    Citation,
    CredentialChanged,
    CredentialKind,
    Departure,
    Emulator,
    ErrorBody,
    Finish,
    FinishReason,
    Grant,
    Media,
    MediaModels,
    Message,
    Models,
    Mount,
    Operation,
    Pace,
    Part,
    Poller,
    PooledChannelSettings,
    Progress,
    Provider,
    Quota,
    Reasoning,
    Secret,
    Tables,
    TariffRow,
    Task,
    TaskFinished,
    TaskUpdate,
    Text,
    TextDelta,
    Thought,
    ThoughtDelta,
    TokenCount,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Tour,
    Usage,
    Worker,
    plain_error,
)
from plugway.contract.settings import ADDRESS
from plugway.errors import (
    AccountMigrated,
    AddressRefused,
    BadRequest,
    Cancelled,
    ChallengeRequired,
    ClientError,
    ConfigurationError,
    Conflict,
    CredentialExpired,
    CredentialRestricted,
    EmptyAnswer,
    Gone,
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
    SafetyBlocked,
    TaskGone,
    TierTooLow,
    Unavailable,
    UnreadableAnswer,
    UpstreamError,
    UpstreamInterrupted,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from plugway.hookspecs import CONTRACT_VERSION, hookimpl
from plugway.settings import RESTART, SECRET
from plugway.settings import Table as SettingsTable
from plugway.webhooks import sign_webhook, verify_webhook

if TYPE_CHECKING:
    from plugway.admin.ask import Ask as AdminAsk
    from plugway.admin.route import Route as AdminRoute
    from plugway.admin.route import mount as admin_mount
    from plugway.admin.visitor import visitor
    from plugway.bindings import Binding
    from plugway.browser import Browser
    from plugway.calls.call import Call
    from plugway.calls.standing import Place
    from plugway.calls.turn import Turn
    from plugway.chat.dialects.openai.errors import official as openai_error
    from plugway.cli.session import Session
    from plugway.clock import Clock
    from plugway.credentials.renewal import Renewal
    from plugway.gateway import Gateway
    from plugway.identity.principal import Principal
    from plugway.media.kept import Kept
    from plugway.media.store import MediaStore
    from plugway.request import Request, sent
    from plugway.socket import Socket
    from plugway.tasks.submission import Submission
    from plugway.upstream import Answer, Timeouts, Upstream

__all__ = [
    "ADDRESS",
    "ANY",
    "CONTRACT_VERSION",
    "RESTART",
    "SECRET",
    "AccountMigrated",
    "AddressRefused",
    "AdminAsk",
    "AdminRoute",
    "Answer",
    "Ask",
    "BadRequest",
    "BearerKey",
    "Binding",
    "Browser",
    "Call",
    "CallSettled",
    "Cancelled",
    "ChallengeRequired",
    "Channel",
    "ChannelSettings",
    "ChatEvent",
    "ChatModel",
    "ChatModels",
    "ChatRequest",
    "Citation",
    "ClientError",
    "Clock",
    "ConfigurationError",
    "Conflict",
    "CredentialChanged",
    "CredentialExpired",
    "CredentialKind",
    "CredentialRestricted",
    "Departure",
    "EmptyAnswer",
    "Emulator",
    "ErrorBody",
    "Finish",
    "FinishReason",
    "Gateway",
    "Gone",
    "Grant",
    "InsufficientCredits",
    "Kept",
    "LedgerUnavailable",
    "Media",
    "MediaModels",
    "MediaStore",
    "Message",
    "MethodNotAllowed",
    "Models",
    "Mount",
    "NoChannel",
    "NoPrice",
    "NotAuthenticated",
    "NotFound",
    "NotPermitted",
    "Operation",
    "Pace",
    "Part",
    "PayloadTooLarge",
    "Place",
    "PlugwayError",
    "Poller",
    "PooledChannelSettings",
    "Principal",
    "Progress",
    "Provider",
    "Quota",
    "QuotaExhausted",
    "RateLimited",
    "Reasoning",
    "Renewal",
    "Request",
    "SafetyBlocked",
    "Secret",
    "Session",
    "SettingsTable",
    "Socket",
    "Submission",
    "Tables",
    "TariffRow",
    "Task",
    "TaskFinished",
    "TaskGone",
    "TaskUpdate",
    "Text",
    "TextDelta",
    "Thought",
    "ThoughtDelta",
    "TierTooLow",
    "Timeouts",
    "TokenCount",
    "Tool",
    "ToolCall",
    "ToolChoice",
    "ToolResult",
    "Tour",
    "Turn",
    "Unavailable",
    "UnreadableAnswer",
    "Upstream",
    "UpstreamError",
    "UpstreamInterrupted",
    "UpstreamTimeout",
    "UpstreamUnreachable",
    "Usage",
    "Worker",
    "admin_mount",
    "hookimpl",
    "openai_error",
    "plain_error",
    "sent",
    "sign_webhook",
    "verify_webhook",
    "visitor",
]

#: Where the rest is; the first use of a name imports its module.
_LAZY = {
    "AdminAsk": "plugway.admin.ask:Ask",
    "AdminRoute": "plugway.admin.route:Route",
    "Answer": "plugway.upstream:Answer",
    "Binding": "plugway.bindings:Binding",
    "Clock": "plugway.clock:Clock",
    "Browser": "plugway.browser:Browser",
    "Call": "plugway.calls.call:Call",
    "Turn": "plugway.calls.turn:Turn",
    "Gateway": "plugway.gateway:Gateway",
    "Kept": "plugway.media.kept:Kept",
    "MediaStore": "plugway.media.store:MediaStore",
    "Place": "plugway.calls.standing:Place",
    "Principal": "plugway.identity.principal:Principal",
    "Renewal": "plugway.credentials.renewal:Renewal",
    "Request": "plugway.request:Request",
    "Socket": "plugway.socket:Socket",
    "Session": "plugway.cli.session:Session",
    "Submission": "plugway.tasks.submission:Submission",
    "Timeouts": "plugway.upstream:Timeouts",
    "Upstream": "plugway.upstream:Upstream",
    "admin_mount": "plugway.admin.route:mount",
    "openai_error": "plugway.chat.dialects.openai.errors:official",
    "sent": "plugway.request:sent",
    "visitor": "plugway.admin.visitor:visitor",
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
