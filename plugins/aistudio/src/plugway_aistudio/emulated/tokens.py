"""The tokens that a page computes for what it sends (reference: "RPC that carries the answer").

Nobody outside knows how the real ones are made. These are as bound: to the load of the page, to
the account that loaded it, to what is sent, and to one request. A token is
`<mark of the load>.<number of the request>.<SHA-256 of mark, number and every text>`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import msgspec

#: Loads of the page that are remembered; one older has no tokens any more.
REMEMBERED = 1_000


class Load(msgspec.Struct, kw_only=True, eq=False):
    """Is one load of the page.

    Attributes:
        mark: Its secret.
        account: Name of the account that loaded it.
        used: Number of the last request with a token of it.
    """

    mark: str
    account: str
    used: int = 0


class Tokens:
    """Gives marks to loads of the page, and takes the tokens made with them once.

    Example:
        >>> tokens = Tokens()
        >>> mark = tokens.load("first").mark
        >>> token = made(mark, 1, [[[None, "Hello"]]])
        >>> tokens.take("first", token, [[[None, "Hello"]]])
        True
        >>> tokens.take("first", token, [[[None, "Hello"]]])
        False
    """

    def __init__(self) -> None:
        self._loads: OrderedDict[str, Load] = OrderedDict()

    def load(self, account: str) -> Load:
        """Begin a load of the page.

        Args:
            account: Whose.
        """
        made = Load(mark=secrets.token_hex(12), account=account)
        self._loads[made.mark] = made
        if len(self._loads) > REMEMBERED:
            self._loads.popitem(last=False)
        return made

    def take(self, account: str, token: object, contents: Any) -> bool:
        """Say whether a token may be used for a request, and take it.

        Args:
            account: Who sends it.
            token: As sent.
            contents: What it is sent for.
        """
        if not isinstance(token, str) or token.count(".") != 2:
            return False
        mark, number, _ = token.split(".")
        load = self._loads.get(mark)
        if load is None or load.account != account or not number.isdigit():
            return False
        if int(number) <= load.used or token != made(mark, int(number), contents):
            return False
        load.used = int(number)
        return True


def made(mark: str, number: int, contents: Any) -> str:
    """Return the token of a request.

    Args:
        mark: Of the load of the page.
        number: Of the request, 1 or more.
        contents: What is sent: every text in it counts.
    """
    digest = hashlib.sha256(f"{mark}:{number}".encode())
    for text in _texts(contents):
        # A script's text may hold half characters, which the page's encoder replaces.
        whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        digest.update(b"\n" + whole.encode())
    return f"{mark}.{number}.{digest.hexdigest()}"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
