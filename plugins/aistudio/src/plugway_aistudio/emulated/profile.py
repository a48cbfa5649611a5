"""What a browser keeps of an account, as Playwright writes it (reference: "Auth profiles")."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec

from plugway_aistudio.emulated.accounts import LASTING, OPEN, Account


def cookies(account: Account, host: str, now: float) -> list[dict[str, Any]]:
    """Return an account's newest cookies as a browser keeps them.

    Args:
        account: Whose.
        host: Where they are sent; cookies do not know ports.
        now: Seconds since 1970.
    """
    return [
        {
            "name": name,
            "value": value,
            "domain": host,
            "path": "/",
            "expires": float(int(now) + LASTING),
            "httpOnly": name not in OPEN,
            # A browser takes loopback for safe, so that these go out over plain HTTP too.
            "secure": name.startswith("__Secure-"),
            "sameSite": "Lax",
        }
        for name, value in account.cookies().items()
    ]


def profile(account: Account, base_url: str, now: float) -> str:
    """Return an account's profile as JSON.

    Args:
        account: Whose.
        base_url: Where the page is; with no port, the profile has no local storage.
        now: Seconds since 1970.
    """
    parts = urlsplit(base_url)
    kept = {"isAdvancedOpen": True, "areToolsOpen": True}
    stored = [{"name": "aiStudioUserPreference", "value": msgspec.json.encode(kept).decode()}]
    origins = [{"origin": base_url, "localStorage": stored}] if parts.port else []
    state = {"cookies": cookies(account, parts.hostname or "", now), "origins": origins}
    return msgspec.json.encode(state).decode()


def renewed(account: Account) -> str:
    """Return the header that gives a browser the next `SIDCC`.

    Args:
        account: Whose.
    """
    return f"SIDCC={account.renew()}; Path=/; Max-Age=31536000; SameSite=Lax"
