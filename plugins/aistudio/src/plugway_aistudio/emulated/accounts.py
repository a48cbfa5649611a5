"""The accounts of the emulated service, and the cookies that they are signed in by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

import msgspec

#: What an account may be.
State = Literal["good", "expired", "restricted", "migrated", "challenge"]

#: Cookies of a sign-in (reference: "Auth profiles"); the last is renewed on every visit.
COOKIES = (
    *("SID", "HSID", "SSID", "APISID", "SAPISID"),
    *("__Secure-1PSID", "__Secure-3PSID", "SIDCC"),
)

#: Without these a request is nobody's.
NEEDED = ("SID", "__Secure-1PSID")

#: Cookies that scripts of the page may read, as on the real site.
OPEN = ("APISID", "SAPISID", "SIDCC")

#: How long a sign-in lasts, seconds.
LASTING = 34_560_000

Count = Annotated[int, msgspec.Meta(ge=0)]


class Limit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Says how often an account may ask a model.

    Attributes:
        minute: Most questions in a minute of the clock; None: any number.
        day: Most questions in a day of Los Angeles; None: any number.
    """

    minute: Count | None = None
    day: Count | None = None


class Account(msgspec.Struct, kw_only=True, eq=False):
    """Is one account.

    Attributes:
        name: What tests call it.
        email: Its address.
        password: What a person types at the sign-in.
        state: `good`; `expired`: its cookies hold no longer, until somebody signs in;
            `restricted`: it sees the page and may ask nothing; `migrated`: it is led to a page
            that says so; `challenge`: it is led to a page that wants a person.
        sign_ins: How often somebody signed it in; earlier cookies hold no longer.
        renewed: How often `SIDCC` was renewed.
        keeps: How many of the newest `SIDCC` hold; None: all.
        limits: By model; `*` is for every model that has none of its own.
    """

    name: str
    email: str
    password: str
    state: State = "good"
    sign_ins: int = 1
    renewed: int = 0
    keeps: Annotated[int, msgspec.Meta(ge=1)] | None = None
    limits: dict[str, Limit] = msgspec.field(default_factory=dict)

    def cookies(self) -> dict[str, str]:
        """Return its newest cookies."""
        made = {name: self._drawn(name, self.sign_ins) for name in COOKIES}
        made["SIDCC"] = self.sidcc(self.renewed)
        return made

    def sidcc(self, renewed: int) -> str:
        """Return a `SIDCC`.

        Args:
            renewed: Which: 0 is the first of the sign-in.
        """
        return f"{renewed}.{self._drawn('SIDCC', self.sign_ins, renewed)}"

    def owns(self, cookies: Mapping[str, str]) -> bool:
        """Say whether cookies are its, whether they still hold or not.

        Args:
            cookies: By name.
        """
        given = cookies.get("SID", "")
        return any(given == self._drawn("SID", number) for number in range(1, self.sign_ins + 1))

    def holds(self, cookies: Mapping[str, str]) -> bool:
        """Say whether it is signed in by cookies.

        Args:
            cookies: By name.
        """
        if self.state == "expired":
            return False
        if any(cookies.get(name) != self._drawn(name, self.sign_ins) for name in NEEDED):
            return False
        number, _, _ = cookies.get("SIDCC", "").partition(".")
        if self.keeps is None:
            return True
        known = number.isdigit() and cookies["SIDCC"] == self.sidcc(int(number))
        return known and int(number) > self.renewed - self.keeps

    def renew(self) -> str:
        """Give out the next `SIDCC`, and return it."""
        self.renewed += 1
        return self.sidcc(self.renewed)

    def sign_in(self) -> None:
        """Give out new cookies; those before hold no longer."""
        self.sign_ins += 1
        self.renewed = 0
        if self.state == "expired":
            self.state = "good"

    def limit(self, model: str) -> Limit:
        """Return how often it may ask a model.

        Args:
            model: Its id.
        """
        return self.limits.get(model) or self.limits.get("*") or Limit()

    def _drawn(self, *parts: object) -> str:
        text = ":".join(str(part) for part in (self.name, *parts))
        return "g.a000" + hashlib.sha256(text.encode()).hexdigest()[:48]


def account(name: str, **details: Any) -> Account:
    """Make an account whose marks follow from its name.

    Args:
        name: Its name.
        details: Other fields of `Account`.

    Example:
        >>> account("first").email
        'first@studio.example'
    """
    marks: dict[str, Any] = {"email": f"{name}@studio.example", "password": f"password of {name}"}
    return Account(name=name, **{**marks, **details})


class Accounts:
    """Holds the accounts.

    Example:
        >>> accounts = Accounts([account("a")])
        >>> accounts.of(accounts["a"].cookies()).name
        'a'
    """

    def __init__(self, accounts: Iterable[Account]) -> None:
        """Hold accounts.

        Args:
            accounts: With different names.
        """
        self._by_name = {each.name: each for each in accounts}

    def __iter__(self) -> Iterator[Account]:
        return iter(self._by_name.values())

    def __getitem__(self, name: str) -> Account:
        return self._by_name[name]

    def add(self, account: Account) -> None:
        """Hold another account.

        Args:
            account: With a name of its own.
        """
        self._by_name[account.name] = account

    def of(self, cookies: Mapping[str, str]) -> Account | None:
        """Return whose cookies these are, whether they still hold or not.

        Args:
            cookies: By name.
        """
        return next((each for each in self if each.owns(cookies)), None)

    def of_email(self, email: str) -> Account | None:
        """Return the account with an address.

        Args:
            email: In whatever case it is written.
        """
        wanted = email.strip().casefold()
        return next((each for each in self if each.email.casefold() == wanted), None)
