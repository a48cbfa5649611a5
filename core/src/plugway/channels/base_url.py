"""The address of an upstream, checked when it is saved."""

from __future__ import annotations

from typing import Literal
from urllib.parse import SplitResult, urlsplit

from plugway.errors import BadRequest


def check_base_url(text: str, form: Literal["origin", "any"]) -> str:
    """Return a base URL that paths can be appended to.

    It is the operator's own and may be a private address.

    Args:
        text: As typed.
        form: `origin`: scheme and host only; `any`: a path may follow.

    Raises:
        BadRequest: Not usable; the message shows the right form.

    Example:
        >>> check_base_url("https://api.example.com", "origin")
        'https://api.example.com'
    """
    text = text.strip()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _refuse("it cannot be read", "https://host") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _refuse("scheme and host are missing", "https://host")
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise _refuse("it holds characters that a URL cannot", "https://host")
    origin = _origin(parts, port)
    if "@" in parts.netloc:
        raise _refuse("put the secret into a credential, not into the URL", origin)
    if "?" in text or "#" in text:
        raise _refuse("no query or fragment, please", origin)
    if form == "origin" and parts.path:
        raise _refuse("scheme and host only: no path and no slash at the end", origin)
    if parts.path.endswith("/"):
        raise _refuse("no slash at the end", origin + parts.path.rstrip("/"))
    return origin + parts.path


def _origin(parts: SplitResult, port: int | None) -> str:
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    return f"{parts.scheme}://{host}" + (f":{port}" if port is not None else "")


def _refuse(why: str, right: str) -> BadRequest:
    return BadRequest(f"base_url: {why}; the right form is {right}", field="base_url")
