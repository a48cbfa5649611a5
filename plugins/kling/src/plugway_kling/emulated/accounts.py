"""The accounts of the emulated service, and what belongs to each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import msgspec

from plugway_kling.emulated.tasks import EmulatedTask


class Selection(msgspec.Struct, kw_only=True):
    """Is a session: of multi-elements, or of faces for lip sync.

    Attributes:
        id: Its id.
        made_at: Seconds since 1970.
        url: The video.
        milliseconds: Length of the video.
        faces: Ids of the faces found; None: it is for multi-elements.
        frames: Marked points by frame.
    """

    id: str
    made_at: float
    url: str
    milliseconds: int
    faces: tuple[str, ...] | None = None
    frames: dict[int, list[tuple[float, float]]] = msgspec.field(default_factory=dict)


class Account(msgspec.Struct, kw_only=True):
    """Is one customer of the emulated service.

    Attributes:
        name: What tests call it.
        access_key: Issuer of its JWTs.
        secret_key: Signs them.
        api_key: Its plain API key.
        webhook_secrets: Sign its callbacks, `whsec_…`; several during a rotation; none:
            callbacks are not signed.
        capacity: Tasks that may run at once, videos and images counted apart; None: any.
        trouble: Code that every create is refused with, such as 1101; None: all is well.
        units: Units it has left; creates are refused with 1102 when there are none.
        tasks: By id, oldest first.
        named: Tasks by external id, oldest first.
        sessions: By id.
        media: Videos and audios that its tasks made, with their address, by id.
        voices: Its own voices by id.
        elements: Its own elements by id.
    """

    name: str
    access_key: str
    secret_key: str
    api_key: str
    webhook_secrets: tuple[str, ...] = ()
    capacity: int | None = None
    trouble: int | None = None
    units: Decimal = Decimal(1_000_000)
    tasks: dict[str, EmulatedTask] = msgspec.field(default_factory=dict)
    named: dict[str, list[EmulatedTask]] = msgspec.field(default_factory=dict)
    sessions: dict[str, Selection] = msgspec.field(default_factory=dict)
    media: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    voices: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    elements: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)

    @property
    def secret(self) -> str:
        """Return what a channel's credential for it is."""
        return f"{self.access_key}|{self.secret_key}"

    def add(self, task: EmulatedTask) -> None:
        """Take a task."""
        self.tasks[task.id] = task
        if task.external_id:
            self.named.setdefault(task.external_id, []).append(task)

    def find(self, name: str, *, external: bool = True) -> EmulatedTask | None:
        """Return a task by its id or, if `external`, its external id: then the newest."""
        if name in self.tasks or not external:
            return self.tasks.get(name)
        return next(reversed(self.named.get(name, [])), None)


class NewAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks for an account, or for changes of one; what is not given stays or is made up.

    Attributes:
        name: Which.
        webhook_secrets: See `Account`.
        capacity: See `Account`; None: no limit.
        trouble: See `Account`; None: all is well.
        units: See `Account`.
    """

    name: str
    webhook_secrets: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    capacity: int | msgspec.UnsetType | None = msgspec.UNSET
    trouble: int | msgspec.UnsetType | None = msgspec.UNSET
    units: Decimal | msgspec.UnsetType = msgspec.UNSET


def account(name: str, **details: Any) -> Account:
    """Make an account whose keys follow from its name.

    Args:
        name: Its name.
        details: Other fields of `Account`.

    Example:
        >>> account("demo").secret
        'ak-emulator-demo|sk-emulator-demo-0123456789abcdef'
    """
    keys = {
        "access_key": f"ak-emulator-{name}",
        "secret_key": f"sk-emulator-{name}-0123456789abcdef",
        "api_key": f"api-key-emulator-{name}-0123456789abcdef",
    }
    return Account(name=name, **{**keys, **details})


class Accounts:
    """Holds the accounts.

    Example:
        >>> accounts = Accounts([account("a")])
        >>> accounts.change(NewAccount(name="a", capacity=3)).capacity
        3
        >>> accounts["a"].capacity
        3
    """

    def __init__(self, accounts: Iterable[Account]) -> None:
        """Hold accounts.

        Args:
            accounts: With different names.
        """
        self._by_name = {account.name: account for account in accounts}

    def __iter__(self) -> Iterator[Account]:
        return iter(self._by_name.values())

    def __getitem__(self, name: str) -> Account:
        return self._by_name[name]

    def task(self, task_id: str) -> EmulatedTask | None:
        """Return a task of whatever account by its id."""
        found = (account.tasks.get(task_id) for account in self)
        return next((task for task in found if task is not None), None)

    def change(self, asked: NewAccount) -> Account:
        """Change an account, or open it, and return it.

        Args:
            asked: What of it.
        """
        found = self._by_name.setdefault(asked.name, account(asked.name))
        for field in ("webhook_secrets", "capacity", "trouble", "units"):
            value = getattr(asked, field)
            if value is not msgspec.UNSET:
                setattr(found, field, value)
        return found
