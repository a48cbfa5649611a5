"""The accounts of the emulated service, and how they are signed in."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal

import msgspec

from plugway_gemini_business.emulated.keys import Keys

#: What a quota is of.
Kind = Literal["text", "images", "videos"]

#: What an account may be.
State = Literal["good", "expired", "restricted"]

#: What the browser gets to see; see `pages`.
Page = Literal["normal", "challenge", "restricted", "endless", "idle"]

Count = Annotated[int, msgspec.Meta(ge=0)]

#: The cookies: the first is needed, the second is not (reference §1.2).
SES, OSES = "__Secure-C_SES", "__Host-C_OSES"


class SignIn(msgspec.Struct, kw_only=True, eq=False):
    """Is one pair of cookies.

    Attributes:
        ses: Value of `__Secure-C_SES`.
        oses: Value of `__Host-C_OSES`.
        at: When it was given out, seconds since 1970.
        revoked: Whether it has ended before its time.
    """

    ses: str
    oses: str
    at: float
    revoked: bool = False


class Account(msgspec.Struct, kw_only=True, eq=False):
    """Is one account.

    Attributes:
        name: What tests call it.
        email: Its address.
        csesidx: Digits.
        config_id: Hex and dashes.
        code: What its mail would say at a sign-in.
        keys: Sign its bearers.
        state: `good`; `expired`: every cookie is refused with 401 until somebody signs in;
            `restricted`: everything is refused with 403.
        page: What the browser gets to see.
        quotas: Most a day, by kind; a kind that is not there has no limit.
        limited: Kinds that are used up until then, seconds since 1970.
        used: Used up today, by kind.
        day: Which day that is.
        sign_ins: Oldest first.
    """

    name: str
    email: str
    csesidx: str
    config_id: str
    code: str
    keys: Keys
    state: State = "good"
    page: Page = "normal"
    quotas: dict[Kind, Count] = msgspec.field(default_factory=dict)
    limited: dict[Kind, float] = msgspec.field(default_factory=dict)
    used: dict[Kind, int] = msgspec.field(default_factory=dict)
    day: str = ""
    sign_ins: list[SignIn] = msgspec.field(default_factory=list)

    def sign_in(self, now: float) -> SignIn:
        """Give out a new pair of cookies.

        Args:
            now: Seconds since 1970.
        """
        number = len(self.sign_ins)
        ses, oses = (_drawn(self.name, kind, number) for kind in ("ses", "oses"))
        made = SignIn(ses=f"CSE.{ses}", oses=f"COS.{oses}", at=now)
        self.sign_ins.append(made)
        return made

    def pair(self, ses: str, oses: str = "") -> SignIn | None:
        """Return the sign-in of cookies, whether it still holds or not.

        Args:
            ses: Value of `__Secure-C_SES`.
            oses: Value of `__Host-C_OSES`; empty: it was not sent.
        """
        pairs = (pair for pair in self.sign_ins if pair.ses == ses and oses in ("", pair.oses))
        return next(pairs, None)

    def revoke(self) -> None:
        """End every sign-in there is."""
        for each in self.sign_ins:
            each.revoked = True


class NewAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks for an account, or for changes of one; what is not given stays or is made up.

    Attributes:
        name: Which.
        state: See `Account`.
        page: See `Account`.
        code: See `Account`.
        quotas: See `Account`.
        limited: See `Account`.
    """

    name: str
    state: State | msgspec.UnsetType = msgspec.UNSET
    page: Page | msgspec.UnsetType = msgspec.UNSET
    code: str | msgspec.UnsetType = msgspec.UNSET
    quotas: dict[Kind, Count] | msgspec.UnsetType = msgspec.UNSET
    limited: dict[Kind, float] | msgspec.UnsetType = msgspec.UNSET


def account(name: str, **details: Any) -> Account:
    """Make an account whose marks follow from its name.

    Args:
        name: Its name.
        details: Other fields of `Account`.

    Example:
        >>> account("demo").email
        'demo@business.example'
        >>> account("demo").csesidx == account("demo").csesidx != account("other").csesidx
        True
    """
    drawn = hashlib.sha256(name.encode()).digest()
    marks: dict[str, Any] = {
        "email": f"{name}@business.example",
        "csesidx": str(int.from_bytes(drawn[:4], "big") + 10**9),
        "config_id": str(uuid.UUID(bytes=drawn[4:20])),
        "code": drawn[20:23].hex().upper(),
        "keys": Keys(name),
    }
    return Account(name=name, **{**marks, **details})


class Accounts:
    """Holds the accounts.

    Example:
        >>> accounts = Accounts([account("a")])
        >>> accounts.change(NewAccount(name="a", state="restricted")).state
        'restricted'
        >>> accounts["a"].state
        'restricted'
    """

    def __init__(self, accounts: Iterable[Account]) -> None:
        """Hold accounts.

        Args:
            accounts: With different names.
        """
        self._by_name = {account.name: account for account in accounts}
        self._by_index = {account.csesidx: account for account in self}

    def __iter__(self) -> Iterator[Account]:
        return iter(self._by_name.values())

    def __getitem__(self, name: str) -> Account:
        return self._by_name[name]

    def of_index(self, csesidx: str) -> Account | None:
        """Return the account with a `csesidx`."""
        return self._by_index.get(csesidx)

    def of_email(self, email: str) -> Account | None:
        """Return the account with an address, in whatever case it is written."""
        wanted = email.strip().casefold()
        return next((each for each in self if each.email.casefold() == wanted), None)

    def signed_in(self, ses: str) -> Account | None:
        """Return whose `__Secure-C_SES` this is, whether it still holds or not."""
        return next((each for each in self if each.pair(ses) is not None), None)

    def change(self, asked: NewAccount) -> Account:
        """Change an account, or open it, and return it.

        Args:
            asked: What of it.
        """
        found = self._by_name.get(asked.name)
        if found is None:
            found = self._by_name[asked.name] = account(asked.name)
            self._by_index[found.csesidx] = found
        for field in ("state", "page", "code", "quotas", "limited"):
            value = getattr(asked, field)
            if value is not msgspec.UNSET:
                setattr(found, field, value)
        return found


def _drawn(*parts: object) -> str:
    text = ":".join(str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:48]
