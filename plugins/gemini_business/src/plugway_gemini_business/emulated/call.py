"""One request to a widget method, once it is known whose it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec
from aiohttp import web

from plugway_gemini_business.emulated.accounts import Account
from plugway_gemini_business.emulated.mishaps import CallName, Mishap
from plugway_gemini_business.emulated.schema import Field
from plugway_gemini_business.emulated.truth import Use


class Call(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Is one request.

    Attributes:
        account: Who asks.
        asked: What the envelope holds.
        use: What is known of it afterwards.
        mishap: What goes wrong with it.
        request: The request.
    """

    account: Account
    asked: dict[str, Any]
    use: Use
    mishap: Mishap | None
    request: web.Request


#: Answers a call, or raises `Refusal`.
Endpoint = Callable[[Call], Awaitable[web.StreamResponse]]


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """Is one widget method.

    Attributes:
        method: Last part of its path.
        envelope: Name of the request in the envelope.
        fields: What the request may have.
        call: What it is called here.
        endpoint: Answers.
        streams: Whether it answers bit by bit.
    """

    method: str
    envelope: str
    fields: dict[str, Field]
    call: CallName
    endpoint: Endpoint
    streams: bool = False


Ways = Iterable[Way]
