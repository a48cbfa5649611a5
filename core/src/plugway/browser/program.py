"""Which program the browser is, and whether a window of it can be seen."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from plugway.errors import ConfigurationError

#: Names of the program, those for people first.
PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

#: One that cannot be seen.
SHELL = "chromium-headless-shell"

#: Of what Playwright installs, in a directory named for the system.
_EXECUTABLES = ("chrome", "chrome-headless-shell", "headless_shell")

#: What the browser gets of the environment, where secrets may be; and how names begin of which
#: it gets every one.
_ENVIRONMENT = frozenset(
    {
        *("HOME", "PATH", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH"),
        *("DISPLAY", "XAUTHORITY", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    }
)
_FAMILIES = ("LC_", "FONTCONFIG_", "WAYLAND_", "XDG_", "DBUS_")


def find(path: str, *, visible: bool) -> str | None:
    """Find the program.

    Args:
        path: What the operator has named; empty: nothing.
        visible: It is to be seen.

    Returns:
        Its path; None, on no Linux: the one that Playwright has installed.

    Raises:
        ConfigurationError: It is missing; the message says how to get it.
    """
    if find_spec("playwright") is None:
        raise ConfigurationError("no browser can be driven: install plugway[browser]")
    if path:
        found = shutil.which(path)
        if found is None:
            raise ConfigurationError(f"there is no program {path}", field="browser.path")
        return found
    names = PROGRAMS if visible else (*PROGRAMS, SHELL)
    paths = [found for found in map(shutil.which, names) if found is not None]
    if paths:
        return paths[0]
    place = _playwrights()
    if sys.platform == "linux":
        if own := _newest(place, visible=visible):
            return own
    elif any(place.glob("chromium-[0-9]*" if visible else "chromium*-[0-9]*")):
        return None
    raise ConfigurationError(
        "there is no Chromium here: install the system's package chromium, or run "
        "`playwright install chromium`, or name one in browser.path"
    )


def check_display(environ: Mapping[str, str]) -> None:
    """Check that a window can be seen.

    Args:
        environ: The environment.

    Raises:
        ConfigurationError: There is no display.

    Example:
        >>> check_display({"DISPLAY": ":0"})
    """
    if sys.platform != "linux" or environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        return
    raise ConfigurationError(
        "there is no display for the browser's window: run this at a desktop, over `ssh -X`, "
        "or on another machine with --url, which stores here what comes of it"
    )


def environment(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what the browser gets of an environment.

    Args:
        environ: The environment.

    Example:
        >>> dict(environment({"LANG": "C", "SQL_DSN": "secret", "LANGFUSE_SECRET_KEY": "one"}))
        {'LANG': 'C'}
    """
    for name, value in environ.items():
        upper = name.upper()
        if upper in _ENVIRONMENT or upper.startswith(_FAMILIES):
            yield name, value


def _playwrights() -> Path:
    """Return where Playwright keeps the browsers that it installs."""
    told = os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "")
    places = {"darwin": "Library/Caches/ms-playwright", "win32": "AppData/Local/ms-playwright"}
    return Path(told) if told else Path.home() / places.get(sys.platform, ".cache/ms-playwright")


def _newest(place: Path, *, visible: bool) -> str | None:
    """Return the newest Chromium of a directory of Playwright's on Linux."""
    names = ("chromium",) if visible else ("chromium", "chromium_headless_shell")
    found: list[tuple[int, str]] = []
    for name in names:
        for path in place.glob(f"{name}-[0-9]*/chrome-*/*"):
            revision = path.parent.parent.name.rpartition("-")[2]
            if path.name in _EXECUTABLES and revision.isdecimal() and os.access(path, os.X_OK):
                found.append((int(revision), str(path)))
    return max(found)[1] if found else None
