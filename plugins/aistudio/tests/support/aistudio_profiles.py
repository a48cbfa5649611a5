"""Profiles for tests: storage states as browsers write them."""

from __future__ import annotations

import json
from typing import Any

#: What no output and no log may show.
CANARY = "canary-7f3"

#: Seconds since 1970 when the cookies of these profiles end, unless a test says otherwise.
END = 4_000_000_000

_NAMES = ("SID", "HSID", "SSID", "APISID", "SAPISID", "__Secure-1PSID", "__Secure-3PSID")


def cookie(name: str, value: str, **details: Any) -> dict[str, Any]:
    """Return a cookie with Playwright's names.

    Args:
        name: Its name.
        value: Its value.
        details: What differs.
    """
    usual = {"domain": ".google.com", "path": "/", "expires": END, "httpOnly": True}
    return {"name": name, "value": value, **usual, "secure": True, "sameSite": "None", **details}


def state(account: str = "first", *, end: float = END, renewed: int = 0, **more: Any) -> Any:
    """Return a storage state of an account that is signed in.

    Args:
        account: Whose; another one has other cookies.
        end: Seconds since 1970 when its cookies end.
        renewed: How often its short-lived cookie was renewed.
        more: Other keys of the file.
    """
    cookies = [cookie(name, f"{CANARY}-{account}-{name}", expires=end) for name in _NAMES]
    cookies.append(cookie("SIDCC", f"{CANARY}-{renewed}"))
    kept = [{"name": "aiStudioUserPreference", "value": "{}"}]
    origins = [{"origin": "https://aistudio.google.com", "localStorage": kept}]
    return {"cookies": cookies, "origins": origins, **more}


def text(account: str = "first", **details: Any) -> str:
    """Return the JSON of `state`."""
    return json.dumps(state(account, **details))
