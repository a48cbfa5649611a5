"""The folder of an earlier system: its profiles, and what lies beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from plugway import BadRequest, ConfigurationError
from plugway_aistudio.profiles import profile_file
from plugway_aistudio.profiles.folder import ACTIVE, SAVED, Folder
from plugway_aistudio.profiles.profile import SESSIONS, Profile, advice, essential, written

#: Where profiles are, in the folder of the whole system and in its own (reference: "Auth
#: profiles").
PROFILES = "auth_profiles"
PARTS = (ACTIVE, SAVED, "emergency")

KEYS, EXCLUDED = "key.txt", "excluded_models.txt"

#: Bytes that are read of a file beside the profiles.
_MOST = 1 << 20

_UNFIT = re.compile(r"[^0-9A-Za-z@._+-]+")


class OldProfile(msgspec.Struct, frozen=True):
    """Is one file; `repr` shows nothing of what it holds.

    Attributes:
        place: Its path within the folder.
        name: What its profile is called now.
        text: Its JSON; empty: it is not taken.
        used: It was in use.
        fault: Why it is not taken.
    """

    place: str
    name: str = ""
    text: str = ""
    used: bool = True
    fault: str = ""

    def __repr__(self) -> str:
        return f"OldProfile({self.place!r}, fault={self.fault!r})"


class OldDeployment(msgspec.Struct, frozen=True):
    """Is everything that is found.

    Attributes:
        place: Where its profiles are.
        profiles: Those, first the ones that were in use.
        keys: File with keys of clients; None: there is none.
        excluded: Models that were not served.
    """

    place: Path
    profiles: tuple[OldProfile, ...]
    keys: Path | None = None
    excluded: tuple[str, ...] = ()


def old_deployment(path: Path, now: float) -> OldDeployment:
    """Read an earlier system's folder.

    Args:
        path: Its folder, one of profiles, or one profile's file.
        now: Seconds since 1970.

    Raises:
        ConfigurationError: It is not there.
    """
    if not path.exists():
        raise ConfigurationError(f"there is no {path}")
    if path.is_file():
        return OldDeployment(path, tuple(_read(path.parent, [(path, True)], now)))
    place = path / PROFILES if (path / PROFILES).is_dir() else path
    beside = dict.fromkeys((path, place, place.parent if place.name == PROFILES else place))
    return OldDeployment(
        place,
        tuple(_read(place, _files(place), now)),
        next((one / KEYS for one in beside if (one / KEYS).is_file()), None),
        next((_models(one / EXCLUDED) for one in beside if (one / EXCLUDED).is_file()), ()),
    )


def _files(place: Path) -> Iterator[tuple[Path, bool]]:
    """Yield the files of a folder, and whether each was in use."""
    parts = [place / name for name in PARTS if (place / name).is_dir()]
    for part in parts or [place]:
        for path in sorted(part.glob("*.json")):
            yield path, part.name == ACTIVE or part == place


def _read(place: Path, files: Iterable[tuple[Path, bool]], now: float) -> Iterator[OldProfile]:
    """Read files in order; a sign-in counts once, however often it was copied."""
    folder, seen, names = Folder(place), dict[str, str](), set[str]()
    for path, used in files:
        shown = str(path.relative_to(place))
        try:
            profile = profile_file.profile_of(folder.text(path), _name(path.stem))
        except BadRequest as error:
            fault = error.message.removeprefix("secret: ").removeprefix("name: ")
            yield OldProfile(shown, fault=fault)
            continue
        session = _session(profile)
        if session in seen:
            yield OldProfile(shown, fault=f"it is the same sign-in as {seen[session]}")
            continue
        if not profile.signed_in(now):
            fault = f"its cookies have ended. {advice(profile.name)}"
            yield OldProfile(shown, fault=fault)
            continue
        name = profile.name
        number = 1
        while name.casefold() in names:
            number += 1
            name = f"{profile.name[:96]}-{number}"
        seen[session] = shown
        names.add(name.casefold())
        profile = msgspec.structs.replace(profile, name=name)
        yield OldProfile(shown, name, written(profile), used)


def _name(stem: str) -> str:
    """Return a file's name as a profile's; what cannot be in one is a dash there.

    Example:
        >>> _name("my account (2)")
        'my-account-2'
    """
    return profile_file.check_name(_UNFIT.sub("-", stem).strip(".-_+")[:90])


def _session(profile: Profile) -> str:
    values = {one.name: one.value for one in essential(profile.cookies)}
    return next(values[name] for name in SESSIONS if name in values)


def _models(path: Path) -> tuple[str, ...]:
    """Return the models of a file, one a line; `#` means nothing special there."""
    try:
        with path.open("rb") as file:
            text = file.read(_MOST).decode("utf-8-sig", "replace")
    except OSError:
        return ()
    lines = (line.strip() for line in text.splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))
