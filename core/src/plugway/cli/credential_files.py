"""Files of credentials: read for an import, written so that nobody else can read them."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import click

from plugway.cli.client import ApiError, Client

#: Characters of a label in a file's name at the most.
_NAME = 100

_UNSAFE = re.compile(r"[^A-Za-z0-9@._+-]")


def found(paths: Iterable[str]) -> Iterator[Path | None]:
    """Yield the files that paths mean; None: stdin.

    Args:
        paths: Files, directories with `*.json` in them, and `-`.

    Raises:
        BadParameter: There is no such file, or none in a directory.
    """
    for text in paths:
        path = Path(text)
        if text == "-":
            yield None
        elif path.is_dir():
            files = sorted(one for one in path.glob("*.json") if one.is_file())
            if not files:
                raise click.BadParameter(f"there is no *.json in {text}", param_hint="PATH")
            yield from files
        elif path.is_file():
            yield path
        else:
            raise click.BadParameter(f"there is no file {text}", param_hint="PATH")


def import_all(client: Client, channel: str, files: Iterable[Path | None]) -> list[dict[str, Any]]:
    """Import files, and return what became of each secret in them.

    Args:
        client: Reaches the gateway.
        channel: Name of the channel.
        files: As `found` yields them; one that is refused stops no other.

    Raises:
        ApiError: The gateway takes nothing at all.
    """
    rows: list[dict[str, Any]] = []
    for path in files:
        name = "-" if path is None else str(path)
        try:
            text = sys.stdin.read() if path is None else path.read_text("utf-8-sig")
            done = client.post("credentials", "import", body={"channel": channel, "text": text})
        except ApiError as error:
            if error.status not in (400, 409, 413) or error.field == "channel":
                raise
            rows.append(_refused(name, error.message))
        except UnicodeDecodeError:
            rows.append(_refused(name, "it is no text in UTF-8"))
        except OSError as error:
            rows.append(_refused(name, f"it cannot be read: {error.strerror}"))
        else:
            rows += [{"file": name, **item} for item in done["items"]]
    return rows


def export_all(
    client: Client, body: Mapping[str, Any], folder: Path | None, file: Path | None
) -> tuple[int, int]:
    """Write secrets: a file each, a line each of one file, or a line each to stdout.

    Args:
        client: Reaches the gateway.
        body: Which.
        folder: An empty directory, or one that is made; None: lines.
        file: The file of lines; None: stdout.

    Returns:
        How many were written, and how many could not be had.

    Raises:
        ClickException: The directory or the file cannot be written so that it is private.
    """
    done = left = 0
    with ExitStack() as stack:
        # Made first: what is asked for is recorded, and must have somewhere to go.
        place = None if folder is None else stack.enter_context(_Folder(folder))
        lines = None if file is None else stack.enter_context(_private(file))
        for item in _exported(client, body):
            if item["secret"] is None:
                left += 1
                click.echo(f"plugway: credential {item['id']}: {item['reason']}", err=True)
                continue
            done += 1
            if place is not None:
                place.write(item)
            elif lines is not None:
                lines.write(_line(item))
            else:
                click.echo(_line(item), nl=False)
    return done, left


class _Folder:
    """Is a directory of one's own, in which each credential gets a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._taken: set[str] = set()

    def __enter__(self) -> _Folder:
        path = self._path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if path.stat().st_mode & 0o077:
                raise click.ClickException(
                    f"others than its owner can reach {path}; run: chmod 700 {path}"
                )
            if any(path.iterdir()):
                raise click.ClickException(f"{path} is not empty: name another directory")
        except OSError as error:
            raise click.ClickException(f"{path}: {error.strerror}") from None
        return self

    def __exit__(self, *_: object) -> None:
        """Leave what was written."""

    def write(self, item: Mapping[str, Any]) -> None:
        """Write one secret: as it is where that is JSON, else as a line of an export."""
        name = _file_name(item)
        if name.casefold() in self._taken:
            name = f"{name}-{item['id']}"
        self._taken.add(name.casefold())
        text = item["secret"] if _is_object(item["secret"]) else _line(item)
        with _private(self._path / f"{name}.json") as file:
            file.write(text)


def _exported(client: Client, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    after: Any = 0
    while after is not None:
        page = client.post("credentials", "export", body={**body, "after": after, "limit": 500})
        yield from page["items"]
        after = page["next"]


def _file_name(item: Mapping[str, Any]) -> str:
    """Return a name that stays in its directory, whatever an account calls itself.

    Example:
        >>> _file_name({"id": 7, "label": "a@example.com"})
        'a@example.com'
        >>> _file_name({"id": 7, "label": "../../etc/passwd"})
        '_.._etc_passwd-7'
        >>> _file_name({"id": 7, "label": None})
        'credential-7'
    """
    label = item["label"] or f"credential-{item['id']}"
    name = _UNSAFE.sub("_", label).lstrip(".")[:_NAME]
    return name if name == label else f"{name}-{item['id']}"


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _line(item: Mapping[str, Any]) -> str:
    return json.dumps({"label": item["label"], "secret": item["secret"]}) + "\n"


def _private(path: Path) -> IO[str]:
    """Open a new file that only its owner can read.

    Raises:
        ClickException: There is one already, or it cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        return os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8")
    except FileExistsError:
        raise click.ClickException(f"{path} exists already") from None
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from None


def _refused(file: str, reason: str) -> dict[str, Any]:
    return {
        "file": file,
        "number": None,
        "outcome": "refused",
        "id": None,
        "label": None,
        "masked": "",
        "reason": reason,
    }
