"""The session of an account: its cookie's value, and whose it is."""

from __future__ import annotations

import re
from hashlib import sha256

import msgspec

from plugway import Secret

#: The cookie (reference: "Flow / labs.google").
COOKIE = "__Secure-next-auth.session-token"

#: What a cookie's value may hold.
VALUE = re.compile(r"[!#-+\--:<-\[\]-~]{1,16384}")


class Session(msgspec.Struct, frozen=True, omit_defaults=True):
    """Is one session; `repr` does not show it.

    Attributes:
        st: Value of the cookie.
        email: Whose it is, in lower case; empty: the upstream was not asked yet.
    """

    st: str
    email: str = ""

    @property
    def cookie(self) -> str:
        """Return the header's value."""
        return f"{COOKIE}={self.st}"

    def __repr__(self) -> str:
        return f"Session({len(self.st)} characters of {self.email or 'nobody known'})"


def read(secret: Secret) -> Session:
    """Read what is stored.

    Args:
        secret: What `written` made.
    """
    return msgspec.json.decode(secret.reveal(), type=Session)


def written(session: Session) -> str:
    """Return the form to store: one line of JSON, the same for the same session.

    Example:
        >>> written(Session("abc", "one@flow.example"))
        '{"st":"abc","email":"one@flow.example"}'
    """
    return msgspec.json.encode(session).decode()


def digest(session: Session) -> str:
    """Return what tells a session from others without saying it."""
    return sha256(session.st.encode()).hexdigest()


def address(text: object) -> str:
    """Return an e-mail address as accounts are told apart by; empty: it is none.

    Example:
        >>> address(" One@Flow.Example "), address("one"), address(None)
        ('one@flow.example', '', '')
    """
    if not isinstance(text, str):
        return ""
    found = text.strip().lower()
    fits = "@" in found and len(found) <= 190 and found.isprintable() and " " not in found
    return found if fits else ""
