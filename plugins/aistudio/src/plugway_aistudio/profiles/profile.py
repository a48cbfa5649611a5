"""One profile: what a browser needs to be signed in to Google again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from plugway import CredentialExpired, Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Cookies that a sign-in is (reference: "Auth profiles"). `SIDCC` and its kin are not among
#: them: they end soon, and each visit brings new ones.
ESSENTIAL = ("SID", "HSID", "SSID", "APISID", "SAPISID", "__Secure-1PSID", "__Secure-3PSID")

#: One of these at least, or nobody is signed in.
SESSIONS = ("SID", "__Secure-1PSID", "__Secure-3PSID")

#: Where Google's sign-in is; other sites of the same names, such as YouTube, have their own.
_HOME = "google.com"


class Cookie(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Is one cookie, with the names that Playwright has.

    Attributes:
        name: Its name.
        value: Its value.
        domain: Where it belongs.
        path: The same.
        expires: Seconds since 1970; -1: with the browser.
        http_only: Scripts do not see it.
        secure: Only over TLS.
        same_site: When other sites send it; None: as browsers do that are not told.
        partition_key: Site below which it is kept apart; None: it is not.
    """

    name: str
    value: str
    domain: str
    path: str = "/"
    expires: float = -1
    http_only: bool = False
    secure: bool = False
    same_site: Literal["Strict", "Lax", "None"] | None = None
    partition_key: str | None = None

    def __repr__(self) -> str:
        return f"Cookie({self.name!r})"

    @property
    def place(self) -> tuple[str, str, str, str | None]:
        """Return what a browser has one cookie for."""
        return self.name, self.domain.lower(), self.path, self.partition_key


class Entry(msgspec.Struct, frozen=True):
    """Is one entry of a site's local storage.

    Attributes:
        name: Its name.
        value: Its value.
    """

    name: str
    value: str

    def __repr__(self) -> str:
        return f"Entry({self.name!r})"


class Origin(msgspec.Struct, frozen=True, rename="camel"):
    """Is what one site keeps in the browser.

    Attributes:
        origin: Scheme, host and port.
        local_storage: What it keeps.
    """

    origin: str
    local_storage: tuple[Entry, ...] = ()


class Profile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Is what a profile's secret and its file hold; Playwright reads it as a storage state.

    Attributes:
        name: What people call it.
        saved_at: Seconds since 1970 when a browser last had it so; None: not known.
        cookies: Those that the browser had.
        origins: What sites kept in it.
    """

    name: str
    saved_at: int | None = None
    cookies: tuple[Cookie, ...]
    origins: tuple[Origin, ...] = ()

    def __repr__(self) -> str:
        return f"Profile({self.name!r}, {len(self.cookies)} cookies)"

    def state(self) -> dict[str, Any]:
        """Return the storage state for a browser's new context.

        Google's cookies go over TLS alone there, also those that need not: a channel's address
        and its proxy are set by operators, who are not to see them.
        """
        found: dict[str, Any] = msgspec.to_builtins(self)
        state = {"cookies": found["cookies"], "origins": found.get("origins", [])}
        for cookie in state["cookies"]:
            # What is left out of files because it is usual, a browser wants to be told.
            cookie.setdefault("path", "/")
            cookie.setdefault("expires", -1)
            if _at_home(cookie["domain"]):
                cookie["secure"] = True
        return state

    @property
    def ends(self) -> float | None:
        """Return when the first of the essential cookies ends; None: nobody can tell.

        Seconds since 1970. Of several cookies of one name the one that lasts counts.
        """
        latest: dict[str, float] = {}
        for cookie in essential(self.cookies):
            end = cookie.expires if cookie.expires >= 0 else float("inf")
            latest[cookie.name] = max(end, latest.get(cookie.name, 0))
        first = min(latest.values(), default=float("inf"))
        return None if first == float("inf") else first

    def signed_in(self, now: float) -> bool:
        """Say whether it can still be signed in, as far as its cookies tell.

        Args:
            now: Seconds since 1970.
        """
        ends = self.ends
        return has_session(self.cookies) and (ends is None or ends > now)


def essential(cookies: tuple[Cookie, ...]) -> list[Cookie]:
    """Return the cookies that sign in: Google's own, else those of whoever plays Google.

    Args:
        cookies: Of one browser.
    """
    found = [one for one in cookies if one.name in ESSENTIAL and one.value]
    home = [one for one in found if _at_home(one.domain)]
    return home or found


def has_session(cookies: tuple[Cookie, ...]) -> bool:
    """Say whether there is a cookie without which nobody is signed in.

    Args:
        cookies: Of one browser.
    """
    return any(one.name in SESSIONS for one in essential(cookies))


def read(secret: Secret) -> Profile:
    """Return the profile of a secret that was checked when it was saved.

    Args:
        secret: What `AIStudioProfile.parse` returned.
    """
    return msgspec.json.decode(secret.reveal(), type=Profile)


def usable(secret: Secret, now: float) -> Profile:
    """Return the profile of a secret, unless its cookies have ended; no browser is opened.

    Args:
        secret: What `AIStudioProfile.parse` returned.
        now: Seconds since 1970.

    Raises:
        CredentialExpired: They have.
    """
    profile = read(secret)
    if not profile.signed_in(now):
        raise CredentialExpired(
            f"The cookies of the profile {profile.name} have ended. {advice(profile.name)}",
            acted=False,
        )
    return profile


def written(profile: Profile) -> str:
    """Return the form that is stored: one line of JSON.

    Args:
        profile: The profile.
    """
    return msgspec.json.encode(profile).decode()


def same(one: Profile, other: Profile) -> bool:
    """Say whether two profiles hold the same, whenever they were saved and in whatever order.

    Args:
        one: A profile.
        other: Another.
    """
    return _contents(one) == _contents(other)


def advice(name: str) -> str:
    """Return what a person does when a profile is not signed in.

    Args:
        name: The profile's.
    """
    return f"It needs an interactive sign-in: plugway aistudio login {name}"


def _at_home(domain: str) -> bool:
    domain = domain.lstrip(".").lower()
    return domain == _HOME or domain.endswith(f".{_HOME}")


def _contents(profile: Profile) -> Mapping[str, object]:
    return {
        "cookies": {one.place: one for one in profile.cookies},
        "origins": {
            one.origin: {entry.name: entry.value for entry in one.local_storage}
            for one in profile.origins
        },
    }
