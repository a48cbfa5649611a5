"""What a task keeps of what the upstream makes: all that it is asked for with later."""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

import msgspec

from plugway import Task, UnreadableAnswer, Usage
from plugway_flow.recipe import Recipe
from plugway_flow.wire.image_bodies import Shape
from plugway_flow.wire.videos import Job

#: Longest name that the core keeps of what an upstream makes.
_LONGEST = 190


class Piece(msgspec.Struct, frozen=True, omit_defaults=True):
    """Is an image or a video that is there.

    Attributes:
        name: The upstream's name for it.
        url: Where it was; empty: not told.
    """

    name: str
    url: str = ""


class Underway(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Is kept as the answer of a task, as JSON.

    Attributes:
        recipe: How it is made.
        project: Id of the project it is made in.
        shape: Of the request that was taken.
        stage: `plain`: what was asked for; `larger`: that is there, and made larger; `made`.
        job: What is asked for now; None: nothing, all is there.
        pieces: What is there already: images, or the video that is made larger.
        usage: What is charged where it could not be made larger; None: the usual.
        larger: Why it could not be made larger; empty: it could, or that was not asked for.
        progress: Says that the percentage told is a guess: the upstream tells none.
    """

    recipe: Recipe
    project: str
    shape: Shape = "new"
    stage: Literal["plain", "larger", "made"] = "plain"
    job: Job | None = None
    pieces: tuple[Piece, ...] = ()
    usage: Usage | None = None
    larger: str = ""
    progress: Literal["", "estimated"] = ""

    def written(self) -> str:
        """Return it as JSON."""
        return msgspec.json.encode(self).decode()


def read(task: Task) -> Underway:
    """Return what a task keeps.

    Args:
        task: The task.

    Raises:
        UnreadableAnswer: It is not what this plugin writes.
    """
    try:
        return msgspec.json.decode(task.answer or "", type=Underway)
    except (ValueError, RecursionError):
        raise UnreadableAnswer("what is kept of this task is not understood") from None


def kept_name(name: str) -> str:
    """Return the name that a task has, unique among all: the upstream's, if it is not too long.

    Args:
        name: The upstream's.

    Example:
        >>> kept_name("abc"), len(kept_name("a" * 300))
        ('abc', 71)
    """
    if 0 < len(name) <= _LONGEST and name.isprintable() and name == name.strip():
        return name
    return f"sha256:{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()}"
