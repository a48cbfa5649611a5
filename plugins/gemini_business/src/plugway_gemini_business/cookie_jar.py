"""Cookies on their way into a browser and out of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from plugway_gemini_business.account import Cookie

#: What a cookie's value may be in an account file.
_VALUE = re.compile(r"[!#-+\--:<-\[\]-~]{1,8192}")


def carried(cookie: Cookie, front: str) -> dict[str, Any]:
    """Return a cookie as a browser takes it.

    Args:
        cookie: Of an account.
        front: Scheme and host of the upstream's page.

    Example:
        >>> carried(Cookie("__Host-C_OSES", "1"), "https://business.gemini.google")["url"]
        'https://business.gemini.google/'
        >>> carried(Cookie("__Secure-C_SES", "1"), "https://business.gemini.google")["domain"]
        '.gemini.google'
        >>> carried(Cookie("__Secure-C_SES", "1"), "http://127.0.0.1:80")["url"]
        'https://127.0.0.1/'
    """
    host = urlsplit(front).hostname or ""
    home = cookie.domain.lstrip(".").lower()
    place = {"url": f"https://{home}/"}
    if cookie.sent and (cookie.name.startswith("__Host-") or not _within(host, home)):
        # A `__Host-` cookie has no domain; and a host that stands in for the upstream gets
        # its cookies, as at the minting of bearers.
        place = {"url": f"https://{host}/"}
    elif cookie.domain.startswith("."):
        place = {"domain": cookie.domain, "path": "/"}
    return {"name": cookie.name, "value": cookie.value, "secure": True, **place}


def kept(
    cookies: Iterable[Mapping[str, Any]], front: str, *, now: float
) -> list[tuple[Cookie, float | None]]:
    """Return a browser's cookies as an account keeps them.

    Args:
        cookies: As the browser has them.
        front: Scheme and host of the upstream's page.
        now: Seconds since 1970, by the browser's clock.

    Returns:
        Each with the seconds until its end; None: it is not known.

    Example:
        >>> old = {"name": "__Secure-C_SES", "value": "1", "domain": ".gemini.google"}
        >>> new = {**old, "value": "2", "domain": "business.gemini.google", "expires": 60}
        >>> [(one.value, left) for one, left in kept([new, old], "https://x.example", now=10)]
        [('2', 50)]
    """
    host = urlsplit(front).hostname or ""
    found: dict[tuple[str, str], tuple[Cookie, float | None]] = {}
    for one in cookies:
        cookie = Cookie(one["name"], one["value"].strip('"'), one["domain"])
        if not cookie.sent and cookie.domain.lstrip(".").lower() == host:
            cookie = Cookie(cookie.name, cookie.value)
        if not _VALUE.fullmatch(cookie.value):
            continue
        end = one.get("expires", -1)
        left = end - now if end > 0 else None
        # Two of one name would both be sent. The browser knows the end of those that it was
        # given by the upstream; one that it was handed has none.
        place = (cookie.name, "" if cookie.sent else cookie.domain)
        if place not in found or (found[place][1] or 0) <= (left or 0):
            found[place] = (cookie, left)
    return list(found.values())


def _within(host: str, home: str) -> bool:
    return f".{host}".endswith(f".{home}")
