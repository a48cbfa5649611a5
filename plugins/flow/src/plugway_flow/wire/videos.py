"""Answers about videos, of both shapes (reference §5.4)."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from plugway import UnreadableAnswer
from plugway_flow.wire.reading import Fields, decoded, items, link, text, unreadable
from plugway_flow.wire.state import Failure, State, failure_of, state_of, word_of

#: How the upstream is asked for a job: as it has named it.
Form = Literal["operations", "media"]

_SUBMITTED = "a request for a video"
_POLLED = "a question for a video"
_FETCHED = "a question for a video's bytes"

_URLS = (
    ("operation", "metadata", "video", "fifeUrl"),
    ("video", "fifeUrl"),
    ("video", "generatedVideo", "fifeUrl"),
    ("video", "operation", "metadata", "video", "fifeUrl"),
)

_NAMES = (
    ("operation", "metadata", "video", "mediaGenerationId"),
    ("operation", "metadata", "video", "name"),
    ("mediaGenerationId",),
)


class Job(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Is what a job is called by.

    Attributes:
        form: How to ask for it.
        name: Of the operation, or of the medium.
        scene: Id of the scene, in the old form.
        project: Id of the project, in the new form.
        operation: Name of the operation, in the new form; empty: not told.
    """

    form: Form
    name: str
    scene: str = ""
    project: str = ""
    operation: str = ""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Tells how far a job is.

    Attributes:
        state: Its state.
        media: Name of the video; empty: not told.
        url: Where the video is, for a while; empty: not told.
        failure: Why it has failed; None: it has not.
    """

    state: State
    media: str = ""
    url: str = ""
    failure: Failure | None = None

    @property
    def ended(self) -> bool:
        """Return whether nothing more comes of it."""
        return self.state in ("made", "failed")


class _Encoded(msgspec.Struct, frozen=True, rename="camel"):
    encoded_video: bytes


class _Fetched(msgspec.Struct, frozen=True):
    video: _Encoded


def submitted(answer: Fields, *, scene: str, project: str) -> tuple[Job, Standing]:
    """Return the job that an answer to a submit tells of; its shape says how it is asked for.

    Args:
        answer: As decoded.
        scene: Id of the scene that was sent.
        project: Id of the project that was sent.

    Raises:
        UnreadableAnswer: It names no job: the upstream may be making it all the same.

    Example:
        >>> job, _ = submitted({"operations": [{"operation": {"name": "o"}, "sceneId": "s"}]},
        ...                    scene="s", project="p")
        >>> job
        Job(form='operations', name='o', scene='s', project='', operation='')
    """
    for entry in items(answer, "operations"):
        if name := text(entry, "operation", "name"):
            own = text(entry, "sceneId") or scene
            return Job(form="operations", name=name, scene=own), _begun(entry)
    for entry in items(answer, "media"):
        if name := text(entry, "name"):
            job = Job(
                form="media",
                name=name,
                project=text(entry, "projectId") or project,
                operation=text(entry, "video", "operation", "name"),
            )
            return job, _begun(entry)
    raise unreadable(answer, _SUBMITTED)


def question(job: Job) -> dict[str, Any]:
    """Return the body that asks for a job.

    Args:
        job: The job.

    Example:
        >>> question(Job(form="media", name="m", project="p"))
        {'media': [{'name': 'm', 'projectId': 'p'}]}
    """
    if job.form == "media":
        return {"media": [{"name": job.name, "projectId": job.project}]}
    return {"operations": [{"operation": {"name": job.name}, "sceneId": job.scene}]}


def polled(answer: Fields, job: Job) -> Standing:
    """Return how far a job is; the answer may have either shape.

    Args:
        answer: As decoded.
        job: The job that was asked for.

    Raises:
        UnreadableAnswer: It tells nothing of it.
    """
    entries = items(answer, "operations") or items(answer, "media")
    named = [(entry, _called(entry)) for entry in entries]
    ours = {job.name, job.operation} - {""}
    entry = next((one for one, names in named if names & ours), None)
    if entry is None:
        # One that is asked for alone need not be named.
        entry = named[0][0] if len(named) == 1 and not named[0][1] else None
    if entry is None:
        raise unreadable(answer, _POLLED)
    return _standing(entry, state_of(entry, _POLLED))


def fetched(body: bytes) -> bytes:
    """Return a video that came as text.

    Args:
        body: The answer.

    Raises:
        UnreadableAnswer: It holds none.
    """
    try:
        data = msgspec.json.decode(body, type=_Fetched).video.encoded_video
    except (ValueError, RecursionError):
        raise unreadable(decoded(body, _FETCHED), _FETCHED) from None
    if not data:
        raise UnreadableAnswer("The upstream's video is empty.")
    return data


def _begun(entry: Fields) -> Standing:
    # It need not say yet how far it is.
    return _standing(entry, state_of(entry, _SUBMITTED) if word_of(entry) else "pending")


def _standing(entry: Fields, state: State) -> Standing:
    media = next(filter(None, (text(entry, *place) for place in _NAMES)), "")
    if "operation" not in entry:
        media = text(entry, "name") or media
    return Standing(
        state=state,
        media=media,
        url=next(filter(None, (link(entry, *place) for place in _URLS)), ""),
        failure=failure_of(entry) if state == "failed" else None,
    )


def _called(entry: Fields) -> set[str]:
    names = (
        text(entry, "operation", "name"),
        text(entry, "name"),
        text(entry, "video", "operation", "name"),
    )
    return {name for name in names if name}
