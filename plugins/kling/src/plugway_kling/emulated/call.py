"""One request to the emulated service, once it is known whose it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from plugway_kling.emulated.accounts import Account
from plugway_kling.emulated.kind import decoded
from plugway_kling.emulated.tasks import EmulatedTask


class Call(msgspec.Struct, kw_only=True, eq=False):
    """Is one request.

    Attributes:
        account: Who asks.
        path: Its path without a trailing slash.
        params: Parts of the path.
        query: Its query.
        content: Its body.
        key: What chaos depends on: the same for the same request in another run.
        made: The task that it made.
    """

    account: Account
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    content: bytes
    key: str
    made: EmulatedTask | None = None

    def body(self) -> dict[str, Any]:
        """Return its body.

        Raises:
            Refusal: It is no JSON object.
        """
        return decoded(self.content)


#: Answers a call with what becomes the answer's data, or raises `Refusal`.
Endpoint = Callable[[Call], Any]


class Way(msgspec.Struct, frozen=True):
    """Is one method and path of the service.

    Attributes:
        method: HTTP method.
        path: Path, in the notation of aiohttp, without a trailing slash.
        endpoint: Answers.
        jwt: Whether a JWT will do.
    """

    method: str
    path: str
    endpoint: Endpoint
    jwt: bool = True


Ways = Iterable[Way]
