"""What a request may refer to: what belongs to its account, or to everybody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from plugway_kling.emulated.accounts import Account, Selection
from plugway_kling.emulated.refusals import missing
from plugway_kling.emulated.rules import given

#: Seconds that a session lives.
SESSION_SECONDS = 24 * 3600

#: Everybody's voices, by id.
VOICES = {
    "829824295735410756": "Sunny",
    "829824295735410757": "Calm",
    "829824295735410758": "Bright",
}

#: Everybody's elements, by id.
ELEMENTS = {"160": "Lighthouse", "161": "Sailor", "829836802793406551": "Cat"}


def session(account: Account, id_: Any, now: float, *, faces: bool = False) -> Selection:
    """Return a session of an account.

    Args:
        account: Whose.
        id_: Its id.
        now: Seconds since 1970.
        faces: Whether it is one for lip sync.

    Raises:
        Refusal: It has none such, or had it more than 24 hours ago.
    """
    found = account.sessions.get(str(id_))
    if found is None or now - found.made_at > SESSION_SECONDS or (found.faces is not None) != faces:
        raise missing(f"session_id {id_}")
    return found


def media(account: Account, field: str, id_: Any) -> dict[str, Any]:
    """Return a video or audio that an account's task made.

    Raises:
        Refusal: None of its tasks did.
    """
    found = account.media.get(str(id_))
    if found is None:
        raise missing(f"{field} {id_}")
    return found


def claim(
    account: Account, path: str, body: Mapping[str, Any], now: float
) -> dict[str, Any] | None:
    """Check that all that a body refers to is the account's, and return its video.

    Args:
        account: Who asks.
        path: For what.
        body: A body that passed all other checks.
        now: Seconds since 1970.

    Raises:
        Refusal: Code 1203.
    """
    inner = body.get("input")
    there = {**body, **given(inner)} if isinstance(inner, dict) else body
    parent = None
    if "session_id" in there:
        lips = path.endswith("/advanced-lip-sync")
        found = session(account, there["session_id"], now, faces=lips)
        duration = f"{found.milliseconds / 1000:.3f}"
        parent = {"id": found.id, "url": found.url, "duration": duration} if lips else None
        _faces(found, there.get("face_choose", []))
    if "video_id" in there:
        parent = media(account, "video_id", there["video_id"])
    if "audio_id" in there:
        media(account, "audio_id", there["audio_id"])
    _all("element_id", there.get("element_list", []), {**ELEMENTS, **account.elements})
    _all("voice_id", there.get("voice_list", []), {**VOICES, **account.voices})
    return parent


def _faces(found: Selection, chosen: Iterable[Mapping[str, Any]]) -> None:
    for face in chosen:
        if str(face["face_id"]) not in (found.faces or ()):
            raise missing(f"face_id {face['face_id']}")


def _all(field: str, items: Iterable[Mapping[str, Any]], known: Mapping[str, Any]) -> None:
    for item in items:
        if str(item[field]) not in known:
            raise missing(f"{field} {item[field]}")
