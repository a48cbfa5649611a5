"""The secret that gateway and workers share."""

from __future__ import annotations

import hmac
from urllib.parse import parse_qsl

from starlette.requests import HTTPConnection

from plugway import NotAuthenticated
from plugway_gemini_business.workers.messages import HEADER

#: Bytes that a presented secret may have.
_MOST = 1_024


def check(connection: HTTPConnection, secret: str) -> None:
    """Let in who presents the secret in a header.

    Args:
        connection: A request or a socket.
        secret: As the settings say; empty lets nobody in.

    Raises:
        NotAuthenticated: It is missing, wrong, given twice, or stands in the address, where
            logs on the way would keep it.
    """
    query = connection.scope.get("query_string", b"").decode("latin-1")
    if any(name == "secret" for name, _ in parse_qsl(query, keep_blank_values=True)):
        # Whether it is right is not told: it must be replaced, or never was one.
        raise NotAuthenticated(
            "A secret does not belong in the address: send it in the header X-Pool-Secret.",
            reason="malformed",
        )
    given = presented(connection)
    if given is None:
        raise NotAuthenticated("Send the workers' secret in the header X-Pool-Secret.")
    if not secret or not hmac.compare_digest(given, secret.encode()):
        raise NotAuthenticated("That is not the workers' secret.")


def presented(connection: HTTPConnection) -> bytes | None:
    """Return the one secret that is presented, or None.

    Args:
        connection: A request or a socket.
    """
    found: list[bytes] = []
    for name, value in connection.scope["headers"]:
        if name == HEADER.encode():
            found.append(value.strip())
        elif name == b"authorization":
            scheme, _, rest = value.partition(b" ")
            found.append(rest.strip() if scheme.lower() == b"bearer" else b"")
    if len(found) == 1 and 0 < len(found[0]) <= _MOST:
        return found[0]
    return None
