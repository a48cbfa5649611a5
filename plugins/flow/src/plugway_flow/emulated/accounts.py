"""The accounts of the emulated service, and how they are signed in."""

from __future__ import annotations

import hashlib
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal

import msgspec

from plugway_flow.emulated.models import Tier

#: The cookie of the site's session.
COOKIE = "__Secure-next-auth.session-token"

#: What an account may be.
State = Literal["good", "signed_out", "migrated", "restricted", "challenged", "busy"]

Count = Annotated[int, msgspec.Meta(ge=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


class Given(msgspec.Struct, kw_only=True, eq=False):
    """Is one cookie or access token that was given out.

    Attributes:
        value: What the client sends.
        until: When it ends, seconds since 1970.
        revoked: Whether it has ended before its time.
    """

    value: str
    until: float
    revoked: bool = False

    def holds(self, now: float) -> bool:
        """Say whether it still counts.

        Args:
            now: Seconds since 1970.
        """
        return not self.revoked and now < self.until


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """Is one project.

    Attributes:
        id: Its id.
        title: What the client called it.
        at: When it was made, seconds since 1970.
    """

    id: str
    title: str
    at: float


class Account(msgspec.Struct, kw_only=True, eq=False):
    """Is one account.

    Attributes:
        name: What tests call it.
        email: Its address.
        tier: What it has paid for.
        credits: What it has left.
        state: `good`; `signed_out`: no cookie and no token holds until somebody signs in;
            `migrated`: moved to the new site; `restricted`: the API refuses everything with
            403; `challenged`: what makes something needs a challenge token; `busy`: what
            makes something is refused with 429.
        token_seconds: How long its access tokens hold; None: as usual.
        sessions: Cookies, oldest first.
        tokens: Access tokens, oldest first.
        projects: By id, oldest first.
        opened: How many projects it ever had.
    """

    name: str
    email: str
    tier: Tier = "PAYGATE_TIER_ONE"
    credits: Count = 1_000
    state: State = "good"
    token_seconds: Seconds | None = None
    sessions: list[Given] = msgspec.field(default_factory=list)
    tokens: list[Given] = msgspec.field(default_factory=list)
    projects: dict[str, Project] = msgspec.field(default_factory=dict)
    opened: int = 0

    @property
    def secret(self) -> str:
        """Return the value of its newest cookie."""
        return self.sessions[-1].value

    def sign_in(self, until: float) -> Given:
        """Give out a cookie.

        Args:
            until: When it ends, seconds since 1970.
        """
        drawn = _drawn(self.name, "session", len(self.sessions), 180)
        # As an encrypted token is written: a header, no key, and three parts that tell nothing.
        head = _encoded(b'{"alg":"dir","enc":"A256GCM"}')
        parts = (_encoded(drawn[:12]), _encoded(drawn[12:164]), _encoded(drawn[164:]))
        given = Given(value=f"{head}..{'.'.join(parts)}", until=until)
        self.sessions.append(given)
        return given

    def token(self, now: float, seconds: float, early: float) -> Given:
        """Return an access token with enough time left, a new one if need be.

        Args:
            now: Seconds since 1970.
            seconds: How long a new one holds.
            early: What must be left of an old one, above.
        """
        newest = self.tokens[-1] if self.tokens else None
        if newest is not None and newest.holds(now) and newest.until - now > early:
            return newest
        return self.mint(now + seconds)

    def mint(self, until: float) -> Given:
        """Give out an access token.

        Args:
            until: When it ends, seconds since 1970.
        """
        drawn = _drawn(self.name, "token", len(self.tokens), 150)
        given = Given(value=f"ya29.{_encoded(drawn)}", until=until)
        self.tokens.append(given)
        return given

    def open_project(self, title: str, now: float) -> Project:
        """Make a project.

        Args:
            title: What it is called.
            now: Seconds since 1970.
        """
        drawn = _drawn(self.name, "project", self.opened, 16)
        self.opened += 1
        made = Project(id=str(uuid.UUID(bytes=drawn, version=4)), title=title, at=now)
        self.projects[made.id] = made
        return made

    def revoke(self, *, sessions: bool = True, tokens: bool = True) -> None:
        """End what was given out.

        Args:
            sessions: Whether the cookies.
            tokens: Whether the access tokens.
        """
        for each in (*(self.sessions if sessions else ()), *(self.tokens if tokens else ())):
            each.revoked = True


class NewAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks for an account, or for changes of one; what is not given stays or is made up.

    Attributes:
        name: Which.
        email: See `Account`.
        tier: See `Account`.
        credits: See `Account`.
        state: See `Account`.
        token_seconds: See `Account`.
    """

    name: Annotated[str, msgspec.Meta(min_length=1)]
    email: str | msgspec.UnsetType = msgspec.UNSET
    tier: Tier | msgspec.UnsetType = msgspec.UNSET
    credits: Count | msgspec.UnsetType = msgspec.UNSET
    state: State | msgspec.UnsetType = msgspec.UNSET
    token_seconds: Seconds | msgspec.UnsetType | None = msgspec.UNSET


def account(name: str, **details: Any) -> Account:
    """Make an account whose address follows from its name.

    Args:
        name: Its name.
        details: Other fields of `Account`.

    Example:
        >>> account("demo").email
        'demo@flow.example'
    """
    return Account(name=name, **{"email": f"{name}@flow.example", **details})


class Accounts:
    """Holds the accounts.

    Example:
        >>> accounts = Accounts([account("a")])
        >>> accounts.change(NewAccount(name="a", credits=7)).credits
        7
        >>> accounts["a"].credits
        7
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

    def of_session(self, value: str, now: float) -> Account | None:
        """Return whose cookie this is, if it holds.

        Args:
            value: The cookie's.
            now: Seconds since 1970.
        """
        for each in self:
            if any(given.value == value and given.holds(now) for given in each.sessions):
                return each
        return None

    def of_token(self, value: str, now: float) -> Account | None:
        """Return whose access token this is, if it holds.

        Args:
            value: The token.
            now: Seconds since 1970.
        """
        for each in self:
            if any(given.value == value and given.holds(now) for given in each.tokens):
                return each
        return None

    def change(self, asked: NewAccount) -> Account:
        """Change an account, or open it, and return it.

        Args:
            asked: What of it.
        """
        given = {
            name: value
            for name, value in msgspec.structs.asdict(asked).items()
            if name != "name" and value is not msgspec.UNSET
        }
        found = self._by_name.get(asked.name)
        if found is None:
            found = self._by_name[asked.name] = account(asked.name, **given)
        for name, value in given.items():
            setattr(found, name, value)
        return found


def _drawn(*about: object) -> bytes:
    """Return bytes that depend on nothing but what is given; the last says how many."""
    *words, size = about
    text = "\x1f".join(str(word) for word in words)
    return hashlib.shake_256(text.encode()).digest(int(str(size)))


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")
