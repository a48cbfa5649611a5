"""What an emulator remembers of a request."""

from __future__ import annotations

from typing import Any

import msgspec


class Seen(msgspec.Struct, kw_only=True):
    """Is one request that an emulator saw.

    Attributes:
        method: HTTP method.
        target: Path and query, as they came over the wire.
        headers: Names and values in the order they came.
        body: The body; None: it was left to the endpoint.
        status: What was answered; None: nothing, or not yet.
        left: The client went before it had the whole answer.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None = None
    status: int | None = None
    left: bool = False

    @property
    def path(self) -> str:
        """Return the path without the query."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str | None:
        """Return the first header of a name, in any case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def json(self) -> Any:
        """Return the body, decoded."""
        return msgspec.json.decode(self.body or b"")

    def public(self) -> dict[str, Any]:
        """Return a form for JSON; bytes of the body that are no UTF-8 are replaced."""
        body = None if self.body is None else self.body.decode(errors="replace")
        return {**msgspec.structs.asdict(self), "body": body}
