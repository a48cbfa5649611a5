"""What commands ask of a gateway, wherever it is."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

#: Items that one request asks for.
PAGE = 500


class ApiError(Exception):
    """The admin API refused.

    Attributes:
        status: HTTP status; 0: there was no answer.
        code: The API's own code.
        message: For people, one line.
        field: The input at fault.
    """

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field


class Client(ABC):
    """Calls the admin API; a path is given in segments, which may hold anything."""

    @abstractmethod
    def __enter__(self) -> Self:
        """Get ready."""

    @abstractmethod
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go."""

    @abstractmethod
    def send(self, method: str, path: str, raw: str, query: str, body: bytes) -> tuple[int, bytes]:
        """Send a request and return the status and body of its answer.

        Args:
            method: HTTP method.
            path: Decoded.
            raw: The same, encoded.
            query: Encoded, without a question mark.
            body: JSON; empty: none.
        """

    def get(self, *path: str | int, **query: Any) -> Any:
        """Read something below `/api/admin`."""
        return self.call("GET", path, query)

    def post(self, *path: str | int, body: Mapping[str, Any] | None = None) -> Any:
        """Make or do something."""
        return self.call("POST", path, {}, {} if body is None else body)

    def patch(self, *path: str | int, body: Mapping[str, Any]) -> Any:
        """Change something."""
        return self.call("PATCH", path, {}, body)

    def put(self, *path: str | int, body: Mapping[str, Any]) -> Any:
        """Set something."""
        return self.call("PUT", path, {}, body)

    def delete(self, *path: str | int, **query: Any) -> None:
        """Remove something."""
        self.call("DELETE", path, query)

    def items(self, *path: str, limit: int | None = None, **query: Any) -> Iterator[dict[str, Any]]:
        """Yield the items of a list, page by page.

        Args:
            path: Of the list.
            limit: Items at the most; None: all.
            query: Filters; those that are None are left out.
        """
        left = limit
        while left is None or left > 0:
            wanted = PAGE if left is None else min(left, PAGE)
            page = self.get(*path, **query, limit=wanted)
            yield from page["items"]
            if left is not None:
                left -= len(page["items"])
            if page["next"] is None:
                return
            query["after"] = page["next"]

    def call(
        self,
        method: str,
        path: tuple[str | int, ...],
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        *,
        base: str = "/api/admin",
    ) -> Any:
        """Call the API.

        Args:
            method: HTTP method.
            path: Segments.
            query: Parameters; those that are None are left out.
            body: JSON.
            base: Where the segments begin.

        Returns:
            What the answer holds; None: nothing.

        Raises:
            ApiError: It refused, or something else answered.
        """
        given = {name: value for name, value in (query or {}).items() if value is not None}
        status, content = self.send(
            method,
            "/".join((base, *map(str, path))),
            "/".join((base, *(quote(str(segment), safe="") for segment in path))),
            urlencode(given),
            b"" if body is None else json.dumps(body).encode(),
        )
        try:
            answer = json.loads(content) if content else None
        except ValueError:
            answer = None
            if status < 400:
                raise ApiError(status, "not_plugway", "what answered is no plugway") from None
        if status < 400:
            return answer
        raise _refusal(status, answer)


def _refusal(status: int, answer: Any) -> ApiError:
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return ApiError(status, "not_plugway", f"something answered with HTTP status {status}")
    return ApiError(
        status,
        str(error.get("code", "")),
        str(error.get("message", f"HTTP status {status}")),
        error.get("field"),
    )
