"""What gateway and workers say to each other (reference: "C/S split").

A message is one JSON text, `{"type", "version", "timestamp", "data"}`. The names and fields
are those of earlier systems, whose workers can go on; what this gateway adds is optional:
`task_id`, so that a result finds its task after a restart too, `worker_id`, `name` and `tasks`,
so that a worker that comes back is known with what it has, and `kind` of a failure.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec

from plugway import BadRequest

T = TypeVar("T")

#: What a worker may call itself; it is part of a name in the database and in logs.
WORKER_ID = "[A-Za-z0-9._-]"

#: Version of the protocol.
PROTOCOL = "1.0"

#: Bytes of one message at the most: an account with its cookies has a few thousand.
MAX_BYTES = 256 * 1024

#: Seconds between two heartbeats, and of silence after which a worker is taken for dead, and
#: after which a worker takes the gateway for dead.
HEARTBEAT, SILENCE, GATEWAY_SILENCE = 20.0, 180.0, 240.0

#: Renewals that one worker may have at a time.
MAX_THREADS = 64

#: Header that holds the secret.
HEADER = "x-pool-secret"

_Word = Annotated[str, msgspec.Meta(max_length=200)]
_Text = Annotated[str, msgspec.Meta(max_length=2_000)]


class Cookie(msgspec.Struct, frozen=True, omit_defaults=True):
    """Is one cookie; `repr` does not show it."""

    name: Annotated[str, msgspec.Meta(max_length=256)]
    value: Annotated[str, msgspec.Meta(max_length=8_192)] = ""
    domain: Annotated[str, msgspec.Meta(max_length=253)] = ""

    def __repr__(self) -> str:
        return f"Cookie({self.name!r})"


Cookies = Annotated[tuple[Cookie, ...], msgspec.Meta(max_length=200)]


class Message(msgspec.Struct, frozen=True):
    """Is any message.

    Attributes:
        type: Its name.
        data: What it says; None: nothing.
    """

    type: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    data: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return f"Message({self.type!r})"


class ClientReady(msgspec.Struct, frozen=True):
    """Begins a conversation: what a worker can do.

    Attributes:
        max_threads: Renewals that it takes at a time.
        client_version: Its version.
        protocol_version: Version of the protocol it speaks.
        worker_id: Stays the same while it runs, however often it connects; empty: none.
        name: For people.
        tasks: Ids of the renewals that it still has from before.
    """

    max_threads: int = 1
    client_version: _Word = ""
    protocol_version: _Word = ""
    worker_id: Annotated[str, msgspec.Meta(pattern=f"^{WORKER_ID}{{0,40}}$")] = ""
    name: Annotated[str, msgspec.Meta(pattern=r"^[ -~]{0,64}$")] = ""
    tasks: Annotated[tuple[_Word, ...], msgspec.Meta(max_length=MAX_THREADS)] = ()


class TaskRefresh(msgspec.Struct, frozen=True, kw_only=True):
    """Hands a renewal to a worker; `repr` shows no secret.

    Attributes:
        task_id: The credential's id.
        email: Whose account it is, as lists show it.
        cookies: Those to be replaced.
        authorization: Empty: bearers live for minutes, and are made of the cookies.
        config_id: Id of the team.
        csesidx: Number of the sign-in.
    """

    task_id: _Word = ""
    email: _Word = ""
    cookies: Cookies = ()
    authorization: Annotated[str, msgspec.Meta(max_length=8_192)] = ""
    config_id: _Word = ""
    csesidx: _Word = ""

    def __repr__(self) -> str:
        return f"TaskRefresh({self.task_id!r})"


class RefreshResult(msgspec.Struct, frozen=True, kw_only=True):
    """Tells what became of a renewal; `repr` shows no secret.

    Attributes:
        email: As the task had it.
        success: Whether there are new cookies.
        cookies: The new ones; None or none: the account was uploaded.
        error: Why not.
        task_id: As the task had it; workers of earlier systems do not say it.
        kind: What kind of failure it is, as in `failures`; empty: the worker does not know.
        retry_after: Seconds until another try makes sense; 0: not known.
    """

    success: bool
    email: _Word = ""
    cookies: Cookies | None = None
    error: _Text = ""
    task_id: _Word = ""
    kind: _Word = ""
    retry_after: float = 0.0

    def __repr__(self) -> str:
        return f"RefreshResult({self.task_id!r}, success={self.success})"


class Error(msgspec.Struct, frozen=True, kw_only=True):
    """Answers what cannot be done.

    Attributes:
        code: `unsupported`, `bad_request`, `not_held`, `unavailable`.
        message: For people.
        about: Type of the message that it answers.
        task_id: The task that it is about.
    """

    code: str
    message: str
    about: str = ""
    task_id: str = ""


def read(text: str | bytes) -> Message:
    """Read a message.

    Args:
        text: What came; its length has been checked.

    Raises:
        BadRequest: It is none; the message repeats nothing of it.

    Example:
        >>> read('{"type": "heartbeat_ack", "timestamp": 1}').type
        'heartbeat_ack'
    """
    try:
        return msgspec.json.decode(text, type=Message)
    except msgspec.ValidationError:
        raise BadRequest("expected an object with a type, and data that are an object") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise BadRequest("expected JSON") from None


def data_of(message: Message, type_: type[T]) -> T:
    """Read what a message says.

    Args:
        message: The message.
        type_: What it must say.

    Raises:
        BadRequest: It says something else; the field is named, its value not repeated.

    Example:
        >>> data_of(Message("client_ready", {"max_threads": 2}), ClientReady).max_threads
        2
    """
    try:
        return msgspec.convert(message.data or {}, type_)
    except msgspec.ValidationError as error:
        place = str(error).rpartition(" - at ")[2].strip("`") if " - at " in str(error) else "data"
        raise BadRequest(f"{message.type}: {place[:100]} is not what it should be") from None


def written(type_: str, seconds: float, data: msgspec.Struct | None = None) -> str:
    """Write a message.

    Args:
        type_: Its name.
        seconds: Since 1970.
        data: What it says.

    Example:
        >>> written("heartbeat", 1.5)
        '{"type":"heartbeat","version":"1.0","timestamp":1,"data":{}}'
    """
    content = {
        "type": type_,
        "version": PROTOCOL,
        "timestamp": int(seconds),
        "data": {} if data is None else data,
    }
    return msgspec.json.encode(content).decode()
