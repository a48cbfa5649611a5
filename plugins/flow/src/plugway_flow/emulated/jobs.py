"""One video that is being made."""

from __future__ import annotations

from typing import Literal

import msgspec

from plugway_flow.emulated.models import VideoModel

#: Where a video is, as answers say it after `PREFIX`.
State = Literal[
    "PENDING",
    "ACTIVE",
    "SUCCESSFUL",
    "FAILED",
    "ERROR_UNKNOWN",
    "ERROR_NSFW",
    "ERROR_PERSON",
    "ERROR_SAFETY",
]
PREFIX = "MEDIA_GENERATION_STATUS_"

#: States that it leaves.
OPEN = frozenset({"PENDING", "ACTIVE"})

#: What is said of each end that is none.
ERRORS: dict[State, tuple[int, str]] = {
    "FAILED": (13, "Internal error encountered."),
    "ERROR_UNKNOWN": (2, "Unknown error."),
    "ERROR_NSFW": (3, "PUBLIC_ERROR_SEXUAL"),
    "ERROR_PERSON": (3, "PUBLIC_ERROR_PROMINENT_PEOPLE_FILTER_FAILED"),
    "ERROR_SAFETY": (3, "PUBLIC_ERROR_UNSAFE_GENERATION"),
}


class EmulatedJob(msgspec.Struct, kw_only=True, eq=False):
    """Is one video that was asked for.

    Attributes:
        name: What it is called, and the video that it makes.
        operation: What answers of the old shape call it.
        account: Name of the account.
        project: Id of its project; empty: none.
        model: What makes it.
        aspect: Without what comes before it.
        prompt: What it is to show.
        seed: A number.
        images: Names of the images it is made of.
        source: Name of the video it is made of; empty: none.
        scene: Id that the client gave; empty: none.
        batch: The same, of the new shape.
        workflow: What the new shape calls the request.
        cost: Credits that it took.
        created_at: Seconds since 1970.
        updated_at: Seconds since 1970.
        fate: The end it comes to; None: it succeeds.
        state: Where it is.
        error: Code and message of a failure.
        looks: How often it was asked for.
        answer: What became of the answer to its submit: `sent`, or the mishap.
    """

    name: str
    operation: str
    account: str
    project: str
    model: VideoModel
    aspect: str
    prompt: str
    seed: int
    images: tuple[str, ...]
    source: str
    scene: str
    batch: str
    workflow: str
    cost: int
    created_at: float
    updated_at: float
    fate: State | None = None
    state: State = "PENDING"
    error: tuple[int, str] | None = None
    looks: int = 0
    answer: str = "sent"

    @property
    def ended(self) -> bool:
        """Say whether it is over."""
        return self.state not in OPEN

    @property
    def status(self) -> str:
        """Return its state as answers say it."""
        return f"{PREFIX}{self.state}"
