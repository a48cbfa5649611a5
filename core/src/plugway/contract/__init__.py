"""The typed objects that hooks return and receive."""

from plugway.contract.channels import Channel, ChannelSettings, Departure, Provider
from plugway.contract.credentials import BearerKey, CredentialKind, Grant, Secret
from plugway.contract.emulators import Emulator, Tour
from plugway.contract.events import CallSettled, CredentialChanged, TaskFinished
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
    "CredentialChanged",
    "CredentialKind",
    "Departure",
    "Emulator",
    "ErrorBody",
    "Grant",
    "Mount",
    "Operation",
    "Pace",
    "Poller",
    "Provider",
    "Secret",
    "Tables",
    "TariffRow",
    "Task",
    "TaskFinished",
    "TaskUpdate",
    "Tour",
    "Usage",
    "Worker",
    "plain_error",
]
