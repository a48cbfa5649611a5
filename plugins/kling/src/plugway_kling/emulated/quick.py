"""Calls that are answered at once: faces, speech, recognition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from plugway_kling.emulated.accounts import Selection
from plugway_kling.emulated.belongings import media
from plugway_kling.emulated.call import Call, Way, Ways
from plugway_kling.emulated.charges import take
from plugway_kling.emulated.checks import alternatives
from plugway_kling.emulated.ids import Ids
from plugway_kling.emulated.results import Results
from plugway_kling.emulated.rules import Field, address, choice, examine, given, image, number, text

_SOURCE = (Field("video_id", text(64)), Field("video_url", address))
_SPEECH = (
    Field("text", text(1_000), needed=True),
    Field("voice_id", text(64), needed=True),
    Field("voice_language", choice("zh", "en"), needed=True),
    Field("voice_speed", number(0.8, 2.0)),
)


class Quick:
    """Answers them."""

    def __init__(self, results: Results, ids: Ids, now: Callable[[], float]) -> None:
        """Prepare.

        Args:
            results: Makes addresses.
            ids: Names what is made.
            now: Returns seconds since 1970.
        """
        self._results = results
        self._ids = ids
        self._now = now

    def ways(self) -> Ways:
        """Yield what it answers."""
        yield Way("POST", "/v1/videos/identify-face", self.faces)
        yield Way("POST", "/v1/videos/image-recognize", self.recognize)
        yield Way("POST", "/v1/audio/tts", self.speak)

    def faces(self, call: Call) -> dict[str, Any]:
        """Find the faces of a video."""
        body = given(call.body())
        alternatives("video_id", "video_url")(body)
        examine(body, _SOURCE)
        url = body.get("video_url", "")
        if "video_id" in body:
            url = media(call.account, "video_id", body["video_id"])["url"]
        found = Selection(
            id=self._ids.number(),
            made_at=self._now(),
            url=url,
            milliseconds=5_000,
            faces=(self._ids.number(),),
        )
        taken = take(call.account, "0.05")
        call.account.sessions[found.id] = found
        face = {
            "face_id": found.faces[0] if found.faces else "",
            "face_image": self._results.file("png"),
            "start_time": 0,
            "end_time": found.milliseconds,
        }
        return {"session_id": found.id, "face_data": [face], **taken}

    def recognize(self, call: Call) -> dict[str, Any]:
        """Tell what an image shows."""
        body = given(call.body())
        examine(body, (Field("image", image, needed=True),))
        taken = take(call.account, "0.1")
        parts = (
            "object_segmentation",
            "head_segmentation",
            "face_segmentation",
            "cloth_segmentation",
        )
        images = [
            {"type": part, "is_contain": True, "url": self._results.file("png")} for part in parts
        ]
        return {"task_result": {"images": images}, **taken}

    def speak(self, call: Call) -> dict[str, Any]:
        """Say a text."""
        body = given(call.body())
        examine(body, _SPEECH)
        taken = take(call.account, "0.05")
        audio = {"id": self._ids.number(), "url": self._results.file("mp3"), "duration": "3.056"}
        call.account.media[audio["id"]] = audio
        return {
            "task_id": self._ids.number(),
            "task_status": "succeed",
            "task_status_msg": "",
            "created_at": round(self._now() * 1000),
            "updated_at": round(self._now() * 1000),
            "task_result": {"audios": [audio]},
            **taken,
        }
