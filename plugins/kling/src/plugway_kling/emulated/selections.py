"""Sessions of multi-elements: mark what is to be changed in a video."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from plugway_kling.emulated.accounts import Account, Selection
from plugway_kling.emulated.belongings import media, session
from plugway_kling.emulated.call import Call, Way, Ways
from plugway_kling.emulated.charges import take
from plugway_kling.emulated.checks import alternatives
from plugway_kling.emulated.ids import Ids
from plugway_kling.emulated.media import PNG
from plugway_kling.emulated.refusals import invalid
from plugway_kling.emulated.results import Results
from plugway_kling.emulated.rules import (
    Field,
    address,
    examine,
    figure,
    given,
    items,
    number,
    text,
    whole,
)

_BASE = "/v1/videos/multi-elements"
_SOURCE = (Field("video_id", text(64)), Field("video_url", address))
_SESSION = Field("session_id", text(64), needed=True)
_POINT = (Field("x", number(0, 1), needed=True), Field("y", number(0, 1), needed=True))
_MARKS = (
    _SESSION,
    Field("frame_index", whole(0, 10_000), needed=True),
    Field("points", items(1, 10, *_POINT), needed=True),
)

#: Points on a frame, and frames with points, at most.
_POINTS = _FRAMES = 10


class Selections:
    """Answers for the sessions, all of it at once."""

    def __init__(self, results: Results, ids: Ids, now: Callable[[], float]) -> None:
        """Prepare.

        Args:
            results: Makes addresses.
            ids: Names the sessions.
            now: Returns seconds since 1970.
        """
        self._results = results
        self._ids = ids
        self._now = now

    def ways(self) -> Ways:
        """Yield what it answers."""
        yield Way("POST", f"{_BASE}/init-selection", self.begin)
        yield Way("POST", f"{_BASE}/add-selection", self.add)
        yield Way("POST", f"{_BASE}/delete-selection", self.delete)
        yield Way("POST", f"{_BASE}/clear-selection", self.clear)
        yield Way("POST", f"{_BASE}/preview-selection", self.preview)

    def begin(self, call: Call) -> dict[str, Any]:
        """Begin a session."""
        body = given(call.body())
        alternatives("video_id", "video_url")(body)
        examine(body, _SOURCE)
        url, duration = body.get("video_url", ""), 5_000
        if "video_id" in body:
            source = media(call.account, "video_id", body["video_id"])
            url, duration = source["url"], round(float(source.get("duration", "5")) * 1000)
        if not (2 <= duration // 1000 <= 5 or 7 <= duration // 1000 <= 10):
            raise invalid("video_id", "must be a video of 2 to 5 or 7 to 10 seconds")
        found = Selection(
            id=self._ids.number(), made_at=self._now(), url=url, milliseconds=duration
        )
        taken = take(call.account, "0.5")
        call.account.sessions[found.id] = found
        return {
            "status": 0,
            "session_id": found.id,
            "fps": 30.0,
            "original_duration": duration,
            "width": 720,
            "height": 1280,
            "total_frame": duration * 30 // 1000,
            "normalized_video": self._results.file("mp4"),
            **taken,
        }

    def add(self, call: Call) -> dict[str, Any]:
        """Mark points of a frame."""
        found, frame, points = self._marks(call)
        marked = found.frames.get(frame, [])
        if len(marked) + len(points) > _POINTS:
            raise invalid("points", f"must not be more than {_POINTS} on a frame")
        if frame not in found.frames and len(found.frames) >= _FRAMES:
            raise invalid("frame_index", f"must not be the {_FRAMES + 1}th frame marked")
        taken = take(call.account, "0.2")
        found.frames[frame] = [*marked, *points]
        return {**self._marked(found, frame), **taken}

    def delete(self, call: Call) -> dict[str, Any]:
        """Take marks back."""
        found, frame, points = self._marks(call)
        left = list(found.frames.get(frame, []))
        for point in points:
            if point not in left:
                raise invalid("points", "must be points that were added")
            left.remove(point)
        if left:
            found.frames[frame] = left
        else:
            del found.frames[frame]
        return self._marked(found, frame)

    def clear(self, call: Call) -> dict[str, Any]:
        """Take all marks back."""
        found = self._session(call.account, given(call.body()))
        found.frames.clear()
        return {"status": 0, "session_id": found.id}

    def preview(self, call: Call) -> dict[str, Any]:
        """Show the marks."""
        found = self._session(call.account, given(call.body()))
        shown = {
            "video": self._results.file("mp4"),
            "video_cover": self._results.file("png"),
            "tracking_output": self._results.file("mp4"),
        }
        return {"status": 0, "session_id": found.id, "res": shown}

    def _session(self, account: Account, body: dict[str, Any]) -> Selection:
        examine(body, (_SESSION,))
        return session(account, body["session_id"], self._now())

    def _marks(self, call: Call) -> tuple[Selection, int, list[tuple[float, float]]]:
        body = given(call.body())
        examine(body, _MARKS)
        points = [(float(point["x"]), float(point["y"])) for point in body["points"]]
        frame = int(figure("frame_index", body["frame_index"]))
        return self._session(call.account, body), frame, points

    def _marked(self, found: Selection, frame: int) -> dict[str, Any]:
        masks = [
            {
                "object_id": 0,
                "rle_mask": {"size": [1280, 720], "counts": "0"},
                "png_mask": {"size": [1280, 720], "base64": base64.b64encode(PNG).decode()},
            }
        ]
        shown = {"frame_index": frame, "rle_mask_list": masks if frame in found.frames else []}
        return {"status": 0, "session_id": found.id, "res": shown}
