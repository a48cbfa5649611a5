"""Jobs that outlive their call, and how a plugin asks an upstream for them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Annotated, Literal, Protocol

import msgspec

from plugway.contract.conversation import Media
from plugway.contract.usage import Usage
from plugway.errors import ConfigurationError

if TYPE_CHECKING:
    from plugway.calls.turn import Turn

#: `pending`: its row and hold exist, nothing was sent. `unknown`: the answer to its submit
#: was lost. The last three are ends, and never change.
TaskState = Literal["pending", "unknown", "submitted", "processing", "succeed", "failed", "expired"]

#: States that a task ends in.
ENDED = frozenset({"succeed", "failed", "expired"})


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """Is one upstream job as it stands in the database.

    Attributes:
        id: Database id.
        call_id: Its call's id, and the name that the upstream knows it by from the first
            byte on, so that a lost answer can be found again.
        provider: The provider.
        kind: The plugin's word for how the upstream is asked for it.
        model: The model.
        user_id: Whose it is.
        channel_id: The channel that was asked.
        credential_id: The credential that made it, and the only one that can ask for it.
        upstream_id: The upstream's own name for it; None: not known yet.
        external_id: The caller's own name for it.
        callback_url: Where the caller wants to hear of it.
        state: Where it stands.
        progress: Percent, where the upstream tells.
        reason: Why it failed.
        request: What was asked, long strings cut; JSON.
        answer: What the upstream said last; JSON.
        price: Credits that its success costs.
        facts: What its usage row will say; the core's own, JSON.
        polls: How often the upstream was asked.
        failures: Polls in a row that told nothing.
        next_poll_at: When it is asked for next; None: it has ended.
        deadline: When it expires; None: it has ended.
        created_at: Microseconds since 1970.
        updated_at: When something was last learnt of it.
        finished_at: When it ended.

    Example:
        >>> Task(id=1, call_id="a", provider="kling", kind="text2video", model="kling-v1",
        ...      user_id=1, created_at=0, updated_at=0).ended
        False
    """

    id: int
    call_id: str
    provider: str
    kind: str
    model: str
    user_id: int
    channel_id: int | None = None
    credential_id: int | None = None
    upstream_id: str | None = None
    external_id: str | None = None
    callback_url: str | None = None
    state: TaskState = "pending"
    progress: int | None = None
    reason: str | None = None
    request: str = "{}"
    answer: str | None = None
    price: int = 0
    facts: str = "{}"
    polls: int = 0
    failures: int = 0
    next_poll_at: int | None = None
    deadline: int | None = None
    created_at: int
    updated_at: int
    finished_at: int | None = None

    @property
    def ended(self) -> bool:
        """Return whether it has ended."""
        return self.state in ENDED


class TaskUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """Tells what the upstream said of a task.

    Attributes:
        state: Where the upstream says it stands.
        upstream_id: The upstream's name for it.
        answer: What it said, as JSON: kept with the task.
        progress: Percent, 0 to 100, where it tells.
        reason: Why it failed; no secret. Where the upstream's rules do not allow it, it begins
            with `safety_blocked: `.
        usages: What it did use, if that is to be charged instead of what was quoted at the
            submit. A plugin reports usage and never money.
        media: What it made, of one that succeeded: the bytes, or the URL where the upstream
            has it, and in `name` the upstream's name for it, if it has one. The core fetches
            and keeps it before the task ends; see `gateway.media`.

    Raises:
        ConfigurationError: A progress out of bounds.

    Example:
        >>> TaskUpdate(state="processing", answer="{}").ended
        False
    """

    state: Literal["submitted", "processing", "succeed", "failed"]
    answer: str
    upstream_id: str | None = None
    progress: int | None = None
    reason: str | None = None
    usages: tuple[Usage, ...] | None = None
    media: tuple[Media, ...] = ()

    def __post_init__(self) -> None:
        if self.progress is not None and not 0 <= self.progress <= 100:
            raise ConfigurationError(f"progress must be from 0 to 100, not {self.progress}")

    @property
    def ended(self) -> bool:
        """Return whether the task has ended."""
        return self.state in ENDED


class Ask(Protocol):
    """Asks the upstream with the credential that made the task."""

    async def __call__(
        self, target: str, *, method: str = "GET", content: bytes | None = None
    ) -> bytes:
        """Send a request and return the body of an answer below 400.

        Args:
            target: Path and query, as on the wire.
            method: HTTP method; never one that makes a task.
            content: JSON body.

        Raises:
            TaskGone: The upstream answered 404 or 410, and the poller says that this means it.
            UpstreamError: It could not be asked, or refused: the task stays as it is and is
                asked for later.
        """

    def turn(self) -> AbstractAsyncContextManager[Turn]:
        """Return what sends several requests, or such as want more than a body of JSON.

        What is raised within concerns the credential as it does in a call.

        Example:
            ```python
            async with ask.turn() as turn:
                answer = await turn.send("GET", f"/media/{task.upstream_id}")
            ```
        """


Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """Says how often an upstream is asked for one task.

    Attributes:
        first: Seconds from the submit to the first poll: the provider's typical time.
        interval: Seconds between polls then; it grows as the task ages.
        slowest: Seconds that it grows to.
        most: Polls after which a task expires that still goes on; None: only its deadline
            ends it.

    Raises:
        ConfigurationError: Not above 0, or slower at first than at last.

    Example:
        >>> Pace(first=20, interval=10).slowest
        120.0
    """

    first: Seconds = 10.0
    interval: Seconds = 10.0
    slowest: Seconds = 120.0
    most: Annotated[int, msgspec.Meta(ge=1)] | None = None

    def __post_init__(self) -> None:
        if not 0 < self.interval <= self.slowest or self.first <= 0:
            raise ConfigurationError("a pace needs 0 < interval <= slowest, and first above 0")
        if self.most is not None and self.most < 1:
            raise ConfigurationError("a pace needs at least one poll")


class Poller(ABC):
    """Asks one provider's upstream for tasks.

    Attributes:
        provider: Whose tasks; one poller a provider.
    """

    provider: str

    def pace(self, task: Task) -> Pace:
        """Say how often to ask for a task.

        Args:
            task: The task.
        """
        return Pace()

    @abstractmethod
    async def poll(self, task: Task, ask: Ask) -> TaskUpdate:
        """Ask for a task whose upstream id is known.

        Args:
            task: The task.
            ask: Asks with the task's credential.

        Raises:
            TaskGone: The upstream has it no more. Said twice, some time apart, the task fails,
                and nothing is charged.
            UpstreamError: Nothing was learnt. A status word or a shape that is not known is
                such an error too, never "still running".
        """

    @abstractmethod
    async def find(self, task: Task, ask: Ask) -> TaskUpdate:
        """Ask for a task by its `call_id`, because the answer to its submit was lost.

        Args:
            task: The task; its upstream id is not known.
            ask: Asks with the credential that the submit used.

        Returns:
            What the upstream says, with its `upstream_id`.

        Raises:
            TaskGone: The upstream knows no such task. Said twice, some time apart, the
                task fails, and nothing is charged.
            UpstreamError: Nothing was learnt.
        """

    def gone(self, body: bytes) -> bool:
        """Say whether an answer with status 404 or 410 means that there is no such task.

        A balancer in the upstream's way answers so too, for every task at once.

        Args:
            body: What it said.
        """
        return True

    def callback(self, task: Task, update: TaskUpdate) -> bytes | None:
        """Write the message that a caller gets at its `callback_url`.

        Args:
            task: The task, as it was before.
            update: What happened; `expired` comes as `failed`.

        Returns:
            The body, JSON, with the caller's own ids; None: this change is not told.
        """
        return None
