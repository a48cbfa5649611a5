"""One request, once it is known whose it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from plugway_flow.emulated.accounts import Account
from plugway_flow.emulated.mishaps import CallName, Mishap
from plugway_flow.emulated.refusals import Refusal
from plugway_flow.emulated.truth import Use


class Call(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Is one request.

    Attributes:
        who: Who asks; None: nobody that is known.
        body: What was sent; empty: nothing.
        request: The request.
        use: What is known of it afterwards.
        mishap: What goes wrong with it.
    """

    who: Account | None
    body: dict[str, Any]
    request: web.Request
    use: Use
    mishap: Mishap | None

    @property
    def account(self) -> Account:
        """Return who asks.

        Raises:
            Refusal: Nobody that is known.
        """
        if self.who is None:
            raise Refusal(401)
        return self.who

    @property
    def kind(self) -> str:
        """Return what goes wrong with it; empty: nothing."""
        return "" if self.mishap is None else self.mishap.kind


#: Answers a call with what goes into JSON, or with a whole answer, or raises `Refusal`.
Endpoint = Callable[[Call], dict[str, Any] | web.Response]


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """Is one method and path.

    Attributes:
        method: HTTP method.
        path: Path, as routes have it.
        call: What it is called here.
        endpoint: Answers.
    """

    method: str
    path: str
    call: CallName
    endpoint: Endpoint
