"""Sessions, and the files in them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

#: Where sessions are, in short and, with the number of a project before it, in full.
PARENT = "collections/default_collection/engines/agentspace-engine"
PROJECT = "projects/836594751283/locations/global"

#: Where a file is from.
Origin = Literal["USER_PROVIDED", "AI_GENERATED"]


class StoredFile(msgspec.Struct, kw_only=True, eq=False):
    """Is a file of a session.

    Attributes:
        id: Its id.
        name: Its name.
        mime_type: Its type.
        content: Its bytes.
        origin: Where it is from.
        at: When it came, seconds since 1970.
        hidden: Questions for the list that do not show it yet; below 0: none ever does.
        about: What can be seen of it, such as `16×16`.
    """

    id: str
    name: str
    mime_type: str
    content: bytes
    origin: Origin
    at: float
    hidden: int = 0
    about: str = ""


class Session(msgspec.Struct, kw_only=True, eq=False):
    """Is one conversation.

    Attributes:
        number: The last part of its name.
        account: Whose.
        title: Its `displayName`.
        at: When it began, seconds since 1970.
        turns: Questions so far.
        files: By id, oldest first.
    """

    number: str
    account: str
    title: str
    at: float
    turns: int = 0
    files: dict[str, StoredFile] = msgspec.field(default_factory=dict)

    @property
    def short(self) -> str:
        """Return the name that its creation gives."""
        return f"{PARENT}/sessions/{self.number}"

    @property
    def full(self) -> str:
        """Return the name that its answers give, which downloads need (reference §1.9)."""
        return f"{PROJECT}/{self.short}"

    def public(self) -> dict[str, Any]:
        """Return what the service says of it."""
        return {
            "name": self.short,
            "displayName": self.title,
            "state": "IN_PROGRESS",
            "startTime": stamp(self.at),
        }


class Sessions:
    """Holds the sessions that there are.

    Example:
        >>> sessions = Sessions()
        >>> made = sessions.open("demo", "", at=0)
        >>> sessions.find(made.full, "demo") is sessions.find(made.short, "demo") is made
        True
        >>> sessions.find(made.short, "other")
    """

    def __init__(self) -> None:
        self._by_number: dict[str, Session] = {}
        self._made = 0
        self._files = 0

    def __iter__(self) -> Iterator[Session]:
        return iter(self._by_number.values())

    def open(self, account: str, title: str, *, at: float) -> Session:
        """Begin a session.

        Args:
            account: Whose.
            title: Its `displayName`.
            at: Seconds since 1970.
        """
        self._made += 1
        made = Session(number=str(10**18 + self._made), account=account, title=title, at=at)
        self._by_number[made.number] = made
        return made

    def find(self, name: str, account: str) -> Session | None:
        """Return an account's session.

        Args:
            name: In short or in full.
            account: Whose.
        """
        number = name.removeprefix(f"{PROJECT}/").removeprefix(f"{PARENT}/sessions/")
        found = self._by_number.get(number)
        if found is None or found.account != account or name not in (found.short, found.full):
            return None
        return found

    def close(self, session: Session) -> None:
        """Delete a session with all that is in it."""
        del self._by_number[session.number]

    def of(self, account: str) -> list[Session]:
        """Return an account's sessions, oldest first."""
        return [session for session in self if session.account == account]

    def file_id(self) -> str:
        """Return an id that no file has."""
        self._files += 1
        return str(5 * 10**18 + self._files)


def stamp(seconds: float) -> str:
    """Write a time as the service does.

    Example:
        >>> stamp(0)
        '1970-01-01T00:00:00.000Z'
    """
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
