"""The typed objects that hooks return and receive."""

from plugway.contract.channels import (
    Channel,
    ChannelSettings,
    Departure,
    PooledChannelSettings,
    Provider,
)
from plugway.contract.chat import ChatRequest, Reasoning, Tool, ToolChoice
from plugway.contract.chat_events import (
    ChatEvent,
    Citation,
    Finish,
    FinishReason,
    Progress,
    TextDelta,
    ThoughtDelta,
    TokenCount,
)
from plugway.contract.conversation import Media, Message, Part, Text, Thought, ToolCall, ToolResult
from plugway.contract.credentials import BearerKey, CredentialKind, Grant, Secret
from plugway.contract.emulators import Emulator, Tour
from plugway.contract.events import CallSettled, CredentialChanged, TaskFinished
from plugway.contract.media_models import MediaModels
from plugway.contract.models import ChatModel, ChatModels, Models, Quota
from plugway.contract.routes import ErrorBody, Mount, Operation, plain_error
from plugway.contract.tables import Tables
from plugway.contract.tasks import Ask, Pace, Poller, Task, TaskUpdate
from plugway.contract.usage import ANY, TariffRow, Usage
from plugway.contract.workers import Worker

__all__ = [
    "ANY",
    "Ask",
    "BearerKey",
    "CallSettled",
    "Channel",
    "ChannelSettings",
    "ChatEvent",
    "ChatModel",
    "ChatModels",
    "ChatRequest",
    "Citation",
    "CredentialChanged",
    "CredentialKind",
    "Departure",
    "Emulator",
    "ErrorBody",
    "Finish",
    "FinishReason",
    "Grant",
    "Media",
    "MediaModels",
    "Message",
    "Models",
    "Mount",
    "Operation",
    "Pace",
    "Part",
    "Poller",
    "PooledChannelSettings",
    "Progress",
    "Provider",
    "Quota",
    "Reasoning",
    "Secret",
    "Tables",
    "TariffRow",
    "Task",
    "TaskFinished",
    "TaskUpdate",
    "Text",
    "TextDelta",
    "Thought",
    "ThoughtDelta",
    "TokenCount",
    "Tool",
    "ToolCall",
    "ToolChoice",
    "ToolResult",
    "Tour",
    "Usage",
    "Worker",
    "plain_error",
]
