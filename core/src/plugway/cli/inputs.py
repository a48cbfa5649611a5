"""What people type, turned into what the API takes."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import click

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d{1,9})([smhdw])")


def pairs(texts: Iterable[str], option: str) -> dict[str, str]:
    """Read options such as `--set name=value`.

    Args:
        texts: As typed.
        option: For the message.

    Raises:
        BadParameter: One has no `=`.
    """
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{text!r}: name=value, please", param_hint=option)
        found[name.strip()] = value
    return found


def secret(text: str) -> str:
    """Read a secret: `-` is standard input, without an echo when that is a terminal."""
    if text != "-":
        return text
    if sys.stdin.isatty():
        typed: str = click.prompt("Secret", hide_input=True, err=True)
        return typed
    return sys.stdin.read().rstrip("\r\n")


def moment(text: str | None, *, past: bool = False) -> str | None:
    """Read a time: an ISO date or time, or a duration from now such as `30d`.

    Args:
        text: As typed; without a zone it is this machine's.
        past: A duration goes back.

    Returns:
        As the API takes it.

    Raises:
        BadParameter: It is neither.
    """
    if text is None:
        return None
    match = _DURATION.fullmatch(text)
    try:
        if match is not None:
            seconds = timedelta(seconds=int(match[1]) * _UNITS[match[2]])
            now = datetime.now(UTC)
            return (now - seconds if past else now + seconds).isoformat()
        return datetime.fromisoformat(text).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{text!r}: a duration such as 30d, or a time such as 2030-12-31T12:00"
        ) from None


def confirm(question: str, *, yes: bool) -> None:
    """Ask a person before something is deleted; a script is not asked.

    Args:
        question: What is to be done.
        yes: They said so already.

    Raises:
        Abort: No.
    """
    if not yes and sys.stdin.isatty():
        click.confirm(question, abort=True, err=True)


yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask.")
