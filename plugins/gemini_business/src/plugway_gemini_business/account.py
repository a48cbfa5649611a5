"""One account: what opens it, and to which team it belongs."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from plugway import Secret

#: The cookies that sign in (reference: "Account material"); the first is required.
SESSION_COOKIE = "__Secure-C_SES"
HOST_COOKIE = "__Host-C_OSES"

#: Domain of cookies whose file names none.
DOMAIN = ".gemini.google"

#: Domains whose cookies the upstream's host gets.
_HOMES = frozenset({"gemini.google", "business.gemini.google"})

#: Cookies of other names are not sent: they sign in elsewhere.
_SENT = re.compile(r"__(Secure|Host)-")

_HIDDEN = "…"


class Cookie(msgspec.Struct, frozen=True, omit_defaults=True):
    """Is one cookie of the upstream's.

    Attributes:
        name: Its name.
        value: Its value.
        domain: Where it belongs.
    """

    name: str
    value: str
    domain: str = DOMAIN

    def __repr__(self) -> str:
        return f"Cookie({self.name!r})"

    @property
    def sent(self) -> bool:
        """Return whether it is sent to the upstream."""
        return self.domain.lstrip(".").lower() in _HOMES and _SENT.match(self.name) is not None


class Account(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Is what an account's secret holds.

    Attributes:
        email: Whose it is; empty: not known.
        csesidx: Number of the sign-in.
        config_id: Id of the team.
        cookies: Those that the browser had.
        expires_at: Seconds since 1970 when the cookies end; None: not known.
    """

    email: str = ""
    csesidx: str
    config_id: str
    cookies: tuple[Cookie, ...]
    expires_at: int | None = None

    def __repr__(self) -> str:
        return f"Account({len(self.cookies)} cookies)"

    @property
    def cookie_header(self) -> str:
        """Return the value of `Cookie` for the upstream."""
        return "; ".join([f"{one.name}={one.value}" for one in self.cookies if one.sent])

    @property
    def label(self) -> str:
        """Return whose account it is."""
        return self.email.lower()[:190] or f"csesidx {self.csesidx}"

    def hide(self, text: str) -> str:
        """Take out of a text what would tell about the account.

        Args:
            text: What the upstream said.

        Example:
            >>> one = Account(email="me@example.com", csesidx="1", config_id="ab", cookies=())
            >>> one.hide("me@example.com may not")
            '… may not'
        """
        for known in self._known():
            if len(known) >= 5:
                text = text.replace(known, _HIDDEN)
        return text

    def _known(self) -> Iterator[str]:
        yield from (self.email, self.csesidx, self.config_id)
        yield from (one.value for one in self.cookies)


def read(secret: Secret) -> Account:
    """Return the account of a secret that was checked when it was saved.

    Args:
        secret: What `GeminiBusinessAccount.parse` returned.
    """
    return msgspec.json.decode(secret.reveal(), type=Account)


def written(account: Account) -> str:
    """Return the form that is stored: one line of JSON.

    Args:
        account: The account.
    """
    return msgspec.json.encode(account).decode()
